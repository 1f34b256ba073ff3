"""Explain what a trained network says of one pixel, atom or region."""

import dataclasses
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config import AtomsConfig, ExplainConfig, InferenceConfig
from napari_strata.control import JobControl
from napari_strata.errors import OutputError, TargetError
from napari_strata.events import JobEvent, JobResult, Progress, Sketched, StateChanged
from napari_strata.explain.question import AgainstCorrection, AgainstLayer, Question
from napari_strata.explain.targets import AtomTarget, Target, check_target
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.predict import check_calibration, check_stacks
from napari_strata.types import ImageStack, Prediction

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.explain.heatmap import Heatmap
    from napari_strata.explain.prepare import Prepared
    from napari_strata.explain.snap import Snapped
    from napari_strata.models.registry import LoadedModel

LOCATED = 0.8
"""Part of the work that is done when the atoms are located."""


@job
def explain(
    control: JobControl,
    model: Path,
    image: ImageStack,
    *,
    frame: int,
    question: Question,
    config: ExplainConfig,
    out: Path | None = None,
    atoms: "DataFrame | None" = None,
    inference: InferenceConfig | None = None,
    locating: AtomsConfig | None = None,
) -> JobBody:
    """Compute the heatmap of one question.

    Parameters
    ----------
    control : JobControl
        Stop leaves the map as far as it was computed.
    model : Path
        A bundle's folder, its card.yaml, or a run folder.
    image : ImageStack
        The stack.
    frame : int
        Frame of the stack, from 0.
    question : Question
        Positions in px of the image. An atom target snaps to the nearest predicted atom of the layer, and its
        species is the class that is explained where none is named; elsewhere it is the class that is most probable
        in the target.
    config : ExplainConfig
        Method and its settings, tolerance of the snap, and radius of an atom's footprint.
    out : Path, optional
        tif file for the heatmap.
    atoms : DataFrame, optional
        Predicted atoms of this image, all frames and layers. They spare a prediction, which atom targets need
        to snap, and networks of several layers to tell which decoder drew the layer. Such networks predict all
        frames up to this one, so that a layer is the same crystal as in `predict` and `locate_atoms`.
    inference, locating : InferenceConfig and AtomsConfig, optional
        How to predict and to locate atoms where none are given, on the device of `config`; by default as by
        default in `locate_atoms`.

    Yields
    ------
    JobEvent
        `Progress`, and `Sketched` with every heatmap on the way.

    Returns
    -------
    JobResult
        ``value`` is a `napari_strata.explain.heatmap.Heatmap`.

    Raises
    ------
    TargetError
        If frame, layer or target do not exist, or no atom is near enough.
    ImageError, CalibrationError, BundleError, DeviceError, OutputError
        If an input cannot be used or the file cannot be written.
    """
    from napari_strata.explain.heatmap import write_heatmap
    from napari_strata.explain.prepare import prepare
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    start = time.monotonic()
    shown = _take_frames(image, frame, frame)
    loaded = load_network(model, resolve_device(config.device))
    check_calibration((shown,), loaded.card)
    check_question(question, loaded, (shown.data.shape[1], shown.data.shape[2]))
    if out is not None and out.is_dir():
        raise OutputError(f"{out} is a folder.", remedy="Give the name of a tif file, for example heat.tif in it.")
    control.run()
    yield StateChanged(control.state)
    if atoms is not None:
        table: DataFrame | None = atoms[atoms["frame"] == frame]
    else:
        first = frame if loaded.network.layers == 1 else 0
        frames = _take_frames(image, first, frame)
        on_device = (inference or InferenceConfig()).model_copy(update={"device": config.device})
        settings = locating or AtomsConfig()
        table = yield from _locate_atoms(control, loaded, frames, question.target, on_device, settings)
    control.checkpoint()
    yield Progress(LOCATED, f"Explaining {image.name}")
    figures: dict[str, float] = {}
    if isinstance(question.target, AtomTarget):
        assert table is not None
        snapped = _snap(question.target, table, shown, question.layer, config)
        species = question.species or snapped.species
        question = dataclasses.replace(question, target=snapped.target, species=species)
        figures = {"distance_A": snapped.distance}
    prepared = prepare(loaded, shown, question, config, atoms=table)
    heatmap = yield from _sharpen(control, prepared, frame)
    if out is not None:
        write_heatmap(heatmap, out)
    paths = {} if out is None else {"heatmap": str(out)}
    return JobResult({**_figures(heatmap, start), **figures}, paths, heatmap)


def check_question(question: Question, loaded: "LoadedModel", shape: tuple[int, int]) -> None:
    """Check that a question can be asked of a model and an image of shape (y, x).

    Raises
    ------
    TargetError
        If a layer or the target does not exist, or the corrected codes have another shape.
    """
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


def _sharpen(control: JobControl, prepared: "Prepared", frame: int) -> Generator[JobEvent, None, "Heatmap"]:
    """Compute a heatmap that gets better, until it is whole or a stop comes."""
    from napari_strata.explain.explainer import explain as sharpen

    heatmap: Heatmap | None = None
    start, maps = time.monotonic(), sharpen(prepared)
    try:
        for found in maps:
            heatmap = dataclasses.replace(found, metadata={**found.metadata, "frame": frame})
            done = found.metadata["done"]
            if done < 1:
                left = (time.monotonic() - start) * (1 - done) / done
                yield Progress(LOCATED + (1 - LOCATED) * done, f"Explaining {found.metadata['image']}", left)
                yield Sketched(heatmap, done)
                if control.stop_requested:
                    break
                control.wait_while_paused()
    finally:
        maps.close()
    assert heatmap is not None, "a method yields at least one map"
    return heatmap


def _take_frames(image: ImageStack, first: int, last: int) -> ImageStack:
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
    elif loaded.network.layers == 1 or image.pixel_size is None:
        return None
    predictor = Predictor(
        loaded.network,
        loaded.card.model,
        classes=loaded.card.classes.names,
        config=inference,
        device=resolve_device(inference.device),
    )
    prediction = yield from _scaled(predictor.predict(image, control=control))
    control.checkpoint()
    last = dataclasses.replace(prediction, probabilities=prediction.probabilities[-1:])
    return locate_atoms(last, locating)


def _scaled(body: Generator[Progress, None, Prediction]) -> Generator[Progress, None, Prediction]:
    """Let a prediction be the first part of the work, up to `LOCATED`."""
    while True:
        try:
            progress = next(body)
        except StopIteration as stop:
            prediction: Prediction = stop.value
            return prediction
        yield Progress(LOCATED * progress.fraction, progress.message)


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


def _figures(heatmap: "Heatmap", start: float) -> dict[str, Any]:
    y, x = heatmap.metadata["position"]
    named = {key: heatmap.metadata[key] for key in ("method", "layer", "decoder", "class", "score")}
    maximum = float(heatmap.data.max())
    return {**named, "y_px": y, "x_px": x, "maximum": maximum, "seconds": round(time.monotonic() - start, 2)}
