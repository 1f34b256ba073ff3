"""Several closed lines tied together to one."""

import numpy as np

from napari_strata.io.labels.shapes import Polygon, Vertices


def join(polygon: Polygon) -> Vertices:
    """Return one closed line round an area, its holes left out and islands in them left in.

    Parts and holes are tied to the first part by bridges of no width, there and back, as YOLO does it; holes are
    gone round the other way. Bridges run along rows and columns, so that both ways round off alike.

    Parameters
    ----------
    polygon : Polygon
        Lines that do not cross.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        As (y, x) [px].
    """
    from scipy.spatial import cKDTree

    first = _turning(polygon.rings[0], clockwise=True)
    others = [_turning(ring, clockwise=True) for ring in polygon.rings[1:]]
    others += [_turning(hole, clockwise=False) for hole in polygon.holes]
    tree = cKDTree(first)
    detours: dict[int, list[Vertices]] = {}
    for ring in others:
        distance, place = tree.query(ring)
        own = int(np.argmin(distance))
        detours.setdefault(int(place[own]), []).append(_detour(first[place[own]], np.roll(ring, -own, axis=0)))
    parts = []
    for place, vertex in enumerate(first):
        parts += [vertex[None], *detours.get(place, ())]
    return np.concatenate(parts)


def _detour(start: Vertices, ring: Vertices) -> Vertices:
    """Return the way from a vertex along its row, then along a column to a ring, round it, and back."""
    corner = np.array([(start[0], ring[0, 1])])
    return np.concatenate([corner, ring, ring[:1], corner, start[None]])


def _turning(ring: Vertices, *, clockwise: bool) -> Vertices:
    (y, x), (y1, x1) = ring.T, np.roll(ring, -1, axis=0).T
    area = float((x * y1 - x1 * y).sum())
    return ring if (area > 0) == clockwise else ring[::-1]
