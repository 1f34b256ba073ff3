"""What lies on the specimen: a smooth background, and amorphous carbon in patches."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import FloatImage

CARBON = "C"
CARBON_DENSITY = 0.1
"""Atoms per Å³ of amorphous carbon of 2 g/cm³."""
_PATCH = 40.0
"""Patches are at least about half as long as this [Å]."""


def smooth_background(size: int, pixel_size: float, rng: np.random.Generator) -> FloatImage:
    """Draw a smooth background between 0 and 1, as from contamination; shape (size, size)."""
    wavelength = max(size * pixel_size, 20.0) / pixel_size
    wave = 2 * np.pi / wavelength * rng.uniform(-1, 1, (4, 2))
    phase = rng.uniform(0, 2 * np.pi, 4)
    y, x = np.ogrid[:size, :size]
    field = sum(np.sin(w[0] * y + w[1] * x + p) for w, p in zip(wave, phase, strict=True))
    return np.asarray(field / 8 + 0.5, dtype=np.float32)


def scatter_carbon(
    thickness: float, coverage: float, half_width: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Scatter the atoms of amorphous carbon over a square, without regard to each other.

    Parameters
    ----------
    thickness : float
        Thickness of the film [Å].
    coverage : float
        Part of the square that it covers, 0 to 1.
    half_width : float
        Half the side of the square [Å].
    rng : Generator
        Source of patches, number and places.

    Returns
    -------
    ndarray, shape (n, 2)
        (y, x) [Å].
    """
    count = rng.poisson(CARBON_DENSITY * thickness * (2 * half_width) ** 2)
    positions = rng.uniform(-half_width, half_width, (count, 2))
    wave = 2 * np.pi / max(2 * half_width, _PATCH) * rng.uniform(-2, 2, (6, 2))
    phase = rng.uniform(0, 2 * np.pi, 6)
    height = np.sin(positions @ wave.T + phase).sum(axis=1)
    if not count:
        return positions
    return np.asarray(positions[height >= np.quantile(height, 1 - coverage)])
