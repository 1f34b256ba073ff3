"""Label masks on disk: one code per pixel, frame and crystal layer."""

from pathlib import Path

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.arrays import read_array
from napari_strata.io.tif import write_tif
from napari_strata.types import AnyArray, FloatImage, LabelArray

AXES = "TZYX"
"""Frame, crystal layer, y, x in the letters of TIFF."""

_CODES = "Use whole numbers from 0 to 255: 0 not labelled, 1 background, 2.. classes."


def write_masks(masks: LabelArray, path: Path, *, pixel_size: float | None = None) -> None:
    """Write masks as a tif that reads back in the same shape, in any program.

    Parameters
    ----------
    masks : ndarray of uint8, shape (frame, layer, y, x)
        Mask codes.
    path : Path
        File to write.
    pixel_size : float, optional
        Pixel size [Å/px].

    Raises
    ------
    LabelsError
        If the array is not uint8 with four axes.
    OutputError
        If the file cannot be written.
    """
    if masks.ndim != 4 or masks.dtype != np.uint8:
        raise LabelsError(
            f"Masks of type {masks.dtype} and shape {masks.shape} cannot be written.",
            remedy="Give uint8 codes of shape (frame, layer, y, x).",
        )
    write_tif(path, masks, AXES, pixel_size=pixel_size)


def write_probabilities(probabilities: FloatImage, path: Path, *, pixel_size: float | None = None) -> None:
    """Write class probabilities as a tif that reads back in the same shape, in any program.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (frame, layer, class, y, x)
        As in `napari_strata.types.Prediction`.
    path : Path
        File to write.
    pixel_size : float, optional
        Pixel size [Å/px].

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_tif(path, probabilities, "TZCYX", pixel_size=pixel_size)


def read_masks(path: Path) -> LabelArray:
    """Read masks.

    Parameters
    ----------
    path : Path
        A tif, npy, npz or png file of integers: (frame, layer, y, x), or (frame, y, x) or (y, x) of one layer.
        Of a png with a palette the indices count, not the colours.

    Returns
    -------
    ndarray of uint8, shape (frame, layer, y, x)
        Mask codes.

    Raises
    ------
    LabelsError
        If the file cannot be read, or does not hold integer codes from 0 to 255 of such a shape.
    """
    return as_masks(_read(path), name=str(path))


def read_codes(path: Path) -> LabelArray:
    """Read mask codes in the shape in which a file has them.

    Parameters
    ----------
    path : Path
        As of `read_masks`, of any axes.

    Returns
    -------
    ndarray of uint8
        Mask codes.

    Raises
    ------
    LabelsError
        If the file cannot be read, or does not hold integer codes from 0 to 255.
    """
    return _checked(_read(path), name=str(path))


def _read(path: Path) -> AnyArray:
    content = read_array(path, error_type=LabelsError)
    if content.is_colour and content.indices is None:
        raise LabelsError(f"{path} is a colour picture, shape {content.data.shape}.", remedy=_CODES)
    return content.codes


def as_masks(data: AnyArray, *, name: str) -> LabelArray:
    """Check mask codes and give them their four axes.

    Parameters
    ----------
    data : ndarray of integers, shape (frame, layer, y, x), (frame, y, x) or (y, x)
        Mask codes; where there is no layer axis there is one layer.
    name : str
        Where they come from, for messages.

    Returns
    -------
    ndarray of uint8, shape (frame, layer, y, x)
        The same codes.

    Raises
    ------
    LabelsError
        If shape, type or codes are wrong.
    """
    if data.ndim not in (2, 3, 4) or 0 in data.shape:
        raise LabelsError(
            f"{name} has the shape {data.shape}.",
            remedy="Labels are (y, x), (frame, y, x) or (frame, layer, y, x).",
        )
    codes = _checked(data, name=name)
    if codes.ndim == 2:
        return codes[None, None]
    return codes[:, None] if codes.ndim == 3 else codes


def _checked(data: AnyArray, *, name: str) -> LabelArray:
    if data.dtype.kind not in "iu":
        raise LabelsError(f"{name} holds {data.dtype} values and no integer codes.", remedy=_CODES)
    low, high = (int(data.min()), int(data.max())) if data.size else (0, 0)
    if low < 0 or high > np.iinfo(np.uint8).max:
        raise LabelsError(f"{name} holds codes from {low} to {high}.", remedy=_CODES)
    codes: LabelArray = data.astype(np.uint8, copy=False)
    return codes
