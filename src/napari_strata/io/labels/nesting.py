"""Closed lines that take turns to be outlines and holes, as in paths that are filled by the even-odd rule."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LabelsError
from napari_strata.io.labels.shapes import Polygon, Vertices

_BANDS = 256
_MOST_WORK = 2_000_000_000
"""About as many nanoseconds; a comparison of boxes takes 5, one of lines 60,000 and 60 more per vertex."""
_WITNESSES = 7
"""Places on a line that are looked at to tell whether it lies within another."""


def nested_polygons(rings: Sequence[Vertices]) -> list[Polygon]:
    """Sort closed lines that do not cross into outlines, holes, islands in holes, and so on.

    Parameters
    ----------
    rings : sequence of ndarray of float64, shape (n, 2) each
        Closed lines of three or more vertices.

    Returns
    -------
    list of Polygon
        The area of the outermost lines less their holes, then that of the islands in these holes, and so on.

    Raises
    ------
    LabelsError
        If there are so many that this takes minutes.
    """
    depths = _depths(rings)
    levels = []
    for level in range(0, int(depths.max(initial=0)) + 1, 2):
        outer, holes = (
            tuple(ring for ring, depth in zip(rings, depths, strict=True) if depth == level + inner)
            for inner in (0, 1)
        )
        if outer:  # none where there is no line at all, or lines that cross are counted as deeper than they lie
            levels.append(Polygon(outer, holes))
    return levels


def _depths(rings: Sequence[Vertices]) -> NDArray[np.int64]:
    """Count the lines that go round each line."""
    depths = np.zeros(len(rings), np.int64)
    if not len(rings):
        return depths
    low = np.array([ring.min(axis=0) for ring in rings])
    high = np.array([ring.max(axis=0) for ring in rings])
    lengths = np.array([len(ring) for ring in rings])
    bands, first = _bands(low[:, 0], high[:, 0])
    work = 0
    for place, ring in enumerate(rings):
        near = bands[first[place]]
        around = ((low[near] <= low[place]) & (high[near] >= high[place])).all(axis=1)
        around &= ((high[near] - low[near]) > (high[place] - low[place])).any(axis=1)
        candidates = near[around]
        work += 5 * len(near) + 60_000 * len(candidates) + 60 * int(lengths[candidates].sum())
        if work > _MOST_WORK:
            raise LabelsError(
                f"A selection of {len(rings):,} closed lines is too tangled.", remedy="Split it into parts."
            )
        depths[place] = sum(_lies_within(ring, rings[other]) for other in candidates.tolist())
    return depths


def _bands(
    low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Return which lines each band of rows holds, and the first band of each line."""
    edges = np.linspace(low.min(), high.max(), _BANDS + 1)[1:-1]
    first, last = np.searchsorted(edges, low, "right"), np.searchsorted(edges, high, "right")
    return [np.flatnonzero((first <= band) & (last >= band)) for band in range(_BANDS)], first


def _lies_within(inner: Vertices, outer: Vertices) -> bool:
    """Tell by the middles of a few edges whether a line lies within another, which it may touch."""
    middles = (inner + np.roll(inner, -1, axis=0)) / 2
    y, x = middles[np.linspace(0, len(middles) - 1, _WITNESSES).astype(int)].T[..., None]
    (y0, x0), (y1, x1) = outer.T, np.roll(outer, -1, axis=0).T
    crosses = (y0 <= y) != (y1 <= y)
    rise = np.where(y1 == y0, 1, y1 - y0)
    left = crosses & (x0 + (y - y0) / rise * (x1 - x0) < x)
    return int((left.sum(axis=1) % 2).sum()) * 2 > _WITNESSES
