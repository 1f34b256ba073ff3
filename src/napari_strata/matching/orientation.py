r"""Where the reflections of every layer lie in an image's Fourier transform, and how long a pixel is by that.

A layer's reflections g [1/Å] are seen at the frequencies :math:`f = M g` [1/px], where M turns, scales and, as
scans do, stretches a little; the pixel size is :math:`\sqrt{|\det M|}`. Every bright spot, taken for every low
reflection, gives a first M. The best of them explains the amplitudes of all spots: those that should be seen and
are not count against it as much as those that it does not explain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.spectrum import Spots
from napari_strata.matching.reflections import Reflections

PIXEL_SIZES = (0.01, 1.0)
"""Between these a pixel size is looked for [Å/px]."""
WIDTHS = np.array([0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 2.5])
"""Widths of the probe by which reflections may be dimmed, in units of the usual one."""
UNUSUAL = 0.8
"""Widths that differ by this part, in the logarithm, count e^(-1/2) times."""
AS_STATED = 0.2
"""A pixel size that differs from the stated one by less than this part is preferred."""
PREFERENCE = 1.25
"""It then counts so many times."""
TRIED_SPOTS = 12
TRIED_RINGS = 5
NEAR = 0.06
"""A spot belongs to a reflection if it is this close to its place, in units of the lowest frequency."""
MOST_STRETCH = 1.2
"""Ratio of the largest and the smallest stretch of a scan that is believed."""
SAME_SCALE = 0.08
"""All layers have the same pixel size to this part."""
UNCHECKED = 0.02
"""Part by which a pixel size is unsure that no third spot confirms."""
LEAST_LIKENESS = 0.35
"""Likeness, 0 to 1, from which reflections are recognised; spots of noise reach 0.3."""
NYQUIST = 0.48


@dataclass(frozen=True, slots=True, eq=False)
class SeenLayer:
    """A crystal layer that is recognised in a Fourier transform.

    Attributes
    ----------
    reflections : Reflections
        Its crystal's.
    matrix : ndarray, shape (2, 2)
        M: what turns frequencies (y, x) [1/Å] into those of the image [1/px].
    likeness : float
        Cosine between the amplitudes of its reflections and those of the spots, 0 to 1.
    number : int
        How many spots are its own.
    uncertainty : float
        Standard uncertainty of the pixel size from how far its spots are from their places [Å/px].
    """

    reflections: Reflections
    matrix: NDArray[np.float64]
    likeness: float
    number: int
    uncertainty: float = 0.0

    @property
    def pixel_size(self) -> float:
        """Pixel size at which the crystal has the area of its cell [Å/px]."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    @property
    def places(self) -> NDArray[np.float64]:
        """Frequencies (y, x) of its reflections in the image [1/px], shape (n, 2)."""
        return np.asarray(self.reflections.frequency @ self.matrix.T)


@dataclass(frozen=True, slots=True)
class Expected:
    """What decides between ways to read the same spots.

    Attributes
    ----------
    width : float
        Usual width of the probe [Å].
    pixel_size : float or None
        What the image states [Å/px].
    """

    width: float
    pixel_size: float | None = None

    def favours(self, pixel_size: float) -> float:
        """Return how much a pixel size counts."""
        if self.pixel_size is None:
            return 1.0
        return PREFERENCE if abs(pixel_size / self.pixel_size - 1) < AS_STATED else 1.0


def recognise(spots: Spots, crystals: Sequence[Reflections], expected: Expected) -> tuple[SeenLayer, ...]:
    """Recognise crystal layers in the spots of a Fourier transform.

    Parameters
    ----------
    spots : Spots
        Found with a pixel size of 1: frequencies in waves per pixel.
    crystals : sequence of Reflections
        The crystal of every layer, in any order.
    expected : Expected
        What decides between ways to read the same spots.

    Returns
    -------
    tuple of SeenLayer
        Those that are seen, the clearest first; layers that lie alike share their spots and are seen as one.
    """
    left, missing = spots, list(crystals)
    found: list[SeenLayer] = []
    while missing and len(left) > 1:
        scale = (found[0].pixel_size * (1 - SAME_SCALE), found[0].pixel_size * (1 + SAME_SCALE)) if found else None
        tried = [_best(left, crystal, scale or PIXEL_SIZES, expected) for crystal in dict.fromkeys(missing)]
        best = max((one for one in tried if one is not None), key=lambda one: one.likeness, default=None)
        if best is None or best.likeness < LEAST_LIKENESS:
            break
        found.append(best)
        missing.remove(best.reflections)
        left = left.take(~_belongs(left, best)[1])
    return tuple(found)


def _best(spots: Spots, crystal: Reflections, scales: tuple[float, float], expected: Expected) -> SeenLayer | None:
    """Return how a crystal lies that explains the spots best."""
    _, rings = np.unique(crystal.length.round(4), return_index=True)
    best: SeenLayer | None = None
    highest = 0.0
    for spot in spots.frequency[:TRIED_SPOTS]:
        for ring in rings[:TRIED_RINGS]:
            rough = _turned(crystal.frequency[ring], spot)
            if not scales[0] < np.sqrt(np.linalg.det(rough)) < scales[1]:
                continue
            seen = _fitted(spots, crystal, rough, float(crystal.length[ring]))
            if seen is None or not scales[0] < seen.pixel_size < scales[1]:
                continue
            score = _likeness(spots, seen, expected.width, UNUSUAL) * expected.favours(seen.pixel_size)
            best, highest = (seen, score) if score > highest else (best, highest)
    return None if best is None else replace(best, likeness=_likeness(spots, best, expected.width))


def _turned(reflection: NDArray[np.float64], spot: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the turn and scale that bring a reflection to a spot."""
    ratio = complex(*spot) / complex(*reflection)
    return np.array([[ratio.real, -ratio.imag], [ratio.imag, ratio.real]])


def _fitted(spots: Spots, crystal: Reflections, matrix: NDArray[np.float64], length: float) -> SeenLayer | None:
    """Fit M to the spots near its reflections, first those up to a length [1/Å], then all.

    Returns
    -------
    SeenLayer or None
        None where no two directions are seen, or the scan would be stretched beyond belief.
    """
    for reach in (1.2, 2.2, np.inf):
        seen = SeenLayer(crystal, matrix, 0.0, 0)
        which, near, sign = _nearest(spots, seen)
        near &= crystal.length[which] < reach * length
        g, f = crystal.frequency[which[near]], sign[near, None] * spots.frequency[near]
        if np.linalg.matrix_rank(g) < 2:
            return None
        weight = spots.amplitude[near, None]
        matrix = np.asarray(np.linalg.lstsq(g * weight, f * weight, rcond=None)[0].T)
        stretches = np.linalg.svd(matrix, compute_uv=False)
        if stretches[0] > MOST_STRETCH * stretches[1]:
            return None
    seen = SeenLayer(crystal, matrix, 0.0, 0)
    number, off = int(near.sum()), np.hypot(*(f - g @ matrix.T).T) / np.hypot(*g.T)
    part = float(np.sqrt((off**2).mean() / (number - 2))) if number > 2 else UNCHECKED
    seen = SeenLayer(crystal, matrix, 0.0, number)
    return replace(seen, uncertainty=part * seen.pixel_size)


def _nearest(spots: Spots, layer: SeenLayer) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64]]:
    """Return the reflection next to each spot, whether it is near, and whether it is that at -g."""
    places = layer.places
    both = np.concatenate([places, -places])
    distance = np.hypot(*(spots.frequency[:, None] - both[None]).transpose(2, 0, 1))
    which = distance.argmin(axis=1)
    near = distance.min(axis=1) < NEAR * np.hypot(*places.T).min()
    return which % len(places), near, np.where(which < len(places), 1.0, -1.0)


def _belongs(spots: Spots, layer: SeenLayer) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    which, near, _sign = _nearest(spots, layer)
    return which, near


def _likeness(spots: Spots, layer: SeenLayer, usual: float, unusual: float = np.inf) -> float:
    """Return the cosine between the amplitudes that are expected and those that are seen, for the best width."""
    which, near = _belongs(spots, layer)
    inside = np.abs(layer.places).max(axis=1) < NYQUIST
    seen = np.zeros(len(inside))
    np.maximum.at(seen, which[near], spots.amplitude[near])
    length, strength = layer.reflections.length, layer.reflections.strength * inside
    expected = strength * np.exp(-2 * np.pi**2 * (usual * WIDTHS[:, None]) ** 2 * length**2)
    norm = np.linalg.norm(expected, axis=1) * np.linalg.norm(spots.amplitude)
    weight = np.exp(-0.5 * (np.log(WIDTHS) / unusual) ** 2)
    return float((weight * (expected @ seen) / np.maximum(norm, 1e-300)).max())
