"""Annotations as Shapes and Points layers, whose outlines can be edited.

napari fills neither holes nor lines that touch themselves. Areas of several parts, areas with holes, masks and
tangled polygons become the outlines of their pixels: a polygon for each part, and one of background for each hole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from napari_strata.annotation.classes import BACKGROUND_COLOR, UNKNOWN_COLOR
from napari_strata.io.labels.annotations import BACKGROUND_NAME, Annotation
from napari_strata.io.labels.joining import pixels_of
from napari_strata.io.labels.raster import outline
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
)

LayerData = tuple[Any, dict[str, Any], str]
_MOST_VERTICES = 1500
"""Vertices up to which a line is searched for crossings, each edge with each other one."""
POINT_SIZE = 5
"""Diameter of the marker of an annotated point [px]."""


def outline_layers(
    frames: Mapping[int, Sequence[Annotation]],
    size: tuple[int, int] | None,
    *,
    name: str,
    colors: Mapping[str, str],
    is_stack: bool,
) -> list[LayerData]:
    """Return what is drawn on an image as the data of a Shapes and of a Points layer, as far as there is any.

    Parameters
    ----------
    frames : mapping of int to sequence of Annotation
        What is drawn on each frame.
    size : (int, int) or None
        Height and width of the image [px].
    name : str
        Name of the image.
    colors : mapping of str to str
        Colour of each class as #rrggbb.
    is_stack : bool
        Whether the positions get the frame before y and x.
    """
    outlines, points = [], []
    for frame, annotations in sorted(frames.items()):
        for one in sorted(annotations, key=lambda one: one.z_order):
            if isinstance(one.shape, Points):
                points.append((one, _placed(one.shape.vertices, frame, is_stack)))
            for kind, vertices, is_hole in _outlines(one.shape, size):
                owner = replace(one, label=BACKGROUND_NAME) if is_hole else one
                outlines.append((owner, kind, _placed(vertices, frame, is_stack)))
    shown = dict(colors) | {BACKGROUND_NAME: BACKGROUND_COLOR}
    layers: list[LayerData] = []
    if outlines:
        settings = {
            "name": f"{name} outlines",
            "shape_type": [kind for _, kind, _ in outlines],
            "edge_color": [shown.get(one.label, UNKNOWN_COLOR) for one, _, _ in outlines],
            "face_color": "transparent",
            "edge_width": 1,
            "features": _features([one for one, _, _ in outlines]),
        }
        layers.append(([vertices for _, _, vertices in outlines], settings, "shapes"))
    if points:
        owners = [one for one, vertices in points for _ in vertices]
        settings = {
            "name": f"{name} points",
            "face_color": [shown.get(one.label, UNKNOWN_COLOR) for one in owners],
            "size": POINT_SIZE,
            "features": _features(owners),
        }
        layers.append((np.concatenate([vertices for _, vertices in points]), settings, "points"))
    return layers


def _outlines(shape: Shape, size: tuple[int, int] | None) -> Iterator[tuple[str, Vertices, bool]]:
    """Yield the kind and the corners of each shape for napari, and whether it is a hole in the one before."""
    match shape:
        case Box():
            yield "rectangle", box_corners(shape), False
        case Ellipse(y=y, x=x, radius_y=height, radius_x=width, angle=angle):
            yield "ellipse", box_corners(Box(y - height, x - width, y + height, x + width, angle)), False
        case Polyline(vertices=vertices):
            yield "path", vertices, False
        case Polygon(rings=(ring,), holes=()) if not _touches_itself(ring):
            yield "polygon", ring, False
        case Polygon() | PixelMask():
            mask = pixels_of(shape, size)
            parts = Polygon(()) if mask is None else outline(mask)
            yield from (("polygon", ring, False) for ring in parts.rings)
            yield from (("polygon", hole, True) for hole in parts.holes)


def _touches_itself(ring: Vertices) -> bool:
    """Tell whether a closed line crosses or touches itself; very long ones count as such."""
    count = len(ring)
    if count > _MOST_VERTICES or count < 3:
        return True
    start, end = ring, np.roll(ring, -1, axis=0)
    sides = [_side(start[:, None], end[:, None], point[None]) for point in (start, end)]
    parts = sides[0] * sides[1] <= 0  # the ends of the second edge lie on both sides of the first one
    index = np.arange(count)
    apart = np.abs(index[:, None] - index)
    far = (apart > 1) & (apart < count - 1)
    return bool((parts & parts.T & far).any())


def _side(start: Vertices, end: Vertices, point: Vertices) -> Vertices:
    """Return on which side of lines points lie, by the sign."""
    along, to = end - start, point - start
    side: Vertices = np.sign(along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0])
    return side


def _placed(vertices: Vertices, frame: int, is_stack: bool) -> Vertices:
    return np.insert(vertices, 0, frame, axis=1) if is_stack else vertices


def _features(annotations: Sequence[Annotation]) -> dict[str, list[Any]]:
    return {
        "class": [one.label for one in annotations],
        "source": [one.source for one in annotations],
        "occluded": [one.occluded for one in annotations],
    }
