"""The variance of the noise: a gain times the mean, and a constant."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.squares import Floats

BINS = 24
"""Into how many bins of equal size the pixels are sorted by their mean to measure the noise."""
ROUNDS = 10
LEAST = 1e-2
"""Smallest variance believed, in units of the variance of the brightest pixels."""
MOST_LEVERAGE = 0.8
RIM = 3.0
"""How far from the border pixels tell nothing of the noise where atoms lie beyond it, in standard deviations of a
peak: what is left there is what the few places for light from outside cannot make."""
TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True)
class Noise:
    """Variance of a pixel: ``gain * mean + readout``, and never below ``least``.

    Attributes
    ----------
    gain : float
        Variance per unit of intensity: the intensity of one quantum; 1 where pixels are counts.
    readout : float
        Variance where the mean is 0. Negative where the image's zero lies above the detector's.
    least : float
        Smallest variance that is believed, so that no pixel decides alone.
    """

    gain: float
    readout: float
    least: float

    def variance(self, mean: Floats) -> Floats:
        """Return the variance at each mean."""
        return np.maximum(self.gain * mean + self.readout, self.least)


@dataclass(frozen=True, slots=True)
class NoiseKind:
    """What is known of the noise beforehand.

    Attributes
    ----------
    uniform : bool
        It is the same everywhere.
    gain : float or None
        Its gain, where it is that of quanta and known.
    """

    uniform: bool = False
    gain: float | None = None


def without_rim(used: NDArray[np.bool_], width: float) -> NDArray[np.bool_]:
    """Return the pixels (y, x) that tell of the noise where atoms of a width [px] lie beyond the border.

    Those are all that are fitted where most of them are near the border.
    """
    rim = int(np.ceil(RIM * width))
    if min(used.shape) <= 2 * rim:
        return used
    telling = used & np.pad(np.ones([side - 2 * rim for side in used.shape], bool), rim)
    return telling if telling.sum() > 0.5 * used.sum() else used


def measure_noise(
    image: Floats, mean: Floats, used: NDArray[np.bool_], leverage: Floats, kind: NoiseKind
) -> Noise:
    """Measure the noise by what a fit has left.

    Parameters
    ----------
    image, mean : ndarray, shape (y, x)
        What was recorded and what was fitted.
    used : ndarray of bool, shape (y, x)
        Pixels that were fitted.
    leverage : ndarray, shape (y, x)
        How much of its own noise each pixel's fitted mean has taken up, 0 to 1.
    kind : NoiseKind
        What is known; nothing is measured where that is all.

    Returns
    -------
    Noise
        Gain and readout by weighted least squares of the mean squares of bins of pixels of like mean.
    """
    means, recorded = mean[used], image[used]
    if not len(means) or not np.ptp(recorded) > 0:
        return Noise(0.0, 1.0, 1.0)  # of an image of nothing, anything is true
    sample = means[:: max(1, len(means) // 100_000)]
    spread = float(np.subtract(*np.quantile(sample, (0.99, 0.01))))
    floor = (1e-9 * max(spread, float(np.ptp(recorded)))) ** 2
    if kind.gain is not None and not kind.uniform:
        return Noise(kind.gain, 0.0, max(LEAST * kind.gain * spread, floor))
    squares = (recorded - means) ** 2 / (1 - np.minimum(leverage[used], MOST_LEVERAGE))
    if kind.uniform:
        level = max(float(squares.mean()), floor)
        return Noise(0.0, level, level)
    slope, readout = _line(*_binned(means, squares))
    return Noise(slope, readout, max(LEAST * slope * spread, floor))


def _binned(means: Floats, squares: Floats) -> tuple[Floats, Floats, Floats]:
    """Average means and squares over bins of equal width of the root of the mean above the lowest."""
    place = np.sqrt(np.clip(means - means.min(), 0, None))
    top = place.max()
    index = np.minimum((place * (BINS / top if top > 0 else 0)).astype(np.intp), BINS - 1)
    counts = np.bincount(index, minlength=BINS)
    groups = _groups(counts, max(20, 1e-4 * len(means)))
    if groups.max() < 1:
        return np.array([means.mean()]), np.array([squares.mean()]), np.ones(1)
    index = groups[index]
    means, squares, index = (values[index >= 0] for values in (means, squares, index))
    counts = np.bincount(index)
    mean, square = (np.bincount(index, of) / counts for of in (means, squares))
    return mean, square, counts.astype(np.float64)


def _groups(counts: NDArray[np.intp], least: float) -> NDArray[np.intp]:
    """Join neighbouring bins until they hold more than `least` pixels; return the group of each, -1 of none.

    The brightest pixels of a few atoms fill no bin; a few that are brighter than all others by far make no group.
    """
    groups, members, number = np.full(len(counts), -1), list[int](), 0
    for i in reversed(range(len(counts))):
        members = [*members, i] if counts[i] else []
        if counts[members].sum() > least:
            groups[members] = number
            members, number = [], number + 1
    return groups


def _line(means: Floats, variances: Floats, counts: Floats) -> tuple[float, float]:
    """Lay a line with no negative slope through variances; each is known to a fraction of itself."""
    largest = float(variances.max())
    if not largest > TINY:
        return 0.0, 0.0
    slope, readout = 0.0, float(variances.mean())
    for _ in range(ROUNDS if len(means) > 1 else 0):
        weights = counts / np.maximum(slope * means + readout, 0.02 * largest) ** 2
        centre = np.average(means, weights=weights)
        slope = float((weights * (means - centre) * variances).sum() / (weights * (means - centre) ** 2).sum())
        slope = max(slope, 0.0)
        readout = float(np.average(variances - slope * means, weights=weights))
    return slope, readout
