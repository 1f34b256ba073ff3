"""The layers of a training that goes on from its folder, where its image and its labels are open."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image, Labels, Points

from napari_strata.annotation.provenance import Provenance
from napari_strata.config import ClassTable, LabelledData, SimulatedData, TrainConfig
from napari_strata.io.masks import read_masks
from napari_strata.requests import Correction, Request
from napari_strata.types import AnyArray, LabelArray
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.label_memory import class_table_of, crystal_layer_of, labels_of, mates_of
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.live.learned_labels import LearnedLabels
from napari_strata.widgets.live.overlay import window_of
from napari_strata.widgets.live.plan import TrainPlan

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.training.run.data import PaintedCard

Requests = Sequence[tuple[int, Request]]
_MODEL = Provenance.MODEL.name.lower()


def find_plan(
    viewer: "Viewer", run: Path, config: TrainConfig, requests: Requests, *, chosen: Image | None
) -> TrainPlan | None:
    """Find what a training learned from among the layers that are open now.

    The image is known by its pixels, its labels by the image, their classes and their crystal layers. A training
    on simulated crystals that was never corrected takes any image.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to look at.
    run : Path
        The run folder.
    config : TrainConfig
        Its configuration.
    requests : sequence of (int, Request)
        What was asked of it so far.
    chosen : Image or None
        For a training on simulated crystals, the image to predict live.

    Returns
    -------
    TrainPlan or None
        With what the training knows of the labels by now, and without arrays to learn from, which the run has
        itself; None where its image or its labels are not open, or were never painted in a viewer.
    """
    corrections = [request for _step, request in requests if isinstance(request, Correction)]
    if isinstance(config.data, SimulatedData):
        return _simulated_plan(viewer, config, config.data, corrections, chosen)
    card = _card_of(run)
    if card is None or card.classes is None or not isinstance(config.data, LabelledData):
        return None
    return _labelled_plan(viewer, run, config, config.data, corrections, card)


def _simulated_plan(
    viewer: "Viewer",
    config: TrainConfig,
    data: SimulatedData,
    corrections: Sequence[Correction],
    chosen: Image | None,
) -> TrainPlan | None:
    from napari_strata.simulate.classes import class_names

    images = [one for one in viewer.layers if isinstance(one, Image)] if corrections else [chosen]
    image = next((one for one in images if one is not None and _was_corrected(one, corrections)), None)
    if image is None or calibration_of(image).value is None:
        return None
    window = window_of(image, viewer)
    preview = window.copy(calibration_of(image).value)
    classes = ClassTable.from_names(class_names(data.simulation))
    return TrainPlan(config, classes, (), (), preview, window)


def _was_corrected(image: Image, corrections: Sequence[Correction]) -> bool:
    """Return whether all slices that were painted on have the pixels of an image."""
    shape = _stack_shape(image)
    brought = [(one.frame, one.pixels) for one in corrections if one.pixels is not None]
    if shape is None or any(frame >= shape[0] for frame, _ in brought):
        return False
    return all(np.array_equal(_slice(image, frame), pixels) for frame, pixels in brought)


def _labelled_plan(
    viewer: "Viewer",
    run: Path,
    config: TrainConfig,
    data: LabelledData,
    corrections: Sequence[Correction],
    card: "PaintedCard",
) -> TrainPlan | None:
    assert card.classes is not None, "the caller checks it"
    masks = read_masks(run / data.labels[0])
    image = _image_of(viewer, run / data.images[0], card, masks.shape[-2:])
    layers = None if image is None else _labels_of(viewer, image, card.classes, config.model.layers)
    if image is None or layers is None:
        return None
    for one in corrections:
        if one.frame in card.frames:
            _apply(one, masks[card.frames.index(one.frame)])
    without_model = _MODEL not in data.learn_from
    learned = LearnedLabels(masks, np.zeros_like(masks), card.frames, card.depth, without_model)
    window = window_of(image, viewer)
    preview = window.copy(data.image_pixel_size)
    return TrainPlan(config, card.classes, (), (), preview, window, learned, layers)


def _card_of(run: Path) -> "PaintedCard | None":
    from napari_strata.training.run.data import CARD, INPUTS, PaintedCard

    path = run / INPUTS / CARD
    return PaintedCard.read(path) if path.is_file() else None


def _image_of(viewer: "Viewer", path: Path, card: "PaintedCard", shape: tuple[int, ...]) -> Image | None:
    """Return the image whose first labelled slice has the pixels of the run's."""
    alike = [one for one in viewer.layers if isinstance(one, Image) and _stack_shape(one) == (card.depth, *shape)]
    if not alike:
        return None
    import tifffile

    pixels = tifffile.imread(path, key=0)
    return next((one for one in alike if np.array_equal(_slice(one, card.frames[0]), pixels)), None)


def _stack_shape(image: Image) -> tuple[int, ...] | None:
    shape = full_data(image).shape
    return None if image.rgb or len(shape) not in (2, 3) else (1,) * (3 - len(shape)) + shape


def _slice(image: Image, frame: int) -> AnyArray:
    data = full_data(image)
    return np.asarray(data[frame] if data.ndim == 3 else data)


def _labels_of(
    viewer: "Viewer", image: Image, classes: ClassTable, layers: int
) -> tuple[Labels | Points, ...] | None:
    """Return the labels of the image that fit the network, one per crystal layer, those made last."""
    for one in labels_of(image, viewer.layers):
        mates = [one] if layers == 1 else list(_by_layer(mates_of(one, viewer.layers)))
        fits = len(mates) == layers and all(class_table_of(mate).names == classes.names for mate in mates)
        if fits and any(_is_painted(mate) for mate in mates):
            return tuple(mates)
    return None


def _is_painted(one: "Labels | Points") -> bool:
    """Tell whether anything is there; labels without a stroke are new ones, and not the run's with all erased."""
    return bool(len(one.data)) if isinstance(one, Points) else bool(full_data(one).any())


def _by_layer(mates: "Iterable[Labels | Points]") -> "Iterator[Labels | Points]":
    found = {crystal_layer_of(mate): mate for mate in mates}
    return (found[layer] for layer in sorted(found))


def _apply(correction: Correction, masks: LabelArray) -> None:
    height, width = correction.codes.shape
    rows = slice(correction.y, correction.y + height)
    masks[correction.layer, rows, correction.x : correction.x + width] = correction.codes
