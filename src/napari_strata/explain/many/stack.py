"""One question, asked of every frame of a stack: in which order, of what in each frame, and under which key."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from napari_strata import __version__
from napari_strata.config import ExplainConfig, ModelCard
from napari_strata.errors import TargetError
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.question import AgainstCorrection, Question, describe_question
from napari_strata.explain.snap import snap
from napari_strata.explain.targets import AtomTarget
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame


def frame_order(shown: int, frames: int, reach: int | None) -> Iterator[int]:
    """Yield the frame that is shown, then its neighbours, the nearest first and later ones before earlier ones.

    Parameters
    ----------
    shown : int
        The frame that is shown.
    frames : int
        How many there are.
    reach : int or None
        How far from the shown one; None means all.
    """
    yield shown
    for step in range(1, (frames if reach is None else reach) + 1):
        yield from (frame for frame in (shown + step, shown - step) if 0 <= frame < frames)


def check_repeatable(question: Question) -> None:
    """Check that a question can be asked of other frames than its own.

    Raises
    ------
    TargetError
        If it is about what was corrected in one frame.
    """
    if isinstance(question.against, AgainstCorrection):
        raise TargetError(
            "What was corrected belongs to one slice, so it cannot be asked of the others.",
            remedy="Choose a map that compares with the background, another class or another layer.",
        )


def question_in_frame(
    question: Question, atoms: "DataFrame | None", config: ExplainConfig, pixel_size: float | None
) -> Question:
    """Return the question as it is asked of one frame: of an atom, the one nearest to the place there.

    Parameters
    ----------
    question : Question
        As it was asked first.
    atoms : DataFrame or None
        Atoms of the frame; needed where an atom is asked for.
    config : ExplainConfig
        Tolerance, and the radius of the footprint where the target states none.
    pixel_size : float or None
        Pixel size [Å/px]; needed where an atom is asked for.

    Raises
    ------
    TargetError
        If the frame has no atom of the layer near enough.
    """
    if not isinstance(question.target, AtomTarget):
        return question
    assert atoms is not None and pixel_size is not None, "checked before"
    found = snap(
        question.target,
        atoms,
        layer=question.layer,
        pixel_size=pixel_size,
        tolerance=config.tolerance,
        radius=config.target_radius,
    )
    return dataclasses.replace(question, target=found.target, species=question.species or found.species)


def map_key(
    card: ModelCard,
    image: ImageStack,
    frame: int,
    question: Question,
    config: ExplainConfig,
    atoms: "DataFrame | None",
) -> str:
    """Return the name under which a map is kept: another one for everything that may change the map.

    Parameters
    ----------
    card : ModelCard
        Weights, architecture and classes count.
    image : ImageStack
        The one frame; pixels, pixel size and name count.
    frame : int
        Its number.
    question : Question
        As it is asked of this frame.
    config : ExplainConfig
        The method, and the settings that it reads.
    atoms : DataFrame or None
        Atoms of this frame; of networks with several layers they tell which decoder is asked.
    """
    named = {
        "version": __version__,
        "model": {"name": card.name, "weights_sha256": card.weights_sha256, **card.model.model_dump(mode="json")},
        "classes": list(card.classes.names),
        "image": [image.name, image.pixel_size, list(image.data.shape), image.data.dtype.str],
        "frame": frame,
        "question": describe_question(question),
        "class": question.species,
        "method": config.method,
        "settings": {name: getattr(config, name) for name in (*METHODS[config.method].settings, "seed")},
    }
    digest = hashlib.sha256(json.dumps(named, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(image.data).data)
    if atoms is not None and card.model.layers > 1:
        digest.update(atoms[["layer", "y_px", "x_px"]].to_numpy(np.float64).tobytes())
    return digest.hexdigest()
