"""How bright the lattice is at its brightest, and how the background varies under it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.matching.orientation import SeenLayer
from napari_strata.matching.probe import ProbeFit

SLOW = 8.0
"""What varies over more than an image's side by this number is background."""
USUAL_SCATTER = 0.122
"""Standard deviation of the slow part of a simulated smooth background, which lies between 0 and 1: the median of
many; two thirds of them are within 0.3 of it."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """The lattice's part of an image, in its values.

    Attributes
    ----------
    mean : float
        What all layers add to the mean.
    peak : float
        Value at its brightest column, where columns of all layers lie on each other.
    """

    mean: float
    peak: float


@dataclass(frozen=True, slots=True)
class Slow:
    """What varies slowly in an image, in its values.

    Attributes
    ----------
    scatter : float
        Standard deviation.
    rise : float
        Highest minus mean.
    """

    scatter: float
    rise: float


def lattice_brightness(layers: tuple[SeenLayer, ...], probe: ProbeFit, pixel_size: float) -> Lattice:
    """Add up the waves of all reflections at the columns of each layer.

    Parameters
    ----------
    layers : tuple of SeenLayer
        The layers.
    probe : ProbeFit
        Probe and mean of each layer.
    pixel_size : float
        Pixel size [Å/px].
    """
    peak = 0.0
    for layer, mean in zip(layers, probe.means, strict=True):
        reflections = layer.reflections
        transfer = probe.transfer(np.hypot(*layer.places.T) / pixel_size)
        waves = reflections.factor * transfer * np.exp(2j * np.pi * reflections.sites @ reflections.frequency.T)
        peak += float(mean) * (1 + 2 * float(waves.real.sum(axis=1).max()))
    return Lattice(float(probe.means.sum()), peak)


def slow_part(image: NDArray[np.float64], noise: float) -> Slow:
    """Return what varies slowly in an image beyond its noise.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The image.
    noise : float
        Variance of a pixel's noise.
    """
    from scipy.ndimage import gaussian_filter

    width = min(image.shape) / SLOW
    smooth = gaussian_filter(image, width, mode="reflect")  # a mirrored lattice goes on as a lattice
    left = noise / (4 * np.pi * width**2)
    variance = float(smooth.var())
    real = np.sqrt(max(1 - left / variance, 0.0)) if variance else 0.0
    return Slow(float(np.sqrt(variance) * real), float((smooth.max() - smooth.mean()) * real))
