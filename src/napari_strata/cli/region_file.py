"""Regions and numbered instances of an image, from files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import TargetError
from napari_strata.types import AnyArray, ImageStack


def read_region(path: Path, image: ImageStack) -> NDArray[np.bool_]:
    """Return where a file is not 0, shape (y, x).

    Parameters
    ----------
    path : Path
        File of (y, x).
    image : ImageStack
        The image to which it belongs.

    Raises
    ------
    TargetError
        If the file cannot be read, has another shape than the image, or is 0 everywhere.
    """
    region: NDArray[np.bool_] = read_numbers(path, image) != 0
    if not region.any():
        raise TargetError(f"{path.name} holds no pixel that is not 0.", remedy="Mark at least one pixel.")
    return region


def read_numbers(path: Path, image: ImageStack) -> AnyArray:
    """Return the numbers in a file, shape (y, x); what is no number is 0.

    Parameters
    ----------
    path, image
        As in `read_region`.

    Raises
    ------
    TargetError
        If the file cannot be read, or has another shape than the image.
    """
    from napari_strata.io.arrays import read_array

    numbers, shape = read_array(path, error_type=TargetError).codes, image.data.shape[-2:]
    while numbers.ndim > 2 and len(numbers) == 1:
        numbers = numbers[0]
    if numbers.shape != shape:
        raise TargetError(
            f"{path.name} has the shape {numbers.shape}, the image {shape}.",
            remedy="Give a mask (y, x) of this image.",
        )
    return np.nan_to_num(numbers)
