"""Patches as pictures: grey values with the outlines of their labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import ClassTable
from napari_strata.types import BACKGROUND, NOT_LABELLED, FloatImage, LabelArray
from napari_strata.widgets.layers.colours import label_colours

LABELLED_EDGE = "#ffffff"
"""Colour of the border between what is labelled and what is not."""
CONTRAST = (0.5, 99.8)
"""Percentiles of all patches that are shown as black and as white."""
Picture = NDArray[np.uint8]
"""Red, green and blue, shape (y, x, 3)."""


def draw_pictures(
    images: Sequence[FloatImage], labels: Sequence[LabelArray] | None, classes: ClassTable
) -> list[Picture]:
    """Draw patches with one contrast for all, so that they can be compared.

    Parameters
    ----------
    images : sequence of ndarray of float32, shape (y, x)
        Intensities.
    labels : sequence of ndarray of uint8, shape (layer, y, x), or None
        Their mask codes; None draws no outlines.
    classes : ClassTable
        What the codes mean.
    """
    low, high = np.percentile(np.stack(images), CONTRAST)
    span = max(float(high - low), 1e-6)
    pictures = []
    for image in images:
        grey = (np.clip((image - low) / span, 0, 1) * 255).astype(np.uint8)
        pictures.append(np.repeat(grey[..., None], 3, axis=2))
    for picture, codes in zip(pictures, labels or (), strict=labels is not None):
        _outline(picture, codes, classes)
    return pictures


def _outline(picture: Picture, labels: LabelArray, classes: ClassTable) -> None:
    is_labelled = (labels != NOT_LABELLED).any(axis=0)
    picture[_inner_edge(is_labelled)] = _rgb(LABELLED_EDGE)
    for layer, codes in enumerate(labels):
        for code, colour in enumerate(label_colours(classes, len(labels), layer), start=BACKGROUND + 1):
            picture[_inner_edge(codes == code)] = _rgb(colour)


def _inner_edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a mask beside one that is not in it; beyond the picture everything is."""
    padded = np.pad(mask, 1, mode="edge")
    surrounded = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(mask & ~surrounded)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue
