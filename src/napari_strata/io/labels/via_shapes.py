"""Shapes of the VGG Image Annotator, in and out."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.io.labels import guard
from napari_strata.io.labels.joining import closed_line
from napari_strata.io.labels.shapes import (
    CORNER,
    Box,
    Ellipse,
    Points,
    Polygon,
    Polyline,
    Shape,
    Vertices,
    from_corner,
    to_corner,
)


def read_shape(said: Mapping[str, Any], path: Path, *, where: str) -> Shape | None:
    """Read the shape attributes of a region; None where they outline nothing.

    Raises
    ------
    LabelsError
        If a number is missing or is none, or the kind of shape is not known.
    """

    def number(name: str, default: float | None = None) -> float:
        return guard.check_number(said.get(name, default), path, where=f"{name} of {where}")

    match said.get("name"):
        case "rect":
            left, top = number("x") - CORNER, number("y") - CORNER
            right, bottom = left + number("width"), top + number("height")
            return Box(min(top, bottom), min(left, right), max(top, bottom), max(left, right))
        case "circle":
            radius = number("r")
            return Ellipse(number("cy") - CORNER, number("cx") - CORNER, radius, radius)
        case "ellipse":
            angle = float(np.rad2deg(number("theta", 0.0)))
            return Ellipse(number("cy") - CORNER, number("cx") - CORNER, number("ry"), number("rx"), angle)
        case "point":
            return Points(from_corner(np.array([(number("cx"), number("cy"))])))
        case "polygon":
            vertices = _vertices(said, path, where)
            return Polygon((vertices,)) if len(vertices) > 2 else None
        case "polyline":
            vertices = _vertices(said, path, where)
            return Polyline(vertices) if len(vertices) > 1 else None
        case kind:
            guard.refuse(path, f"{where} is of the unknown kind {str(kind)[:30]!r}", "Draw it again.")


def drawn_shapes(shape: Shape, size: tuple[int, int] | None) -> Iterator[dict[str, Any]]:
    """Yield a shape as VIA has it, several for several points, none where no pixel of the image belongs to it."""
    match shape:
        case Box(top, left, bottom, right, 0):
            corner = {"x": left + CORNER, "y": top + CORNER}
            yield {"name": "rect", **corner, "width": right - left, "height": bottom - top}
        case Ellipse(y, x, radius_y, radius_x, angle):
            centre = {"cx": x + CORNER, "cy": y + CORNER}
            if radius_y == radius_x:
                yield {"name": "circle", **centre, "r": radius_x}
            else:
                theta = float(np.deg2rad(angle))
                yield {"name": "ellipse", **centre, "rx": radius_x, "ry": radius_y, "theta": theta}
        case Points(vertices=vertices):
            for x, y in to_corner(vertices).tolist():
                yield {"name": "point", "cx": x, "cy": y}
        case Polyline(vertices=vertices):
            yield {"name": "polyline", **_all_points(vertices)}
        case _:
            line = closed_line(shape, size)
            if line is not None:
                yield {"name": "polygon", **_all_points(line)}


def _vertices(said: Mapping[str, Any], path: Path, where: str) -> Vertices:
    x = guard.check_list(said.get("all_points_x"), path, where=f"all_points_x of {where}")
    y = guard.check_list(said.get("all_points_y"), path, where=f"all_points_y of {where}")
    if len(x) != len(y):
        guard.refuse(path, f"{where} has {len(x)} x and {len(y)} y", "Draw it again.")
    return from_corner(guard.check_vertices(list(zip(x, y, strict=True)), path, where=where))


def _all_points(vertices: Vertices) -> dict[str, list[float]]:
    x, y = to_corner(vertices).T.tolist()
    return {"all_points_x": x, "all_points_y": y}
