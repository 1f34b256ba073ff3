"""Values on disk that a network learns to give, or gave: one number per pixel, frame and crystal layer."""

from pathlib import Path

import numpy as np

from napari_strata.errors import ImageError
from napari_strata.io.arrays import read_array
from napari_strata.io.masks import AXES
from napari_strata.io.tif import write_tif
from napari_strata.types import FloatImage


def read_values(path: Path) -> FloatImage:
    """Read values.

    Parameters
    ----------
    path : Path
        A tif, npy, npz or png file of real numbers: (frame, layer, y, x), or (frame, y, x) or (y, x) of one layer.

    Returns
    -------
    ndarray of float32, shape (frame, layer, y, x)
        NaN where the file has NaN.

    Raises
    ------
    ImageError
        If the file cannot be read, or does not hold real numbers in such a shape.
    """
    content = read_array(path)
    data = content.data
    if content.is_colour or data.ndim not in (2, 3, 4) or 0 in data.shape or np.iscomplexobj(data):
        raise ImageError(
            f"{path} has the shape {data.shape} and type {data.dtype}.",
            remedy="Targets are grey-scale, (y, x), (frame, y, x) or (frame, layer, y, x).",
        )
    values: FloatImage = data.astype(np.float32)
    if values.ndim == 2:
        return values[None, None]
    return values[:, None] if values.ndim == 3 else values


def write_values(values: FloatImage, path: Path, *, pixel_size: float | None = None) -> None:
    """Write values as a tif that reads back in the same shape, in any program.

    Parameters
    ----------
    values : ndarray of float32, shape (frame, layer, y, x)
        One number per pixel.
    path : Path
        File to write.
    pixel_size : float, optional
        Pixel size [Å/px].

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_tif(path, values, AXES, pixel_size=pixel_size)
