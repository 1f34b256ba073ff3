"""The uncertainty that an atom would have without neighbours."""

import numpy as np

from napari_strata.atoms.fit.noise import Noise
from napari_strata.atoms.fit.squares import Floats

FARTHEST, STEPS = 6.0, 120
"""How far from the centre slopes are summed, in standard deviations, and in how many rings."""


def sigma_alone(amplitude: Floats, background: Floats, noise: Noise) -> Floats:
    """Return the uncertainty of the positions of peaks that stand alone.

    Parameters
    ----------
    amplitude, background : ndarray, shape (atom,)
        Height and background.
    noise : Noise
        Of the pixels.

    Returns
    -------
    ndarray, shape (atom,)
        Geometric mean over both axes of a peak [px], whatever its width: a wider peak has smaller slopes on more
        pixels. Of Poisson counts without background, width / sqrt(counts of the peak).
    """
    radius = (np.arange(STEPS) + 0.5) * FARTHEST / STEPS
    height = np.exp(-(radius**2) / 2)
    variance = noise.variance(background[:, None] + np.abs(amplitude)[:, None] * height)
    # Fisher's information of y: the integral of the squared slope by the variance.
    information = amplitude**2 * np.pi * (radius**3 * height**2 / variance).sum(axis=1) * FARTHEST / STEPS
    alone: Floats = 1 / np.sqrt(np.maximum(information, np.finfo(np.float64).tiny))
    return alone
