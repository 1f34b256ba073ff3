"""Images and spectra as grey pictures."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import AnyArray, FloatImage

CONTRAST = (0.5, 99.8)
"""Percentiles of an image that are shown as black and as white."""
SPECTRUM = (50.0, 99.9)
"""The same of a spectrum: noise is dark."""
LEAST_SIDE, LEAST_WIDTH = 256, 25.0
"""So much of an image is shown, where there is as much [px], [Å]: columns must be seen."""
Grey = NDArray[np.uint8]
"""Grey values, shape (y, x)."""


def shown_part(shape: tuple[int, int], pixel_size: float) -> tuple[slice, slice]:
    """Return which part in the middle of an image is shown, as a square where that fits."""
    side = max(LEAST_SIDE, int(np.ceil(LEAST_WIDTH / pixel_size)))
    y, x = (slice(max(0, (length - side) // 2), max(0, (length - side) // 2) + side) for length in shape)
    return y, x


def grey_image(image: AnyArray, part: tuple[slice, slice]) -> Grey:
    """Show a part of an image with the contrast of the whole, whatever its gain and offset."""
    low, high = np.percentile(image, CONTRAST)
    return _grey(image[part], float(low), float(high))


def grey_spectra(spectrum: FloatImage, beside: FloatImage | None) -> tuple[Grey, Grey | None]:
    """Show one or two spectra with one contrast: that of the second, which is the user's."""
    low, high = np.percentile(spectrum if beside is None else beside, SPECTRUM)
    return (
        _grey(spectrum, float(low), float(high)),
        None if beside is None else _grey(beside, float(low), float(high)),
    )


def _grey(values: AnyArray, low: float, high: float) -> Grey:
    span = max(high - low, 1e-12)
    return np.asarray(np.clip((values.astype(np.float32) - low) / span, 0, 1) * 255, dtype=np.uint8)
