r"""How many electrons an image counted, told by its noise: more of it where it is brighter.

A pixel's value is taken as g n + o: gain, a number of electrons of Poisson's distribution, offset. The variance is
then g² n: that of the whole image gives g² n for the mean n, and how it grows with the local brightness gives g
(the photon transfer curve of cameras, from one image; J. R. Janesick, Photon Transfer, 2007).

The image is split into what the probe lets through, L, and finer noise alone, H. For noise of variance V that is
white in L and of Poisson's third moment,

.. math:: \mathrm{cov}(L, H^2) = g \left( (\mathrm{var}\,L - V \textstyle\sum l^2) \langle H^2 \rangle / V
   + V \sum l h^2 \right)

with the kernels l and h of both parts. The second term is the noise in L, which belongs to the same electrons.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.matching.spectrum import Power

LEAST_NOISE = 0.08
"""Least part of all frequencies that holds nothing but noise."""
BAND = 2.0
"""The noise is that between a frequency and so many times that: an image that was smoothed has less beyond."""
SMOOTHED = 0.6
"""An image has been smoothed if the noise of its finest frequencies is less than this part of that."""
BLOCKS = 4
"""The image is cut into so many parts along each side, to see how much they agree."""
CLEAR = 4.0
"""A gain is beyond doubt if it is so many times its uncertainty."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The noise of an image.

    Attributes
    ----------
    variance : float
        Of a pixel, as if all frequencies had the noise of those next to the lattice's.
    is_smoothed : bool
        Whether the finest frequencies have less.
    cut_off : float
        Frequency beyond which there is nothing but noise [1/px].
    """

    variance: float
    is_smoothed: bool
    cut_off: float


@dataclass(frozen=True, slots=True)
class Gain:
    """Value of a pixel per electron, with its standard uncertainty."""

    value: float
    uncertainty: float

    @property
    def is_clear(self) -> bool:
        """Whether the noise grows with the brightness beyond doubt."""
        return self.value > CLEAR * self.uncertainty


def noise_of(power: Power, cut_off: float) -> Noise | None:
    """Return the noise of an image from its spectrum beyond a frequency [1/px].

    Returns
    -------
    Noise or None
        None where too little of the spectrum lies beyond, or there is no noise.
    """
    radius = power.radius
    beyond = radius > cut_off
    if beyond.mean() < LEAST_NOISE:
        return None
    near = beyond & (radius < BAND * cut_off)
    variance, finest = (float(np.median(power.values[part]) / np.log(2)) for part in (near, radius > 0.45))
    return Noise(variance, finest < SMOOTHED * variance, cut_off) if variance > 0 else None


def find_gain(image: NDArray[np.float64], noise: Noise) -> Gain:
    """Find the gain of an image.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Values.
    noise : Noise
        Its noise.
    """
    from scipy.fft import irfft2, rfft2

    smooth, kernels = _split(image.shape, noise.cut_off)
    low = irfft2(rfft2(image) * smooth, s=image.shape)
    fine = (image - low) ** 2
    edge = int(np.ceil(1 / noise.cut_off))  # a transform takes what is beyond one border from the other
    inside = np.s_[edge:-edge, edge:-edge] if min(image.shape) > 8 * edge else np.s_[:, :]
    low, fine = low[inside], fine[inside]
    parts = [
        _gain(one, two, noise.variance, kernels) for one, two in zip(_blocks(low), _blocks(fine), strict=True)
    ]
    whole = _gain(low, fine, noise.variance, kernels)
    return Gain(whole, float(np.std(parts, ddof=1) / np.sqrt(len(parts))))


def _split(shape: tuple[int, ...], cut_off: float) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return the transfer of the smooth part, and the sums of l² and l h²."""
    from scipy.fft import fftfreq, irfft2, rfftfreq

    frequency = np.hypot(fftfreq(shape[0])[:, None], rfftfreq(shape[1]))
    smooth = 0.5 * (1 - np.tanh((frequency - cut_off) / (0.15 * cut_off)))
    low = irfft2(smooth, s=shape)
    high = -low
    high[0, 0] += 1
    return smooth, (float((low**2).sum()), float((low * high**2).sum()))


def _blocks(image: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    return [part for rows in np.array_split(image, BLOCKS) for part in np.array_split(rows, BLOCKS, axis=1)]


def _gain(
    low: NDArray[np.float64], fine: NDArray[np.float64], variance: float, kernels: tuple[float, float]
) -> float:
    squares, mixed = kernels
    together = float(((low - low.mean()) * (fine - fine.mean())).mean())
    signal = max(float(low.var()) - variance * squares, 0.0)
    return together / (signal * float(fine.mean()) / variance + variance * mixed)
