"""From a model, an image and a question to what can be explained, for every job that explains."""

import dataclasses
from collections.abc import Collection, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config import AtomsConfig, ExplainConfig, InferenceConfig, ModelCard
from napari_strata.control import JobControl
from napari_strata.errors import TargetError
from napari_strata.events import JobEvent, Progress
from napari_strata.explain.catalogue import METHODS, Need
from napari_strata.explain.question import AgainstCorrection, AgainstLayer, Question
from napari_strata.explain.targets import AtomTarget, Target, check_target
from napari_strata.jobs.predict import check_calibration, check_stacks
from napari_strata.jobs.stoppable import stoppable
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.explain.prepare import Prepared
    from napari_strata.explain.snap import Snapped
    from napari_strata.models.registry import LoadedModel

SEARCHED, SEARCHED_QUICK = 0.2, 0.8
"""Part of the work that is done when the atoms are located, of methods of many passes and of the others."""


def prepare_question(
    control: JobControl,
    loaded: "LoadedModel",
    image: ImageStack,
    *,
    frame: int,
    question: Question,
    config: ExplainConfig,
    atoms: "DataFrame | None" = None,
    inference: InferenceConfig | None = None,
    locating: AtomsConfig | None = None,
    needs: Collection[Need] = (),
) -> Generator[JobEvent, None, tuple["Prepared", dict[str, float]]]:
    """Find what a question asks, predicting and locating atoms where it depends on them.

    Parameters
    ----------
    control : JobControl
        A stop ends it with nothing.
    loaded : LoadedModel
        The network on the device that computes, and its card.
    image, frame, question, config, atoms, inference, locating
        As in `napari_strata.jobs.explain.explain`; the question is checked.
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
        If the target cannot be found.
    """
    from napari_strata.explain.prepare import prepare

    settled = yield from settle_question(
        control,
        loaded,
        image,
        frame=frame,
        question=question,
        config=config,
        atoms=atoms,
        inference=inference,
        locating=locating,
    )
    shown = take_frames(image, frame, frame)
    with stoppable(loaded.network, control):
        prepared = prepare(loaded, shown, settled.question, config, atoms=settled.atoms, needs=needs)
    return prepared, settled.figures


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A question whose atom is found, so that any method can be asked it.

    Attributes
    ----------
    question : Question
        With the atom's place, and its class where none was named.
    atoms : DataFrame or None
        Predicted atoms of the frame, where anything depends on them.
    figures : dict of str to float
        ``distance_A`` from the click to the atom, of an atom target.
    """

    question: Question
    atoms: "DataFrame | None"
    figures: dict[str, float]


def settle_question(
    control: JobControl,
    loaded: "LoadedModel",
    image: ImageStack,
    *,
    frame: int,
    question: Question,
    config: ExplainConfig,
    atoms: "DataFrame | None" = None,
    inference: InferenceConfig | None = None,
    locating: AtomsConfig | None = None,
) -> Generator[JobEvent, None, Settled]:
    """Find the atom of a question, and what else of the prediction all methods need; see `prepare_question`."""
    shown = take_frames(image, frame, frame)
    if atoms is not None:
        table: DataFrame | None = atoms[atoms["frame"] == frame]
    else:
        first = frame if loaded.network.layers == 1 else 0
        frames = take_frames(image, first, frame)
        on_device = (inference or InferenceConfig()).model_copy(update={"device": config.device})
        settings = locating or AtomsConfig()
        table = yield from _locate_atoms(control, loaded, frames, question.target, on_device, settings)
    control.checkpoint()
    yield Progress(1.0, f"Explaining {image.name}")
    figures: dict[str, float] = {}
    if isinstance(question.target, AtomTarget):
        assert table is not None
        snapped = _snap(question.target, table, shown, question.layer, config)
        species = question.species or snapped.species
        question = dataclasses.replace(question, target=snapped.target, species=species)
        figures = {"distance_A": snapped.distance}
    return Settled(question, table, figures)


def part_of_search(
    loaded: "LoadedModel", image: ImageStack, target: Target, config: ExplainConfig, *, has_atoms: bool
) -> float:
    """Return which part of the work it is to find the atoms: none where they are given, or nothing needs them."""
    if has_atoms or not _needs_atoms(loaded, image, target):
        return 0.0
    return SEARCHED if METHODS[config.method].many_passes else SEARCHED_QUICK


def _needs_atoms(loaded: "LoadedModel", image: ImageStack, target: Target) -> bool:
    is_atom = isinstance(target, AtomTarget)
    return is_atom or (loaded.network.layers > 1 and image.pixel_size is not None)


def check_kind(card: ModelCard) -> None:
    """Check that a model tells classes apart, of which one can ask why.

    Raises
    ------
    TargetError
        If it gives values.
    """
    if card.model.output == "values":
        raise TargetError(
            f"The model {card.name} gives values, and heatmaps explain classes.",
            remedy="Choose another model; what this one has learned is seen in its feature maps.",
        )


def load_checked(
    model: Path, image: ImageStack, *, frame: int, question: Question, config: ExplainConfig
) -> tuple["LoadedModel", ImageStack]:
    """Return the network and the frame, after all that can be checked at once.

    Raises
    ------
    TargetError, ImageError, CalibrationError, BundleError, DeviceError
        If model, image and question do not fit each other.
    """
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    shown = take_frames(image, frame, frame)
    loaded = load_network(model, resolve_device(config.device))
    check_calibration((shown,), loaded.card)
    check_question(question, loaded, (shown.data.shape[1], shown.data.shape[2]))
    return loaded, shown


def check_question(question: Question, loaded: "LoadedModel", shape: tuple[int, int]) -> None:
    """Check that a question can be asked of a model and an image of shape (y, x).

    Raises
    ------
    TargetError
        If a layer or the target does not exist, or the corrected codes have another shape.
    """
    check_kind(loaded.card)
    _check_layer(question.layer, loaded)
    check_target(question.target, shape)
    match question.against:
        case AgainstLayer(layer):
            _check_layer(layer, loaded)
            if layer == question.layer:
                raise TargetError(
                    f"Layer {layer} is compared with itself.", remedy="Choose two different layers of this model."
                )
        case AgainstCorrection(codes) if codes.shape != shape:
            raise TargetError(
                f"The corrected labels have the shape {codes.shape}, the image {shape}.",
                remedy="Choose labels of this image.",
            )


def take_frames(image: ImageStack, first: int, last: int) -> ImageStack:
    """Return checked frames, from `first` to `last` inclusive."""
    frames = 1 if image.data.ndim == 2 else len(image.data)
    if not 0 <= last < frames:
        raise TargetError(f"{image.name} has no frame {last}.", remedy=f"Choose a frame from 0 to {frames - 1}.")
    data = image.data if image.data.ndim == 2 else image.data[first : last + 1]
    (shown,) = check_stacks((ImageStack(data, image.pixel_size, image.name),))
    return shown


def _check_layer(layer: int, loaded: "LoadedModel") -> None:
    layers = loaded.network.layers
    if not 0 <= layer < layers:
        raise TargetError(
            f"The model {loaded.card.name} has no layer {layer}.",
            remedy="It has layer 0 only." if layers == 1 else f"Choose a layer from 0 to {layers - 1}.",
        )


def _locate_atoms(
    control: JobControl,
    loaded: "LoadedModel",
    image: ImageStack,
    target: Target,
    inference: InferenceConfig,
    locating: AtomsConfig,
) -> Generator[Progress, None, "DataFrame | None"]:
    """Predict frames and locate the atoms of the last one, if anything depends on them."""
    from napari_strata.atoms.locate import locate_atoms
    from napari_strata.inference.predictor import Predictor
    from napari_strata.io.calibration import require
    from napari_strata.models.device import resolve_device

    if isinstance(target, AtomTarget):
        require(image.pixel_size, name=image.name)
    elif not _needs_atoms(loaded, image, target):
        return None
    predictor = Predictor(
        loaded.network,
        loaded.card.model,
        classes=loaded.card.classes.names,
        config=inference,
        device=resolve_device(inference.device),
    )
    prediction = yield from predictor.predict(image, control=control)
    control.checkpoint()
    last = dataclasses.replace(prediction, probabilities=prediction.probabilities[-1:])
    return locate_atoms(last, locating)


def _snap(
    target: AtomTarget, atoms: "DataFrame", image: ImageStack, layer: int, config: ExplainConfig
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
