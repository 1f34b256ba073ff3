"""From an inquiry to what can be explained, for every job that explains."""

import dataclasses
from collections.abc import Collection, Generator
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.errors import TargetError
from napari_strata.events import JobEvent, Progress
from napari_strata.explain.catalogue import METHODS, Need
from napari_strata.explain.question import AgainstCorrection
from napari_strata.explain.targets import AtomTarget
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.inquiry import Inquiry, take_frames
from napari_strata.jobs.stoppable import stoppable
from napari_strata.types import NOT_LABELLED, ImageStack, Prediction

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.explain.prepare import Prepared
    from napari_strata.explain.snap import Snapped
    from napari_strata.models.registry import LoadedModel

SEARCHED, SEARCHED_QUICK = 0.2, 0.8
"""Part of the work that is done when the atoms are located, of methods of many passes and of the others."""


def prepare_question(
    control: JobControl, loaded: "LoadedModel", inquiry: Inquiry, *, needs: Collection[Need] = ()
) -> Generator[JobEvent, None, tuple["Prepared", dict[str, float]]]:
    """Find what a question asks, predicting and locating atoms where it depends on them.

    Parameters
    ----------
    control : JobControl
        A stop ends it with nothing.
    loaded : LoadedModel
        The network on the device that computes, and its card.
    inquiry : Inquiry
        What is asked; it is checked.
    needs : collection of str
        What the scene shall have beyond what the method needs.

    Yields
    ------
    JobEvent
        `Progress` of the search alone, to 1.

    Returns
    -------
    prepared : Prepared
        Score and scene.
    figures : dict of str to float
        ``distance_A`` from the click to the atom, of an atom target.

    Raises
    ------
    TargetError, CalibrationError
        If the target cannot be found, or nothing was corrected.
    """
    from napari_strata.explain.prepare import prepare

    settled, figures = yield from settle_question(control, loaded, inquiry)
    with stoppable(loaded.network, control):
        prepared = abandonable(
            control,
            lambda: prepare(
                loaded, settled.shown(), settled.question, settled.config, atoms=settled.atoms, needs=needs
            ),
        )
    return prepared, figures


def settle_question(
    control: JobControl, loaded: "LoadedModel", inquiry: Inquiry
) -> Generator[JobEvent, None, tuple[Inquiry, dict[str, float]]]:
    """Find the atom of a question, and what else of the prediction all methods need.

    Returns
    -------
    settled : Inquiry
        With the atom's place, its class where none was named, what was corrected alone, and the predicted atoms of
        the frame where anything depends on them, so that any method can be asked it.
    figures : dict of str to float
        As of `prepare_question`.
    """
    shown, question = inquiry.shown(), inquiry.question
    prediction: Prediction | None = None
    if _needs_prediction(loaded, inquiry):
        prediction = yield from _predict_frame(control, loaded, inquiry)
    table: DataFrame | None = None
    if inquiry.atoms is not None:
        table = inquiry.atoms[inquiry.atoms["frame"] == inquiry.frame]
    elif prediction is not None and _needs_atoms(loaded, inquiry):
        table = _locate(control, prediction, inquiry).assign(frame=inquiry.frame)
    if prediction is not None and isinstance(question.against, AgainstCorrection):
        question = dataclasses.replace(question, against=_changed(question.against, prediction, question.layer))
    control.checkpoint()
    yield Progress(1.0, f"Explaining {inquiry.image.name}")
    figures: dict[str, float] = {}
    if isinstance(question.target, AtomTarget):
        assert table is not None
        layer = None if inquiry.any_layer else question.layer
        snapped = _snap(question.target, table, shown, layer, inquiry.config)
        species = question.species or snapped.species
        question = dataclasses.replace(question, target=snapped.target, layer=snapped.layer, species=species)
        figures = {"distance_A": snapped.distance}
    return dataclasses.replace(inquiry, question=question, atoms=table, any_layer=False), figures


def part_of_search(loaded: "LoadedModel", inquiry: Inquiry) -> float:
    """Return which part of the work it is to predict and to find the atoms: none where nothing needs that."""
    if not _needs_prediction(loaded, inquiry):
        return 0.0
    return SEARCHED if METHODS[inquiry.config.method].many_passes else SEARCHED_QUICK


def _needs_atoms(loaded: "LoadedModel", inquiry: Inquiry) -> bool:
    is_atom = isinstance(inquiry.question.target, AtomTarget)
    return is_atom or (loaded.network.layers > 1 and inquiry.image.pixel_size is not None)


def locate_in_stack(
    control: JobControl, loaded: "LoadedModel", inquiry: Inquiry
) -> Generator[Progress, None, "DataFrame | None"]:
    """Predict all frames, and locate their atoms, if anything depends on them.

    Raises
    ------
    CalibrationError
        If an atom is asked for and the image has no pixel size.
    """
    if not _needs_atoms(loaded, inquiry):
        return None
    frames = 1 if inquiry.image.data.ndim == 2 else len(inquiry.image.data)
    prediction = yield from _predict(control, loaded, inquiry, 0, frames - 1)
    return _locate(control, prediction, inquiry)


def _needs_prediction(loaded: "LoadedModel", inquiry: Inquiry) -> bool:
    is_corrected = isinstance(inquiry.question.against, AgainstCorrection)
    return is_corrected or (inquiry.atoms is None and _needs_atoms(loaded, inquiry))


def _predict_frame(
    control: JobControl, loaded: "LoadedModel", inquiry: Inquiry
) -> Generator[Progress, None, Prediction]:
    """Predict the frame as the stack is predicted: layers of later frames go on from those of earlier ones."""
    first = inquiry.frame if loaded.network.layers == 1 else 0
    prediction = yield from _predict(control, loaded, inquiry, first, inquiry.frame)
    return dataclasses.replace(prediction, probabilities=prediction.probabilities[-1:])


def _changed(against: AgainstCorrection, prediction: Prediction, layer: int) -> AgainstCorrection:
    """Return the corrected codes where they are not those that are predicted, and 0 elsewhere.

    The prediction is the one that is shown and corrected, the mean of several looks at the image, so that labels
    which began as its mask tell of nothing but what somebody changed.

    Raises
    ------
    TargetError
        If that is nowhere, or nothing is labelled.
    """
    if not against.codes.any():
        raise TargetError(
            f"The corrected labels are 0 everywhere in layer {layer}: not labelled.",
            remedy="Paint what is right, also the background, or choose other labels.",
        )
    codes = np.where(against.codes == prediction.masks[0, layer], NOT_LABELLED, against.codes)
    if not codes.any():
        raise TargetError(
            f"The labels are as the prediction of layer {layer} is, so there is no error to explain.",
            remedy="Correct the labels first, choose others, or ask why a class is there.",
        )
    return AgainstCorrection(codes)


def _locate(control: JobControl, prediction: Prediction, inquiry: Inquiry) -> "DataFrame":
    """Locate the atoms of a prediction; a stop does not wait for it."""
    from napari_strata.atoms.locate import locate_atoms

    def locate() -> "DataFrame":
        return locate_atoms(prediction, inquiry.locating, tell=lambda _part: control.checkpoint())

    return abandonable(control, locate)


def _predict(
    control: JobControl, loaded: "LoadedModel", inquiry: Inquiry, first: int, last: int
) -> Generator[Progress, None, Prediction]:
    """Predict frames, from `first` to `last` inclusive."""
    from napari_strata.inference.predictor import Predictor
    from napari_strata.io.calibration import require
    from napari_strata.models.device import resolve_device

    if isinstance(inquiry.question.target, AtomTarget):
        require(inquiry.image.pixel_size, name=inquiry.image.name)
    predictor = Predictor(
        loaded.network,
        loaded.card.model,
        classes=loaded.card.classes.names,
        config=inquiry.inference.model_copy(update={"device": inquiry.config.device}),
        device=resolve_device(inquiry.config.device),
    )
    with stoppable(loaded.network, control):
        prediction = yield from predictor.predict(take_frames(inquiry.image, first, last), control=control)
    control.checkpoint()
    return prediction


def _snap(
    target: AtomTarget, atoms: "DataFrame", image: ImageStack, layer: int | None, config: ExplainConfig
) -> "Snapped":
    from napari_strata.explain.snap import snap
    from napari_strata.io.calibration import require

    return snap(
        target,
        atoms,
        layer=layer,
        pixel_size=require(image.pixel_size, name=image.name),
        tolerance=config.tolerance,
        radius=config.target_radius,
    )
