"""Between an image's own grid and the grid on which a network works.

An image is normalised once, as a whole, and resampled so that one network pixel has the network's pixel size.
Resampling by s maps x' = (x + 0.5) s - 0.5.
"""

import numpy as np
import torch
from torch.nn.functional import interpolate

from napari_strata.errors import CalibrationError
from napari_strata.types import AnyArray, FloatImage


def normalise(image: AnyArray) -> FloatImage:
    """Return the image with mean 0 and standard deviation 1, the extreme 0.1 % on either side clipped.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Finite intensities, not all equal.
    """
    values = np.asarray(image, dtype=np.float32)
    low, high = np.percentile(values, [0.1, 99.9])
    if high > low:
        values = np.clip(values, low, high)
    spread = float(values.std())
    return np.asarray((values - values.mean()) / (spread if spread > 0 else 1.0), dtype=np.float32)


def scale_factor(pixel_size: float | None, target: float | None) -> float:
    """Return by how much an image is enlarged to have the network's pixel size.

    Parameters
    ----------
    pixel_size : float or None
        Pixel size of the image [Å/px].
    target : float or None
        Pixel size of the network's grid [Å/px]; None means the image's own.

    Raises
    ------
    CalibrationError
        If the network needs a pixel size and the image has none.
    """
    if target is None:
        return 1.0
    if pixel_size is None:
        raise CalibrationError(
            f"The image has no pixel size, and this network works at {target:g} Å per pixel.",
            remedy="State the pixel size in Å.",
        )
    return pixel_size / target


def to_network_grid(image: AnyArray, pixel_size: float | None, target: float | None) -> FloatImage:
    """Normalise an image and resample it to the network's grid.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The whole image: it is normalised once.
    pixel_size, target : float or None
        As in `scale_factor`.

    Returns
    -------
    ndarray of float32, shape (y', x')
        Sides rounded to whole pixels, at least 1.

    Raises
    ------
    CalibrationError
        If the network needs a pixel size and the image has none.
    """
    factor = scale_factor(pixel_size, target)
    normalised = normalise(image)
    if factor == 1.0:
        return normalised
    height, width = (max(1, round(side * factor)) for side in normalised.shape)
    resampled: FloatImage = _interpolate(normalised[None], (height, width), mode="bicubic", antialias=factor < 1)[
        0
    ]
    return resampled


def from_network_grid(probabilities: FloatImage, shape: tuple[int, int]) -> FloatImage:
    """Resample probabilities from the network's grid to the image's own.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (..., class, y', x')
        Sums to 1 over classes, and does so afterwards: the interpolation is linear.
    shape : (int, int)
        Shape (y, x) of the image.
    """
    if probabilities.shape[-2:] == shape:
        return probabilities
    flat = probabilities.reshape(-1, *probabilities.shape[-2:])
    resampled = _interpolate(flat, shape, mode="bilinear", antialias=shape[0] < flat.shape[-2])
    return resampled.reshape(*probabilities.shape[:-2], *shape)


def resample_labels(labels: AnyArray, shape: tuple[int, int]) -> AnyArray:
    """Resample mask codes by nearest neighbour, shape (..., y, x) to ``(..., *shape)``."""
    rows, columns = (
        np.clip(np.floor((np.arange(new) + 0.5) * old / new).astype(int), 0, old - 1)
        for new, old in zip(shape, labels.shape[-2:], strict=True)
    )
    return labels[..., rows[:, None], columns[None, :]]


def _interpolate(images: FloatImage, shape: tuple[int, int], *, mode: str, antialias: bool) -> FloatImage:
    batch = torch.from_numpy(np.ascontiguousarray(images))[:, None]
    resampled = interpolate(batch, size=shape, mode=mode, align_corners=False, antialias=antialias)
    array: FloatImage = resampled[:, 0].numpy()
    return array
