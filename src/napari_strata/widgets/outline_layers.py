"""Annotations as Shapes and Points layers, whose outlines can be edited."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from napari_strata.annotation.classes import BACKGROUND_COLOR, UNKNOWN_COLOR
from napari_strata.io.labels.annotations import BACKGROUND_NAME, Annotation
from napari_strata.io.labels.joining import closed_line
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
            elif (found := _outline(one.shape, size)) is not None:
                outlines.append((one, found[0], _placed(found[1], frame, is_stack)))
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


def _outline(shape: Shape, size: tuple[int, int] | None) -> tuple[str, Vertices] | None:
    """Return the kind of shape that napari draws and its corners; None where no pixel belongs to it."""
    match shape:
        case Box():
            return "rectangle", box_corners(shape)
        case Ellipse(y=y, x=x, radius_y=height, radius_x=width, angle=angle):
            return "ellipse", box_corners(Box(y - height, x - width, y + height, x + width, angle))
        case Polyline(vertices=vertices):
            return "path", vertices
        case Polygon() | PixelMask():
            line = closed_line(shape, size)
            return None if line is None else ("polygon", line)
    return None


def _placed(vertices: Vertices, frame: int, is_stack: bool) -> Vertices:
    return np.insert(vertices, 0, frame, axis=1) if is_stack else vertices


def _features(annotations: Sequence[Annotation]) -> dict[str, list[Any]]:
    return {
        "class": [one.label for one in annotations],
        "source": [one.source for one in annotations],
        "occluded": [one.occluded for one in annotations],
    }
