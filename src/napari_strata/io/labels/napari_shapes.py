"""Shapes of napari's Shapes layers, in and out."""

import numpy as np

from napari_strata.io.labels.joining import closed_line
from napari_strata.io.labels.shapes import (
    Box,
    Ellipse,
    Points,
    Polygon,
    Polyline,
    Shape,
    Vertices,
    box_corners,
    turn,
)

_SAME = 1e-6
"""What rounding off may do to a corner [px]."""


def shape_of(kind: str, vertices: Vertices) -> Shape | None:
    """Return the shape of a Shapes layer; None where it has too few vertices or its kind is not known.

    Parameters
    ----------
    kind : str
        rectangle, ellipse, polygon, path or line.
    vertices : ndarray of float64, shape (n, 2)
        As (y, x) [px]; of rectangles and ellipses the corners.
    """
    match kind:
        case "rectangle" if len(vertices) == 4:
            return _rectangle(vertices)
        case "ellipse" if len(vertices) == 4:
            return _ellipse(vertices)
        case "polygon" | "rectangle" if len(vertices) > 2:
            return Polygon((vertices,))
        case "path" | "line" if len(vertices) > 1:
            return Polyline(vertices)
    return None


def data_of(shape: Shape, size: tuple[int, int] | None) -> tuple[str, Vertices | None]:
    """Return kind and vertices for a Shapes layer; no vertices for points and for what has no pixel."""
    match shape:
        case Points():
            return "points", None
        case Polyline(vertices=vertices):
            return "line" if len(vertices) == 2 else "path", vertices
        case Box():
            return "rectangle", box_corners(shape)
        case Ellipse(y, x, radius_y, radius_x, angle):
            around = Box(y - radius_y, x - radius_x, y + radius_y, x + radius_x)
            return "ellipse", turn(box_corners(around), (y, x), angle)
    return "polygon", closed_line(shape, size)


def _rectangle(corners: Vertices) -> Shape:
    (top, left), (bottom, right) = corners.min(axis=0), corners.max(axis=0)
    upright = Box(float(top), float(left), float(bottom), float(right))
    if {tuple(corner) for corner in corners.tolist()} == {
        tuple(corner) for corner in box_corners(upright).tolist()
    }:
        return upright
    along, across = corners[1] - corners[0], corners[2] - corners[1]
    is_rectangle = abs(along @ across) <= _SAME * np.hypot(*along) * np.hypot(*across)
    if not is_rectangle or np.abs(corners[0] + across - corners[3]).max() > _SAME:
        return Polygon((corners,))
    y, x = corners.mean(axis=0).tolist()
    half_width, half_height = float(np.hypot(*along)) / 2, float(np.hypot(*across)) / 2
    angle = float(np.rad2deg(np.arctan2(*along)))
    return Box(y - half_height, x - half_width, y + half_height, x + half_width, angle)


def _ellipse(corners: Vertices) -> Ellipse:
    """Return the ellipse within a box, or within a sheared one: the axes of what its sides make of a circle."""
    y, x = corners.mean(axis=0).tolist()
    along, across = (corners[1] - corners[0]) / 2, (corners[2] - corners[1]) / 2
    if along[0] == across[1] == 0:
        return Ellipse(y, x, float(abs(across[0])), float(abs(along[1])))
    if along[1] == across[0] == 0:
        return Ellipse(y, x, float(abs(along[0])), float(abs(across[1])))
    axes, radii, _ = np.linalg.svd(np.column_stack([along, across]))
    return Ellipse(y, x, float(radii[1]), float(radii[0]), float(np.rad2deg(np.arctan2(*axes[:, 0]))))
