r"""What an image looks like to a network, in four numbers: how a model tells whether it has seen such images.

They come from the spectrum: Welch's mean of periodograms of Hann windows that overlap by half (IEEE Trans. Audio
Electroacoust. 15, 70, 1967), averaged over rings of equal spatial frequency k [1/px] to P(k). scipy's `welch` has
one dimension only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import FloatImage

WINDOW = 128
"""Side of a window [px]: that of a default training patch."""
LEAST_SIDE = 64
"""Side of an image below which its spectrum has too few rings [px]."""
STANDS_OUT = 0.5
"""Order from which the ring that stands out most is one; that of noise is below 0.3."""
FAINT = 1e-3
"""Power, in parts of the mean, below which rings do not stand out: an image without noise has only such."""
SLOWEST = 8
"""Rings below this one, in half cycles per window, belong to the background."""
REACH = 2
"""The maximum of a ring is looked for so many rings beside the one that stands out most."""
OCTAVE = 2**0.5
"""A ring is compared with those between its frequency divided and multiplied by this."""


@dataclass(frozen=True, slots=True)
class Appearance:
    r"""What one image looks like, on the network's grid.

    Attributes
    ----------
    spacing : float
        :math:`1 / k^*`, the period of the ring that stands out most [px]:
        :math:`k^* = \arg\max P(k) / \tilde P(k)` with :math:`\tilde P` the median of P over the octave around k;
        between rings by a parabola through three logarithms.
    order : float
        :math:`\log_{10} P(k^*) / \tilde P(k^*)`, by how much it stands out: about 0.3 where nothing is periodic.
    noise : float
        Mean of P beyond the Nyquist frequency of the axes, in the corners of the spectrum, over that of all: near
        1 of shot noise alone, near 0 of a smooth or an enlarged image.
    skewness : float
        Third standardised moment of the intensities: positive of few bright spots on dark.
    """

    spacing: float
    order: float
    noise: float
    skewness: float


def appearance(image: FloatImage, *, window: int = WINDOW) -> Appearance:
    """Look at an image.

    Parameters
    ----------
    image : ndarray of float32, shape (y, x)
        On the network's grid; at least `LEAST_SIDE` px a side, and not all equal.
    window : int
        Side of the windows [px]; no larger than the image, which is one window else.
    """
    power, frequency = _spectrum(image, window)
    side = len(power)  # rings are half a cycle per window apart
    ring = np.rint(frequency * side).astype(np.intp)
    rings = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    inside = np.arange(SLOWEST, side // 2 + 1)
    floor = FAINT * power.mean()
    ratio = np.array([(rings[k] + floor) / (np.median(rings[_octave(int(k))]) + floor) for k in inside])
    clearest = int(np.argmax(ratio))
    return Appearance(
        spacing=side / (inside[0] + _vertex(np.log(rings[inside]), clearest)),
        order=float(np.log10(ratio[clearest])),
        noise=float(power[frequency > 0.5].mean() / power.mean()),
        skewness=_skewness(image),
    )


def _vertex(values: NDArray[np.float64], top: int) -> float:
    """Return where the parabola through the maximum next to a place, and its neighbours, is highest.

    What stands out most of its surroundings may lie beside a maximum, or on a slope that has none: then the place
    itself is returned, as a parabola has its vertex anywhere there.
    """
    near = slice(max(top - REACH, 0), top + REACH + 1)
    best = near.start + int(np.argmax(values[near]))
    before, at, after = values[best - 1 : best + 2] if 0 < best < len(values) - 1 else (np.inf, 0.0, np.inf)
    if at < max(before, after):
        return float(top)
    bend = before - 2 * at + after
    return best + 0.5 * (before - after) / bend if bend else float(best)


def _octave(k: int) -> slice:
    return slice(int(k / OCTAVE), int(np.ceil(k * OCTAVE)) + 1)


def _spectrum(image: FloatImage, window: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean power of square windows padded to twice their side, and its frequencies [1/px]."""
    side = min(window, *image.shape)
    starts = [_starts(length, side) for length in image.shape]
    hann = np.hanning(side + 2)[1:-1]
    taper = np.outer(hann, hann)
    power = np.zeros((2 * side, 2 * side))
    for y in starts[0]:
        for x in starts[1]:
            part = image[y : y + side, x : x + side].astype(np.float64)
            power += np.abs(np.fft.fft2((part - part.mean()) * taper, s=(2 * side, 2 * side))) ** 2
    along = np.fft.fftfreq(2 * side)
    return power / (len(starts[0]) * len(starts[1])), np.hypot(along[:, None], along)


def _starts(length: int, side: int) -> NDArray[np.intp]:
    """Return where windows begin, so that they overlap by half or more and cover all."""
    count = int(np.ceil(2 * (length - side) / side)) + 1
    return np.linspace(0, length - side, count).round().astype(np.intp)


def _skewness(image: FloatImage) -> float:
    centred = image - image.mean(dtype=np.float64)
    return float((centred**3).mean() / (centred**2).mean() ** 1.5)
