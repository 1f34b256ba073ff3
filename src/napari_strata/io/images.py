"""Microscopy images on disk, as grey-scale stacks with a pixel size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_strata.errors import ImageError
from napari_strata.io.arrays import read_array
from napari_strata.io.calibration import Calibration, settle
from napari_strata.io.tif import write_tif
from napari_strata.types import AnyArray, FloatImage, ImageStack

_LUMINANCE = np.array([0.2125, 0.7154, 0.0721], dtype=np.float32)
"""Weights of red, green and blue (ITU-R BT.709)."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image, and what its file says about it.

    Attributes
    ----------
    stack : ImageStack
        The frames; ``name`` is the file's stem.
    calibration : Calibration
        The pixel size and where it comes from.
    warnings : tuple of str
        What the user should know about the file.
    """

    stack: ImageStack
    calibration: Calibration
    warnings: tuple[str, ...]


def read_image(
    path: Path, *, pixel_size: float | None = None, to_grey: bool = False, signal: str | None = None
) -> ImageFile:
    """Read an image as a stack of frames.

    Parameters
    ----------
    path : Path
        A tif (calibration from OME or ImageJ metadata, or from metric resolution tags), npy, npz (array
        ``im_array`` or the only one; ``pixel_size`` in metres), or png file, or a file of a microscope
        (`napari_strata.io.microscope.endings`), (y, x) or (frame, y, x).
    pixel_size : float, optional
        Pixel size [Å/px]; it wins over the file's own.
    to_grey : bool
        Turn a colour picture into its luminance instead of refusing it.
    signal : str, optional
        Which image to read of a microscope's file that holds several.

    Returns
    -------
    ImageFile
        The pixel size is None where neither the file nor the caller states one: some networks need none.

    Raises
    ------
    ImageError
        If the file cannot be read, is a colour picture, or has more than three axes.
    CalibrationError
        If the pixel size given is not positive.
    ExtraError
        If the file needs RosettaSciIO, and that is not installed.
    """
    content = read_array(path, signal=signal)
    calibration, warnings = settle(pixel_size, content.pixel_size, name=path.name)
    data = content.data
    if content.is_colour:
        if not to_grey:
            raise ImageError(
                f"{path} is a colour picture, shape {data.shape}; images are grey-scale.",
                remedy="Convert it to grey: --to-grey on the command line, 'Convert to grey' in the Predict dock.",
            )
        data = luminance(data)
    stack = ImageStack(_frames(data, path), calibration.value, path.stem)
    return ImageFile(stack, calibration, tuple(f"{path.name}: {text}." for text in content.warnings) + warnings)


def write_images(images: AnyArray, path: Path, *, pixel_size: float | None = None) -> None:
    """Write a calibrated stack as a tif that reads back in the same shape, in any program.

    Parameters
    ----------
    images : ndarray, shape (frame, y, x) or (y, x)
        Real numbers.
    path : Path
        File to write.
    pixel_size : float, optional
        Pixel size [Å/px].

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_tif(path, images, "TYX"[-images.ndim :], pixel_size=pixel_size)


def luminance(picture: AnyArray) -> FloatImage:
    """Convert a colour picture to grey.

    Parameters
    ----------
    picture : ndarray, shape (..., y, x, sample)
        Red, green, blue, and perhaps alpha, which is dropped.

    Returns
    -------
    ndarray of float32, shape (..., y, x)
        Luminance on the picture's own scale of values.
    """
    grey: FloatImage = picture[..., :3].astype(np.float32) @ _LUMINANCE[: picture.shape[-1]]
    return grey


def _frames(data: AnyArray, path: Path) -> AnyArray:
    while data.ndim > 3 and 1 in data.shape[:-2]:
        data = data.squeeze(axis=data.shape.index(1))
    if data.ndim == 2:
        return data[None]
    if data.ndim == 3:
        return data
    raise ImageError(
        f"{path} has {data.ndim} axes, shape {data.shape}; an image is (y, x) or (frame, y, x).",
        remedy="Save the slices or time points to be used as one (frame, y, x) stack.",
    )
