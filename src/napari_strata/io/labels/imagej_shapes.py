"""Shapes of ImageJ's selections, in and out.

ImageJ counts areas from the corner of the first pixel, lines and points from its centre (``ij.gui.Roi``:
``useLineSubpixelConvention``), with and without sub-pixel resolution: areas shift by half a pixel, others do
not. Composite selections are filled by the even-odd rule (``ij.gui.ShapeRoi``).
"""

import struct
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.labels.joining import pixels_of
from napari_strata.io.labels.nesting import nested_polygons
from napari_strata.io.labels.raster import outline
from napari_strata.io.labels.shapes import (
    CORNER,
    Box,
    Ellipse,
    Points,
    Polygon,
    Polyline,
    Shape,
    Vertices,
    box_corners,
    ellipse_outline,
    from_corner,
    to_corner,
    turn,
)

if TYPE_CHECKING:
    from roifile import ROI_TYPE, ImagejRoi

_MOVE, _LINE, _CLOSE = 0.0, 1.0, 4.0
_REACH = (-5000, 60535)
"""Coordinates that fit into the 16 bits that ImageJ has for them."""


def shapes_of(roi: "ImagejRoi") -> list[Shape]:
    """Return what a selection outlines, the islands in its holes as shapes of their own; nothing for texts.

    Raises
    ------
    Exception
        Whatever roifile raises on a damaged file, and LabelsError for one that is too tangled.
    """
    from roifile import ROI_SUBTYPE as SUBTYPE
    from roifile import ROI_TYPE as TYPE

    if roi.subtype in (SUBTYPE.TEXT, SUBTYPE.IMAGE):
        return []
    if roi.multi_coordinates is not None:
        rings = [from_corner(ring) for ring in roi.coordinates(multi=True)]
        rings = [ring[:-1] if (ring[0] == ring[-1]).all() else ring for ring in rings]
        return list(nested_polygons([ring for ring in rings if len(ring) > 2]))
    if roi.roitype in (TYPE.RECT, TYPE.OVAL):
        return [_box_or_oval(roi)]
    if roi.subtype == SUBTYPE.ELLIPSE:
        return [_ellipse(roi)]
    points = np.asarray(roi.coordinates(), np.float64)
    if roi.roitype in (TYPE.POLYGON, TYPE.FREEHAND, TYPE.TRACED):
        return [Polygon((from_corner(points),))] if len(points) > 2 else []
    vertices: Vertices = points[:, ::-1].copy()
    if roi.roitype == TYPE.POINT:
        return [Points(vertices)] if len(vertices) else []
    return [Polyline(vertices)] if len(vertices) > 1 else []


def left_out_of(roi: "ImagejRoi") -> list[str]:
    """Return what a selection says that its shapes do not, as plurals."""
    from roifile import ROI_TYPE as TYPE

    left_out = []
    is_line = roi.roitype in (TYPE.LINE, TYPE.POLYLINE, TYPE.FREELINE)
    if is_line and max(roi.stroke_width, roi.float_stroke_width) > 1:
        left_out.append("widths of lines: an import has one width for all")
    if roi.roitype == TYPE.RECT and roi.multi_coordinates is None and roi.rounded_rect_arc_size > 0:
        left_out.append("rounded corners of rectangles")
    if roi.roitype == TYPE.POINT and roi.counters is not None and roi.counters.any():
        left_out.append("counters of multi-points: their points get one class")
    if roi.roitype == TYPE.POINT and roi.counter_positions is not None and len(set(roi.counter_positions)) > 1:
        left_out.append("frames of multi-points: their points lie on one frame")
    return left_out


def drawn_roi(shape: Shape, size: tuple[int, int] | None) -> "ImagejRoi | None":
    """Return a shape as a selection; None where no pixel of the image belongs to it.

    Raises
    ------
    LabelsError
        If it lies too far out for ImageJ.
    """
    from roifile import ROI_SUBTYPE, ROI_TYPE

    match shape:
        case Box(top, left, bottom, right, 0):
            roi = _bounded(ROI_TYPE.RECT, top, left, bottom, right)
        case Box():
            roi = _of_points(to_corner(box_corners(shape)), ROI_TYPE.POLYGON)
        case Ellipse(y, x, radius_y, radius_x, angle) if not angle or radius_y == radius_x:
            roi = _bounded(ROI_TYPE.OVAL, y - radius_y, x - radius_x, y + radius_y, x + radius_x)
        case Ellipse():
            roi = _of_points(to_corner(ellipse_outline(shape)), ROI_TYPE.FREEHAND)
            roi.subtype = ROI_SUBTYPE.ELLIPSE
            _set_axes(roi, shape)
        case Polyline(vertices=vertices):
            roi = _of_points(vertices[:, ::-1], ROI_TYPE.POLYLINE)
        case Points(vertices=vertices):
            roi = _of_points(vertices[:, ::-1], ROI_TYPE.POINT)
        case Polygon(rings=(ring,), holes=()):
            roi = _of_points(to_corner(ring), ROI_TYPE.POLYGON)
        case _:
            mask = pixels_of(shape, size)
            if mask is None:
                return None
            area = outline(mask)
            roi = _composite([to_corner(ring) for ring in (*area.rings, *area.holes)])
    return roi


def _box_or_oval(roi: "ImagejRoi") -> Shape:
    from roifile import ROI_TYPE

    if roi.subpixelrect:
        left, top, right, bottom = roi.xd, roi.yd, roi.xd + roi.widthd, roi.yd + roi.heightd
    else:
        left, top, right, bottom = roi.left, roi.top, roi.right, roi.bottom
    top, left, bottom, right = (float(edge) - CORNER for edge in (top, left, bottom, right))
    if roi.roitype == ROI_TYPE.RECT:
        return Box(top, left, bottom, right)
    return Ellipse((top + bottom) / 2, (left + right) / 2, (bottom - top) / 2, (right - left) / 2)


def _ellipse(roi: "ImagejRoi") -> Shape:
    """Read a turned ellipse: the ends of its longer axis, and how much shorter the other is."""
    packed = struct.pack(">BBh", roi.arrow_style_or_aspect_ratio, roi.arrow_head_size, roi.rounded_rect_arc_size)
    (ratio,) = struct.unpack(">f", packed)
    start, end = from_corner(np.array([(roi.x1, roi.y1), (roi.x2, roi.y2)]))
    (y, x), (rise, run) = (start + end) / 2, (end - start) / 2
    radius = float(np.hypot(rise, run))
    return Ellipse(float(y), float(x), radius * ratio, radius, float(np.rad2deg(np.arctan2(rise, run))))


def _set_axes(roi: "ImagejRoi", ellipse: Ellipse) -> None:
    upright = ellipse.radius_y > ellipse.radius_x
    longer, shorter = sorted((ellipse.radius_y, ellipse.radius_x), reverse=True)
    centre = (ellipse.y, ellipse.x)
    ends = np.array([(ellipse.y, ellipse.x - longer), (ellipse.y, ellipse.x + longer)])
    (roi.x1, roi.y1), (roi.x2, roi.y2) = to_corner(turn(ends, centre, ellipse.angle + 90 * upright)).tolist()
    packed = struct.pack(">f", shorter / longer)
    style, head, arc = struct.unpack(">BBh", packed)
    roi.arrow_style_or_aspect_ratio, roi.arrow_head_size, roi.rounded_rect_arc_size = style, head, arc


def _bounded(kind: "ROI_TYPE", top: float, left: float, bottom: float, right: float) -> "ImagejRoi":
    from roifile import ROI_OPTIONS, ImagejRoi

    roi = ImagejRoi()
    roi.roitype = kind
    edges = np.array([(left, top), (right, bottom)]) + CORNER
    _set_bounds(roi, edges)
    if not np.array_equal(edges, np.round(edges)):
        roi.options |= ROI_OPTIONS.SUB_PIXEL_RESOLUTION
        (roi.xd, roi.yd), (roi.widthd, roi.heightd) = edges[0].tolist(), (edges[1] - edges[0]).tolist()
    return roi


def _of_points(points: Vertices, kind: "ROI_TYPE") -> "ImagejRoi":
    from roifile import ImagejRoi

    _check_reach(points)
    roi = ImagejRoi.frompoints(points.astype(np.float32))
    roi.roitype = kind
    return roi


def _composite(rings: list[Vertices]) -> "ImagejRoi":
    from roifile import ROI_TYPE, ImagejRoi

    roi = ImagejRoi()
    roi.roitype = ROI_TYPE.RECT
    _set_bounds(roi, np.concatenate(rings))
    path = []
    for ring in rings:
        steps = np.full(len(ring), _LINE)
        steps[0] = _MOVE
        path += [np.column_stack([steps, ring]).ravel(), np.array([_CLOSE])]
    roi.multi_coordinates = np.concatenate(path).astype(np.float32)
    roi.shape_roi_size = len(roi.multi_coordinates)
    return roi


def _set_bounds(roi: "ImagejRoi", points: Vertices) -> None:
    _check_reach(points)
    roi.left, roi.top = (int(edge) for edge in np.floor(points.min(axis=0)))
    roi.right, roi.bottom = (int(edge) for edge in np.ceil(points.max(axis=0)))


def _check_reach(points: Vertices) -> None:
    if points.min() < _REACH[0] or points.max() > _REACH[1] - 1:
        raise LabelsError(
            f"An annotation reaches beyond {_REACH[0]} to {_REACH[1]} px, which is all that ImageJ knows.",
            remedy="Delete it, or export it elsewhere.",
        )
