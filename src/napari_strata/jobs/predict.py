"""Predict the masks of image stacks with a trained network."""

import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from napari_strata.config import InferenceConfig
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import CalibrationError, ImageError, OutputError
from napari_strata.events import JobEvent, JobResult, Progress, StateChanged
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.doubt_image import doubts_about_images
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import FloatImage, ImageStack, Prediction, ValuePrediction

if TYPE_CHECKING:
    from napari_strata.config import ModelCard
    from napari_strata.inference.predictor import Predictor

Predicted = TypeVar("Predicted", Prediction, ValuePrediction)
LEAST_SIDE = 16
"""An image is not shrunk below this side for a network: nothing that the network looks for is left in it [px]."""


@job
def predict(
    control: JobControl,
    model: Path,
    images: Sequence[ImageStack],
    config: InferenceConfig,
    *,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Predict every frame of every image: classes, or values if that is what the network gives.

    The model is read once, so a training that goes on and replaces it does no harm.

    Parameters
    ----------
    control : JobControl
        Stop keeps the images that are done, and of the one at hand the frames that are done.
    model : Path
        A bundle's folder, its card.yaml, or a run folder.
    images : sequence of ImageStack
        At least one.
    config : InferenceConfig
        Tiles, alignment and device.
    out : Path, optional
        Folder that gets ``STEM_masks.tif`` (frame, layer, y, x uint8) and ``STEM_probabilities.tif`` (frame,
        layer, class, y, x float32) of each image as soon as it is done; or, of a network that gives values,
        ``STEM_values.tif`` (frame, layer, y, x float32).
    overwrite : bool
        Whether files that are there may be replaced.

    Yields
    ------
    JobEvent
        `Warned` of each image that is outside what the model has seen; `Progress` after every tile.

    Returns
    -------
    JobResult
        ``value`` is a tuple of `Prediction` or `ValuePrediction`, in the order of the images; ``figures`` counts
        what was done.

    Raises
    ------
    ImageError, CalibrationError, BundleError, DeviceError, OutputError
        If an input cannot be used or the folder cannot be written.
    """
    from napari_strata.io.folders import check_free

    start = time.monotonic()
    stacks = check_stacks(images)
    predictor, card = abandonable(control, lambda: load_predictor(model, config))
    check_calibration(stacks, card)
    if out is not None:
        check_free(out, _names(stacks, card), overwrite=overwrite)
        make_folder(out)
    control.run()
    yield StateChanged(control.state)
    yield from doubts_about_images(stacks, card)
    paths: dict[str, str] = {}

    def keep(prediction: Prediction | ValuePrediction) -> None:
        if out is not None:
            paths.update(_write(prediction, out))

    if card.model.output == "values":
        values = yield from predict_stacks(partial(predictor.predict_values, control=control), stacks, keep)
        return JobResult(prediction_figures([one.values for one in values], start), paths, values)
    predictions = yield from predict_stacks(partial(predictor.predict, control=control), stacks, keep)
    return JobResult(prediction_figures([one.probabilities for one in predictions], start), paths, predictions)


def check_stacks(images: Sequence[ImageStack]) -> tuple[ImageStack, ...]:
    """Return the images with checked data of shape (frame, y, x).

    Raises
    ------
    ImageError
        If there is none, one cannot be used, or two have the same name, by which results are told apart.
    """
    from napari_strata.data.images import check_image

    if not images:
        raise ImageError("There is no image to predict.", remedy="Give at least one image.")
    names = [image.name for image in images]
    for name in names:
        if names.count(name) > 1:
            raise ImageError(
                f"{names.count(name)} images have the name {name}, so their results would overwrite each other.",
                remedy="Rename one of them, or predict them one at a time.",
            )
    return tuple(ImageStack(check_image(i.data, i.name), i.pixel_size, i.name) for i in images)


def load_predictor(model: Path, config: InferenceConfig) -> "tuple[Predictor, ModelCard]":
    """Load a trained network onto the device that is configured.

    Raises
    ------
    BundleError
        If there is no usable model.
    DeviceError
        If this machine lacks the device.
    """
    from napari_strata.data.scale import Scale
    from napari_strata.inference.predictor import Predictor
    from napari_strata.models.device import resolve_device
    from napari_strata.models.registry import load_network

    device = resolve_device(config.device)
    loaded = load_network(model, device)
    card = loaded.card
    scale = None if card.value_scale is None else Scale(*card.value_scale)
    names = card.classes.names
    predictor = Predictor(
        loaded.network, card.model, classes=names, config=config, device=device, value_scale=scale
    )
    return predictor, card


def check_calibration(images: Sequence[ImageStack], card: "ModelCard") -> None:
    """Check before any work that each image can be brought to the network's grid.

    Raises
    ------
    CalibrationError
        If the network works at a pixel size and an image has none, or one that makes no sense.
    """
    from napari_strata.data.grid import scale_factor

    for image in images:
        try:
            factor = scale_factor(image.pixel_size, card.model.pixel_size)
        except CalibrationError as error:
            raise CalibrationError(f"{image.name}: {error.message}", remedy=error.remedy) from error
        height, width = (round(side * factor) for side in image.data.shape[-2:])
        if factor < 1 and min(height, width) < LEAST_SIDE:
            raise CalibrationError(
                f"{image.name} has {image.pixel_size:g} Å per pixel, and the model {card.name} works at"
                f" {card.model.pixel_size:g} Å: it would shrink to {height} x {width} pixels, and needs"
                f" {LEAST_SIDE} a side.",
                remedy="Check the pixel size and its unit (Å), or take an image of a larger field of view.",
            )


def predict_stacks(
    predict_one: Callable[[ImageStack], Generator[JobEvent, None, Predicted]],
    images: Sequence[ImageStack],
    keep: Callable[[Predicted], None],
) -> Generator[JobEvent, None, tuple[Predicted, ...]]:
    """Predict checked images one after another, and hand each result to `keep` as soon as it is done.

    Yields
    ------
    JobEvent
        `Progress` over all images, with the time left where that of the image has one; other events as they are.

    Returns
    -------
    tuple of Prediction or ValuePrediction
        All; or what was done when a stop came, the last one perhaps with fewer frames than its image.

    Raises
    ------
    JobCanceled
        If a stop came before the first frame was done.
    """
    start = time.monotonic()
    sizes = [image.data.size for image in images]
    predictions: list[Predicted] = []
    for index, image in enumerate(images):
        body = predict_one(image)
        try:
            while True:
                event = next(body)
                if isinstance(event, Progress):
                    fraction = (sum(sizes[:index]) + event.fraction * sizes[index]) / sum(sizes)
                    left = (time.monotonic() - start) * (1 - fraction) / fraction
                    event = Progress(fraction, event.message, None if event.seconds_left is None else left)
                yield event
        except StopIteration as stop:
            predictions.append(stop.value)
            keep(stop.value)
        except JobCanceled:
            if not predictions:
                raise
            break
    return tuple(predictions)


def prediction_figures(maps: Sequence[FloatImage], start: float) -> dict[str, float]:
    """Return counts, and the seconds since `start` of the monotonic clock."""
    return {
        "images": len(maps),
        "frames": sum(len(of_image) for of_image in maps),
        "layers": maps[0].shape[1],
        "seconds": round(time.monotonic() - start, 2),
    }


def make_folder(folder: Path) -> None:
    """Make a folder, before any work is done for it.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made ({error.strerror}).",
            remedy="Choose a folder that you may write to.",
        ) from error


def _names(stacks: Sequence[ImageStack], card: "ModelCard") -> list[str]:
    """Return the names of the files that are written."""
    kinds = ("values",) if card.model.output == "values" else ("masks", "probabilities")
    return [f"{stack.name}_{kind}.tif" for stack in stacks for kind in kinds]


def _write(prediction: Prediction | ValuePrediction, out: Path) -> dict[str, str]:
    from napari_strata.io.masks import write_masks, write_probabilities
    from napari_strata.io.values import write_values

    if isinstance(prediction, ValuePrediction):
        path = out / f"{prediction.name}_values.tif"
        write_values(prediction.values, path, pixel_size=prediction.pixel_size)
        return {path.stem: str(path)}
    masks, probabilities = (out / f"{prediction.name}_{what}.tif" for what in ("masks", "probabilities"))
    write_masks(prediction.masks, masks, pixel_size=prediction.pixel_size)
    write_probabilities(prediction.probabilities, probabilities, pixel_size=prediction.pixel_size)
    return {masks.stem: str(masks), probabilities.stem: str(probabilities)}
