"""How large the round blobs are that somebody painted: atoms, as a rule."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.annotation.doctor.finding import Box
from napari_strata.types import BACKGROUND, AnyArray

FULLNESS = 0.5
"""Part of its bounding box that a blob fills at least; a large disk fills pi/4, one of 5 pixels 5/9."""
ASPECT = 1.5
"""Longest side of its bounding box over the shortest, at most."""


def blob_diameters(labels: AnyArray) -> tuple[float, ...]:
    r"""Return the equivalent diameters :math:`2 \sqrt{A / \pi}` of the round blobs of all classes [px].

    Strokes, blobs that have grown together and those cut by the border are left out by `FULLNESS`, `ASPECT` and
    their place.

    Parameters
    ----------
    labels : ndarray of integers, shape (y, x)
        Mask codes.
    """
    from scipy import ndimage

    diameters: list[float] = []
    for code in np.unique(labels[labels > BACKGROUND]):
        numbered, _ = ndimage.label(labels == code)
        areas = np.bincount(numbered.ravel())[1:]
        for area, (rows, columns) in zip(areas, ndimage.find_objects(numbered), strict=True):
            if _is_round(int(area), (rows.start, columns.start, rows.stop, columns.stop), labels.shape):
                diameters.append(2 * float(np.sqrt(area / np.pi)))
    return tuple(diameters)


def box_of(mask: NDArray[np.bool_]) -> Box:
    """Return the bounding box of a region, shape (y, x), of at least one pixel."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _is_round(area: int, box: Box, shape: tuple[int, ...]) -> bool:
    top, left, bottom, right = box
    height, width = bottom - top, right - left
    is_inside = top > 0 and left > 0 and bottom < shape[0] and right < shape[1]
    return is_inside and max(height, width) <= ASPECT * min(height, width) and area >= FULLNESS * height * width
