"""Cutting training patches out of an image around its labelled pixels."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import FloatImage, LabelArray


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
