"""Lines of equal strength of a map."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.proposal import Side
from napari_strata.explain.proposals.map_threshold import strength
from napari_strata.types import FloatImage

FINEST = 512 * 512
"""Pixels in which lines are drawn; more of them could not follow a slider."""
MOST_PIECES = 50_000
"""So many pieces are drawn at most: more would hold the window up, for seconds where a map is noise."""
_LEAST = 1e-6
"""By so much a line lies below the values at its threshold, which count; as a part of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines of equal strength, as straight pieces.

    Attributes
    ----------
    ends : ndarray, shape (n, 2, 2)
        Both ends (y, x) of each piece [px]; the stronger side is always on the same hand.
    number : ndarray of int, shape (n,)
        Of which line a piece is a part, 0 at the threshold.
    is_against : ndarray of bool, shape (n,)
        Whether the map is below 0 there.
    left_out : int
        How many lines are left out, the lowest, as all would have more than `MOST_PIECES`.
    """

    ends: NDArray[np.float64]
    number: NDArray[np.intp]
    is_against: NDArray[np.bool_]
    left_out: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """What a map says for and against the score, as fine as lines of it are drawn; the same for every threshold.

    Attributes
    ----------
    strong : tuple of ndarray of float32, shape (y, x)
        The strength where the map is at least 0, and where it is below; each 0 on the other side.
    first : ndarray, shape (2,)
        Row and column of the map where they begin [px].
    step : int
        Side of their pixels [px].
    highest : float
        The greatest strength of the map.
    """

    strong: tuple[FloatImage, FloatImage]
    first: NDArray[np.intp]
    step: int
    highest: float


def sides_of(heatmap: FloatImage, side: Side) -> Sides:
    """Return both sides of a map, shape (y, x), coarser where more than `FINEST` pixels say something."""
    strong = strength(heatmap, side)
    box = _box(strong > 0)
    step = max(math.ceil(math.sqrt(strong[box].size / FINEST)), 1)
    is_against = heatmap[box] < 0
    sided = (np.where(is_against == wanted, strong[box], 0) for wanted in (False, True))
    first = np.array([box[0].start, box[1].start])
    pro, contra = (_coarser(one, step) for one in sided)
    return Sides((pro, contra), first, step, float(strong.max(initial=0)))


def lines_at(sides: Sides, threshold: float, count: int) -> Lines:
    r"""Return lines of equal strength from a threshold up, closed at the map's border.

    They are at :math:`t + k (m - t) / n`, for :math:`k = 0 \dots n - 1`, with :math:`t` the threshold and
    :math:`m` the greatest strength; by marching squares (`skimage.measure.find_contours`). The highest come first,
    and the others as long as all have no more than `MOST_PIECES`.

    Parameters
    ----------
    sides : Sides
        The map.
    threshold : float
        Strength of the lowest line.
    count : int
        How many lines, n.
    """
    highest = sides.highest
    lowest = max(threshold, _LEAST * highest)
    levels = np.linspace(lowest, highest, count if highest > 0 else 0, endpoint=False) * (1 - _LEAST)
    pieces, numbers, signs = [np.empty((0, 2, 2))], [0], [False]
    number, room = len(levels), MOST_PIECES
    while number and (room := room - sum(_cells(strong, levels[number - 1]) for strong in sides.strong)) >= 0:
        number -= 1
        for is_against, strong in zip((False, True), sides.strong, strict=True):
            found = _pieces(strong, levels[number])
            pieces.append((found + 0.5) * sides.step - 0.5 + sides.first)
            numbers += [number] * len(found)
            signs += [is_against] * len(found)
    return Lines(np.concatenate(pieces), np.array(numbers[1:], np.intp), np.array(signs[1:], bool), number)


def outline(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the outline of a mask as straight pieces, shape (n, 2, 2): both ends (y, x) [px]."""
    return _pieces(mask.astype(np.float32), 0.5)


def _box(held: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the box around the pixels that are held; one pixel where none is."""
    rows, columns = (np.flatnonzero(held.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _coarser(values: FloatImage, step: int) -> FloatImage:
    """Return the means of blocks of a side of `step` pixels."""
    from skimage.measure import block_reduce

    means: FloatImage = values if step == 1 else block_reduce(values, step, np.mean)
    return means


def _cells(values: FloatImage, at: float) -> int:
    """Count the squares between four pixels through which a line goes; it has about as many pieces."""
    above = np.pad(values, 1) > at
    corners = above[1:, 1:], above[1:, :-1], above[:-1, 1:], above[:-1, :-1]
    return int((np.logical_or.reduce(corners) & ~np.logical_and.reduce(corners)).sum())


def _pieces(values: FloatImage, at: float) -> NDArray[np.float64]:
    from skimage.measure import find_contours

    lines = [line - 1 for line in find_contours(np.pad(values, 1), at)]
    return np.concatenate([np.empty((0, 2, 2)), *(np.stack([line[:-1], line[1:]], axis=1) for line in lines)])
