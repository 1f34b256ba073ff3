"""Which pixels lie within a shape.

A pixel belongs to an area if its centre does: a box from (5, 5) to (15, 15), counted from the corner of the first
pixel, has exactly 100 pixels. Own code: skimage's polygons leave open to which side a centre on an edge belongs,
Pillow's count every pixel that is touched, and neither fills all of a line that crosses itself.
"""

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LabelsError
from napari_strata.io.labels.bridges import join
from napari_strata.io.labels.shapes import (
    Box,
    Ellipse,
    PixelMask,
    Points,
    Polygon,
    Polyline,
    Shape,
    Vertices,
    box_corners,
    turn,
)

Bools = NDArray[np.bool_]
_MOST_CROSSINGS = 20_000_000
"""Edges times the rows that they cross: enough for any outline, not for one that hatches its area."""

_PIECE = 64.0
"""Length of the pieces that a line is cut into [px]."""
_MOST_PIECES = 50_000
_MOST_WORK = 2_000_000_000
"""Pixels of the boxes around all pieces of a line."""


def fill(shape: Shape, size: tuple[int, int], *, line_width: float = 1.0) -> PixelMask | None:
    """Find the pixels of an image that belong to a shape.

    Parameters
    ----------
    shape : Shape
        What to fill. The part of it outside the image is left out.
    size : (int, int)
        Height and width of the image [px].
    line_width : float
        Width of a polyline [px].

    Returns
    -------
    PixelMask or None
        Within the image; None where no pixel belongs to it.

    Raises
    ------
    LabelsError
        If a polygon is too tangled to be filled in reasonable time.
    """
    top, left, bottom, right = window = _window(shape, size, line_width)
    if bottom <= top or right <= left:
        return None
    pixels = _pixels(shape, window, line_width)
    return PixelMask(top, left, pixels) if pixels.any() else None


def fill_rings(rings: tuple[Vertices, ...], size: tuple[int, int]) -> Bools:
    """Fill closed lines, each by its winding number: what a line goes round at least once lies within.

    A centre exactly on a line belongs to the area below or to the right of it, so that areas with a common border
    share no pixel and leave none out.

    Parameters
    ----------
    rings : tuple of ndarray of float64, shape (n, 2) each
        Closed lines as (y, x) [px].
    size : (int, int)
        Height and width of the window, whose first pixel is at (0, 0).

    Returns
    -------
    ndarray of bool, shape `size`
        The pixels within any of the lines.
    """
    inside = np.zeros(size, bool)
    for ring in rings:
        inside |= _winding(ring, size) != 0
    return inside


def outline(mask: PixelMask) -> Polygon:
    """Return lines around the pixels of a mask; filling them gives the same pixels.

    Parameters
    ----------
    mask : PixelMask
        At least one of its pixels is set.

    Returns
    -------
    Polygon
        One ring per connected part, one hole per hole; where there are islands in holes, one line round all.
    """
    from skimage.measure import find_contours

    padded = np.pad(mask.pixels, 1).astype(np.float32)
    origin = np.array((mask.top - 1, mask.left - 1))
    lines = [_straightened(line[:-1] + origin) for line in find_contours(padded, 0.5)]
    areas = [_signed_area(line) for line in lines]
    sign = np.sign(areas[int(np.argmax(np.abs(areas)))])  # the largest line goes round pixels, never round a hole
    rings = tuple(line for line, area in zip(lines, areas, strict=True) if area * sign > 0)
    holes = tuple(line for line, area in zip(lines, areas, strict=True) if area * sign < 0)
    polygon = Polygon(rings, holes)
    if holes and len(rings) > 1:
        corner = np.array((mask.top, mask.left))
        inside = fill_rings(tuple(ring - corner for ring in rings), mask.pixels.shape)
        if (inside & ~fill_rings(tuple(hole - corner for hole in holes), mask.pixels.shape) != mask.pixels).any():
            return Polygon((join(polygon),))
    return polygon


def _window(shape: Shape, size: tuple[int, int], line_width: float) -> tuple[int, int, int, int]:
    """Return top, left, bottom, right of the pixels that a shape can touch within the image."""
    if isinstance(shape, PixelMask):
        low, high = np.array((shape.top, shape.left)), np.array((shape.top, shape.left)) + shape.pixels.shape
    else:
        corners = _extent(shape)
        margin = line_width / 2 if isinstance(shape, Polyline) else 0.5
        low, high = np.floor(corners.min(axis=0) - margin), np.ceil(corners.max(axis=0) + margin) + 1
    top, left = (int(value) for value in np.clip(low, 0, size))
    bottom, right = (int(value) for value in np.clip(high, 0, size))
    return top, left, bottom, right


def _extent(shape: Polygon | Box | Ellipse | Polyline | Points) -> Vertices:
    match shape:
        case Polygon(rings=rings):
            return np.concatenate(rings)
        case Box():
            return box_corners(shape)
        case Ellipse(y=y, x=x):
            reach = np.hypot(shape.radius_y, shape.radius_x) if shape.angle else (shape.radius_y, shape.radius_x)
            return np.array([(y, x)]) + np.array([[-1.0], [1.0]]) * reach
        case Polyline(vertices=vertices) | Points(vertices=vertices):
            return vertices


def _pixels(shape: Shape, window: tuple[int, int, int, int], line_width: float) -> Bools:
    top, left, bottom, right = window
    size, origin = (bottom - top, right - left), np.array((top, left))
    match shape:
        case Polygon(rings=rings, holes=holes):
            area = fill_rings(tuple(ring - origin for ring in rings), size)
            return area & ~fill_rings(tuple(hole - origin for hole in holes), size) if holes else area
        case Box():
            return fill_rings((box_corners(shape) - origin,), size)
        case Ellipse():
            return _within_ellipse(shape, window)
        case Polyline(vertices=vertices):
            return _near_line(vertices - origin, size, line_width / 2)
        case Points(vertices=vertices):
            return _at_points(vertices - origin, size)
        case PixelMask(top=first, left=column, pixels=pixels):
            return pixels[top - first : bottom - first, left - column : right - column]


def _winding(ring: Vertices, size: tuple[int, int]) -> NDArray[np.int32]:
    """Count how often a closed line goes round each pixel, by the edges that each row crosses left of it."""
    rows, columns = size
    start, end = ring, np.roll(ring, -1, axis=0)
    first = np.clip(np.ceil(np.minimum(start[:, 0], end[:, 0])), 0, rows).astype(np.int64)
    last = np.clip(np.ceil(np.maximum(start[:, 0], end[:, 0])), 0, rows).astype(np.int64)
    crossed = last - first
    total = int(crossed.sum())
    if total > _MOST_CROSSINGS:
        raise LabelsError(
            f"A polygon of {len(ring):,} vertices crosses the rows of its image {total:,} times.",
            remedy="It hatches an area instead of outlining it: draw its outline.",
        )
    edge = np.repeat(np.arange(len(ring)), crossed)
    row = np.arange(total) - np.repeat(np.cumsum(crossed) - crossed - first, crossed)
    (y0, x0), (y1, x1) = start[edge].T, end[edge].T
    column = np.clip(np.ceil(x0 + (row - y0) / (y1 - y0) * (x1 - x0)), 0, columns).astype(np.int64)
    winding = np.zeros((rows, columns + 1), np.int32)
    np.add.at(winding, (row, column), np.where(y1 > y0, 1, -1))
    counted: NDArray[np.int32] = winding[:, :-1].cumsum(axis=1, dtype=np.int32)
    return counted


def _within_ellipse(ellipse: Ellipse, window: tuple[int, int, int, int]) -> Bools:
    if min(ellipse.radius_y, ellipse.radius_x) <= 0:
        return np.zeros((window[2] - window[0], window[3] - window[1]), bool)
    centre = (ellipse.y, ellipse.x)
    y, x = np.mgrid[window[0] : window[2], window[1] : window[3]]
    own = turn(np.stack([y.ravel(), x.ravel()], axis=1).astype(np.float64), centre, -ellipse.angle) - centre
    within: Bools = ((own / (ellipse.radius_y, ellipse.radius_x)) ** 2).sum(axis=1) <= 1
    return within.reshape(y.shape)


def _near_line(vertices: Vertices, size: tuple[int, int], reach: float) -> Bools:
    """Return the pixels whose centre is at most `reach` from an open line.

    It is cut into short pieces: the box around a long one would hold nearly only pixels that are far away.
    """
    near = np.zeros(size, bool)
    for start, end in _pieces(vertices, size, reach):
        low = np.clip(np.floor(np.minimum(start, end) - reach), 0, size).astype(int)
        high = np.clip(np.ceil(np.maximum(start, end) + reach) + 1, 0, size).astype(int)
        centres = np.moveaxis(np.mgrid[low[0] : high[0], low[1] : high[1]].astype(np.float64), 0, -1)
        along, length = end - start, float(((end - start) ** 2).sum())
        part = np.clip(((centres - start) @ along) / length, 0, 1) if length else np.zeros(centres.shape[:2])
        distance = ((centres - start - part[..., None] * along) ** 2).sum(axis=-1)
        near[low[0] : high[0], low[1] : high[1]] |= distance <= reach**2 + 1e-9
    return near


def _pieces(vertices: Vertices, size: tuple[int, int], reach: float) -> Vertices:
    """Return the ends of the pieces of a line that may touch the image, shape (n, 2, 2)."""
    start, end = vertices[:-1], vertices[1:]
    longest = max(_PIECE, 2 * reach)
    counts = np.maximum(np.ceil(np.hypot(*(end - start).T) / longest), 1).astype(np.int64)
    total = int(counts.sum())
    if total > _MOST_PIECES or total * (longest + 2 * reach) ** 2 > _MOST_WORK:
        raise LabelsError(
            f"A line of {len(vertices):,} vertices goes to and fro without end.",
            remedy="It hatches an area: draw the outline of that area, or a shorter or thinner line.",
        )
    edge = np.repeat(np.arange(len(counts)), counts)
    part = (np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts))[:, None]
    step = (end - start)[edge] / counts[edge, None]
    first = start[edge] + part * step
    last = np.where(part + 1 == counts[edge, None], end[edge], first + step)
    pieces = np.stack([first, last], axis=1)
    touches = (pieces.max(axis=1) >= -reach) & (pieces.min(axis=1) <= np.array(size) + reach)
    kept: Vertices = pieces[touches.all(axis=1)]
    return kept


def _at_points(vertices: Vertices, size: tuple[int, int]) -> Bools:
    """Return the pixels that the positions lie in; pixel k reaches from k - 0.5 up to, not including, k + 0.5."""
    pixels = np.zeros(size, bool)
    places = np.floor(vertices + 0.5).astype(np.int64)
    places = places[((places >= 0) & (places < size)).all(axis=1)]
    pixels[tuple(places.T)] = True
    return pixels


def _straightened(line: Vertices) -> Vertices:
    """Leave out the vertices of a closed line at which it does not bend."""
    before, after = line - np.roll(line, 1, axis=0), np.roll(line, -1, axis=0) - line
    bends = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-12
    kept: Vertices = line[bends]
    return kept


def _signed_area(line: Vertices) -> float:
    (y, x), (y1, x1) = line.T, np.roll(line, -1, axis=0).T
    return float((x * y1 - x1 * y).sum() / 2)
