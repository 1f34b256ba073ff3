"""What is asked: why this class is here, and rather than what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_strata.explain.runs import to_runs
from napari_strata.explain.targets import Target, describe
from napari_strata.types import LabelArray


@dataclass(frozen=True, slots=True)
class AgainstClass:
    """Rather than another class of the same layer."""

    name: str


@dataclass(frozen=True, slots=True)
class AgainstLayer:
    """In this layer rather than in another."""

    layer: int


@dataclass(frozen=True, slots=True, eq=False)
class AgainstCorrection:
    """What was predicted rather than what is right, where the two differ.

    Attributes
    ----------
    codes : ndarray of uint8, shape (y, x)
        Mask codes of the layer as corrected; where it is 0 nobody corrected anything.
    """

    codes: LabelArray


Against = AgainstClass | AgainstLayer | AgainstCorrection


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a heatmap answers.

    Attributes
    ----------
    target : Target
        Where.
    layer : int
        Crystal layer of the prediction, from 0.
    species : str or None
        Class; None takes the most probable one in the target.
    against : Against or None
        Rather than what; None means background.
    """

    target: Target
    layer: int
    species: str | None = None
    against: Against | None = None


def describe_question(question: Question) -> Mapping[str, Any]:
    """Return a question in words and numbers, ready for JSON; `napari_strata.explain.recall` reads it again."""
    return {"target": dict(describe(question.target)), "layer": question.layer, "against": _against(question)}


def _against(question: Question) -> dict[str, Any]:
    match question.against:
        case None:
            return {"kind": "background"}
        case AgainstClass(name):
            return {"kind": "class", "class": name}
        case AgainstLayer(layer):
            return {"kind": "layer", "layer": layer}
        case AgainstCorrection(codes):
            return {"kind": "correction", "pixels": int(np.count_nonzero(codes)), "runs": to_runs(codes)}
