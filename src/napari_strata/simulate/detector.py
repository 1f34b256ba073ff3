"""The detector: counts, gain, offset and read noise."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_strata.types import FloatImage

REFERENCE_PIXEL = 0.2
"""Pixel size at which a dose of the brightest pixel is stated [Å/px]; counts per pixel grow with its area."""
DARK = 1e-20
"""Brightest pixel, relative to an atom, below which there is no atom in view and nothing to count."""


@dataclass(frozen=True, slots=True)
class Readout:
    """How counts become values.

    Attributes
    ----------
    gain : float
        Value per count.
    offset : float
        Value without counts.
    noise : float
        Standard deviation of what reading adds, in values.
    """

    gain: float = 1.0
    offset: float = 0.0
    noise: float = 0.0

    def __call__(self, counts: FloatImage, rng: np.random.Generator) -> FloatImage:
        """Return the values of pixels."""
        if self == Readout():
            return counts
        values = self.gain * counts + self.offset
        noisy = values + rng.normal(0, self.noise, counts.shape) if self.noise else values
        return np.asarray(noisy, dtype=np.float32)


def exposure_of(image: FloatImage, dose: float, per: Literal["peak", "area"], pixel_size: float) -> float:
    """Return the counts per unit of intensity that give a dose.

    Parameters
    ----------
    image : ndarray of float32, shape (y, x)
        Intensities.
    dose : float
        Expected counts: in the brightest pixel if it were 0.2 Å wide (``peak``), or per Å² in the mean (``area``).
    per : str
        Which of them.
    pixel_size : float
        Pixel size [Å/px].

    Returns
    -------
    float
        0 of an image without light.
    """
    brightest = float(image.max())
    if brightest <= DARK:
        return 0.0
    if per == "area":
        return float(dose * pixel_size**2 / image.mean(dtype=np.float64))
    counts: float = dose * (pixel_size / REFERENCE_PIXEL) ** 2
    return counts / brightest


def count(image: FloatImage, exposure: float, rng: np.random.Generator) -> FloatImage:
    """Count electrons, with the noise of Poisson's distribution; shape (y, x)."""
    counted: FloatImage = rng.poisson(image * np.float32(exposure)).astype(np.float32)
    return counted
