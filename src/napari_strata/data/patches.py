"""Cutting training patches out of an image around its labelled pixels."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import NOT_LABELLED, FloatImage, LabelArray

Maps = TypeVar("Maps", LabelArray, FloatImage)


def pad_to(image: FloatImage, labels: LabelArray, size: int) -> tuple[FloatImage, LabelArray]:
    """Pad an image smaller than a patch by reflection, its labels by 0 (not labelled).

    Parameters
    ----------
    image : ndarray of float32, shape (y, x)
    labels : ndarray of uint8, shape (layer, y, x)
    size : int
        Least side of the result [px].
    """
    missing = [max(0, size - side) for side in image.shape]
    width = [(m // 2, m - m // 2) for m in missing]
    return np.pad(image, width, mode="symmetric"), np.pad(labels, [(0, 0), *width])


def cut_image(image: FloatImage, y: int, x: int, size: int) -> FloatImage:
    """Copy a square of an image; where it reaches beyond the image, the image goes on mirrored.

    Parameters
    ----------
    image : ndarray of float32, shape (y, x)
    y, x : int
        First row and column, which may be negative.
    size : int
        Side of the square [px].
    """
    rows, columns = (
        _mirrored(np.arange(size) + start, side) for start, side in zip((y, x), image.shape, strict=True)
    )
    return image[rows[:, None], columns]


def cut_labels(labels: LabelArray, y: int, x: int, size: int) -> LabelArray:
    """Copy the same square of labels, shape (layer, y, x); nothing is labelled beyond them."""
    return cut_maps(labels, y, x, size, beyond=NOT_LABELLED)


def cut_maps(maps: Maps, y: int, x: int, size: int, *, beyond: float) -> Maps:
    """Copy the same square of maps, shape (layer, y, x), that have the value `beyond` beyond the image."""
    cut = np.full((len(maps), size, size), beyond, dtype=maps.dtype)
    (inside_y, there_y), (inside_x, there_x) = (
        _overlap(start, size, side) for start, side in zip((y, x), maps.shape[1:], strict=True)
    )
    cut[:, inside_y, inside_x] = maps[:, there_y, there_x]
    return cut


def _mirrored(indices: NDArray[np.intp], side: int) -> NDArray[np.intp]:
    """Return the pixels that a mirrored continuation shows, the edges repeated."""
    within = indices % (2 * side)
    return np.where(within < side, within, 2 * side - 1 - within)


def _overlap(start: int, size: int, side: int) -> tuple[slice, slice]:
    """Return the part of a cut that lies inside, in the cut's and in the array's pixels."""
    first, last = max(start, 0), max(min(start + size, side), 0)
    return slice(first - start, max(last, first) - start), slice(first, max(last, first))


def validation_windows(
    labels: LabelArray, *, core: int, halo: int, limit: int
) -> list[tuple[slice, slice, slice, slice]]:
    """Choose windows that together hold the labelled pixels of an image, each pixel in one core.

    Parameters
    ----------
    labels : ndarray of uint8, shape (layer, y, x)
        0 where not labelled.
    core : int
        Side of the part of a window whose labels count [px].
    halo : int
        What a window shows around its core, where the image goes on [px].
    limit : int
        Largest number of windows; of more, evenly spread ones are taken.

    Returns
    -------
    list of (rows, columns, core rows, core columns)
        The window, and its core, as slices of the image.
    """
    labelled = np.asarray(labels.any(axis=0))
    windows = []
    for top in range(0, labelled.shape[0], core):
        for left in range(0, labelled.shape[1], core):
            rows, columns = slice(top, top + core), slice(left, left + core)
            if labelled[rows, columns].any():
                wide = (slice(max(0, s.start - halo), s.stop + halo) for s in (rows, columns))
                windows.append((*wide, rows, columns))
    chosen = np.linspace(0, len(windows) - 1, min(limit, len(windows))).round().astype(int)
    return [windows[i] for i in chosen]


def patch_origin(
    labelled: NDArray[np.intp], shape: tuple[int, ...], size: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Draw the corner of a patch that holds a random labelled pixel at a random place.

    Parameters
    ----------
    labelled : ndarray of int, shape (n, 2)
        (y, x) of the labelled pixels.
    shape : (int, int)
        Shape (y, x) of the image, at least `size` along each.
    size : int
        Side of the patch [px].
    rng : Generator
        Source of the draw.
    """
    pixel = labelled[rng.integers(len(labelled))]
    corner = pixel - rng.integers(size, size=2)
    y, x = np.clip(corner, 0, np.array(shape) - size)
    return int(y), int(x)
