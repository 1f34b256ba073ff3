"""Areas of several parts, with holes, and masks as one closed line, for formats that know nothing else."""

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.labels.bridges import join
from napari_strata.io.labels.raster import fill, outline
from napari_strata.io.labels.shapes import Box, PixelMask, Points, Polygon, Polyline, Shape, Vertices, box_corners

_LARGEST_AREA = 2**26
"""Pixels of an image whose size nobody knows: 8192 x 8192."""


def closed_line(shape: Shape, size: tuple[int, int] | None) -> Vertices | None:
    """Return one closed line that goes round the same pixels as a shape.

    Parameters
    ----------
    shape : Shape
        Any shape; polygons and boxes keep their vertices, of others it is the outline of their pixels.
    size : (int, int) or None
        Height and width of the image [px], or None if nobody knows it.

    Returns
    -------
    ndarray of float64, shape (n, 2), or None
        As (y, x) [px]; None where no pixel of the image belongs to the shape.
    """
    match shape:
        case Box():
            return box_corners(shape)
        case Polygon(rings=(ring,), holes=()):
            return ring
        case Polygon():
            joined = join(shape)
            if _same_pixels(shape, joined, size):
                return joined
    mask = pixels_of(shape, size)
    return None if mask is None else join(outline(mask))


def pixels_of(shape: Shape, size: tuple[int, int] | None) -> PixelMask | None:
    """Return the pixels of a shape within its image, or, if nobody knows its size, right of and below the corner.

    Raises
    ------
    LabelsError
        If nobody knows the size of the image, and it would have to be absurdly large.
    """
    if size is None:
        size = _reach(shape)
        if size[0] * size[1] > _LARGEST_AREA:
            raise LabelsError(
                f"An annotation reaches to {size[0]} x {size[1]} px, and nobody knows how large its image is.",
                remedy="Delete it, or export from a format that states the size of its images.",
            )
    return fill(shape, size)


def _reach(shape: Shape) -> tuple[int, int]:
    """Return the size of the smallest image that holds a shape, as far as it is not above or left of it."""
    match shape:
        case PixelMask(top=top, left=left, pixels=pixels):
            return max(top + pixels.shape[0], 1), max(left + pixels.shape[1], 1)
        case Polygon(rings=rings):
            far = np.concatenate(rings).max(axis=0)
        case Box():
            far = box_corners(shape).max(axis=0)
        case Polyline(vertices=vertices) | Points(vertices=vertices):
            far = vertices.max(axis=0)
        case _:
            far = np.array((shape.y, shape.x)) + np.hypot(shape.radius_y, shape.radius_x)
    height, width = np.maximum(np.ceil(far) + 2, 1).astype(int)
    return int(height), int(width)


def _same_pixels(shape: Shape, line: Vertices, size: tuple[int, int] | None) -> bool:
    """Tell whether a line keeps the pixels: a hole that two overlapping parts share would be filled."""
    wanted, found = pixels_of(shape, size), pixels_of(Polygon((line,)), size)
    if wanted is None or found is None:
        return wanted is found
    return (wanted.top, wanted.left) == (found.top, found.left) and np.array_equal(wanted.pixels, found.pixels)
