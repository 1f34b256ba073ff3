"""From a map's metadata back to what was asked, so that it can be asked again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from napari_strata.config import ExplainConfig
from napari_strata.errors import TargetError
from napari_strata.explain.question import Against, AgainstClass, AgainstCorrection, AgainstLayer, Question
from napari_strata.explain.runs import from_runs
from napari_strata.explain.targets import AtomTarget, PixelTarget, RegionTarget, Target


@dataclass(frozen=True, slots=True, eq=False)
class Recalled:
    """What a map answers.

    Attributes
    ----------
    question : Question
        With the class that was explained.
    config : ExplainConfig
        The method and the settings that it reads.
    frame : int
        Frame of the stack, from 0.
    model, weights_sha256, image : str
        Names of model and image, and the checksum of the weights that answered.
    """

    question: Question
    config: ExplainConfig
    frame: int
    model: str
    weights_sha256: str
    image: str


def recall(metadata: Mapping[str, Any]) -> Recalled:
    """Return what the metadata of a map say was asked.

    Raises
    ------
    TargetError
        If the metadata are not those of a map.
    """
    try:
        question = Question(
            _target(metadata["target"]),
            int(metadata["layer"]),
            species=str(metadata["class"]),
            against=_against(metadata["against"]),
        )
        config = ExplainConfig.model_validate({"method": metadata["method"], **metadata["parameters"]})
        names = {name: str(metadata[name]) for name in ("model", "weights_sha256", "image")}
        return Recalled(question, config, int(metadata["frame"]), **names)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise TargetError(
            f"The map does not say what was asked: {type(error).__name__} {error}.",
            remedy="Explain the target anew; the metadata are from another version or program.",
        ) from error


def _target(record: Mapping[str, Any]) -> Target:
    match record["kind"]:
        case "atom":
            return AtomTarget(float(record["y_px"]), float(record["x_px"]), record["radius_A"])
        case "pixel":
            return PixelTarget(int(record["y_px"]), int(record["x_px"]))
        case "region" | "instance" | "slice" as kind:
            return RegionTarget(from_runs(record["runs"]) != 0, kind)
        case kind:
            raise ValueError(f"no target is called {kind}")


def _against(record: Mapping[str, Any]) -> Against | None:
    match record["kind"]:
        case "background":
            return None
        case "class":
            return AgainstClass(str(record["class"]))
        case "layer":
            return AgainstLayer(int(record["layer"]))
        case "correction":
            return AgainstCorrection(from_runs(record["runs"]))
        case kind:
            raise ValueError(f"nothing to compare with is called {kind}")
