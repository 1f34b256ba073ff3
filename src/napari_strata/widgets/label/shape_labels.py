"""Shapes that were drawn with napari's tools become labels: polygon, ellipse, rectangle, line and path."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.labels.raster import fill
from napari_strata.io.labels.shapes import Ellipse, Polygon, Polyline, Shape, Vertices
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.label_step import write_step
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.world import between, from_world

if TYPE_CHECKING:
    from napari.layers import Labels, Shapes
    from napari.viewer import Viewer


def shapes_to_labels(shapes: "Shapes", labels: "Labels", viewer: "Viewer", code: int) -> int:
    """Write a code into the pixels whose centre lies within any shape, as one undo step.

    Parameters
    ----------
    shapes : Shapes
        All its shapes count, or those that are selected. A shape without a slice of its own lies in the shown one.
    labels : Labels
        The layer to write into, (y, x) or (frame, y, x).
    viewer : Viewer
        The viewer that shows both.
    code : int
        What to write.

    Returns
    -------
    int
        How many pixels have another code now.

    Raises
    ------
    LabelsError
        If there is no shape, or one lies in several slices.
    """
    if not shapes.nshapes:
        raise LabelsError(f"{shapes.name} has no shapes.", remedy="Draw some with the tools of that layer.")
    data = full_data(labels)
    slices: dict[tuple[int, ...], AnyArray] = {}
    for place, shape, width in _placed(shapes, labels, viewer):
        if all(0 <= axis < length for axis, length in zip(place, data.shape, strict=False)):
            if place not in slices:
                slices[place] = np.array(data[place])
            mask = fill(shape, data.shape[-2:], line_width=width)
            if mask is not None:
                height, width_px = mask.pixels.shape
                slices[place][mask.top : mask.top + height, mask.left : mask.left + width_px][mask.pixels] = code
    return write_step(labels, slices.items())


def _placed(
    shapes: "Shapes", labels: "Labels", viewer: "Viewer"
) -> Iterator[tuple[tuple[int, ...], Shape, float]]:
    """Yield the slice of each shape, the shape in the labels' pixels, and how wide a line of it is there."""
    shown = np.rint(from_world(labels, viewer, viewer.dims.point)).astype(int)
    for index in sorted(shapes.selected_data) or range(shapes.nshapes):
        places = between(shapes, labels, np.asarray(shapes.data[index], np.float64))
        leading = np.rint(places[:, :-2]).astype(int)
        if shapes.ndim < labels.ndim:
            leading = np.tile(shown[: labels.ndim - 2], (len(places), 1))
        if len(leading) and (leading != leading[0]).any():
            raise LabelsError(
                f"A shape of {shapes.name} lies in several slices.", remedy="Draw it anew in one slice."
            )
        width = shapes.edge_width[index] * _magnification(shapes, labels)
        kind = shapes.shape_type[index]
        yield tuple(int(axis) for axis in leading[0]), _shape(kind, places[:, -2:]), width


def _shape(kind: str, vertices: Vertices) -> Shape:
    if kind in ("line", "path"):
        return Polyline(vertices)
    return _ellipse(vertices) if kind == "ellipse" else Polygon((vertices,))


def _ellipse(corners: Vertices) -> Ellipse:
    """Return the ellipse in a parallelogram of four corners; one that was sheared has other axes than its box."""
    half_sides = np.stack([corners[1] - corners[0], corners[3] - corners[0]], axis=1) / 2
    axes, (radius_x, radius_y), _ = np.linalg.svd(half_sides)
    y, x = corners.mean(axis=0)
    angle = float(np.degrees(np.arctan2(axes[0, 0], axes[1, 0])))
    return Ellipse(float(y), float(x), float(radius_y), float(radius_x), angle)


def _magnification(shapes: "Shapes", labels: "Labels") -> float:
    """Return how many pixels of the labels a length of 1 in the shapes' last two axes has."""
    basis = np.zeros((3, shapes.ndim))
    basis[1, -2] = basis[2, -1] = 1
    origin, y, x = between(shapes, labels, basis)[:, -2:]
    return float(np.sqrt(abs(np.linalg.det(np.stack([y - origin, x - origin])))))
