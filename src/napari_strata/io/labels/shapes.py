"""What annotations outline: the few kinds of shape that annotation programs draw.

Positions are (y, x) [px] and (0, 0) is the centre of the first pixel, as in napari. Programs that count from the
corner of that pixel say 0.5 px more: `from_corner` and `to_corner` go between the two.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import AnyArray

Vertices = NDArray[np.float64]
"""Positions, shape (n, 2), as (y, x) [px]."""
CORNER = 0.5
"""From the corner of the first pixel to its centre [px]."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """An area within one or more closed lines, less its holes.

    Attributes
    ----------
    rings : tuple of ndarray of float64, shape (n, 2) each
        Closed lines; the last vertex is not the first one again. What lies within any of them belongs to the area.
    holes : tuple of ndarray of float64, shape (n, 2) each
        Closed lines; what lies within any of them does not belong to the area.
    """

    rings: tuple[Vertices, ...]
    holes: tuple[Vertices, ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, turned about its centre.

    Attributes
    ----------
    top, left, bottom, right : float
        Its edges before it is turned [px].
    angle : float
        Turn from +x towards +y, clockwise as images are shown [degrees].
    """

    top: float
    left: float
    bottom: float
    right: float
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse, turned about its centre.

    Attributes
    ----------
    y, x : float
        Its centre [px].
    radius_y, radius_x : float
        Half its height and half its width before it is turned [px].
    angle : float
        Turn from +x towards +y, clockwise as images are shown [degrees].
    """

    y: float
    x: float
    radius_y: float
    radius_x: float
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Polyline:
    """An open line.

    Attributes
    ----------
    vertices : ndarray of float64, shape (n, 2)
        Its corners.
    """

    vertices: Vertices


@dataclass(frozen=True, slots=True)
class Points:
    """One or more positions.

    Attributes
    ----------
    vertices : ndarray of float64, shape (n, 2)
        The positions.
    """

    vertices: Vertices


class PixelMask:
    """An area given pixel by pixel, kept as one bit per pixel: the masks of a data set are held in memory at once.

    Parameters
    ----------
    top, left : int
        Its first row and column in the image [px].
    pixels : ndarray of bool, shape (height, width)
        Which pixels of this window belong to the area; they are copied.
    """

    __match_args__ = ("top", "left", "pixels")
    __slots__ = ("_bits", "_size", "left", "top")

    def __init__(self, top: int, left: int, pixels: NDArray[np.bool_]) -> None:
        self.top, self.left = top, left
        self._size = (pixels.shape[0], pixels.shape[1])
        self._bits = np.packbits(pixels)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the window [px]."""
        return self._size

    @property
    def pixels(self) -> NDArray[np.bool_]:
        """Which pixels of the window belong to the area, unpacked anew, shape (height, width)."""
        height, width = self._size
        unpacked = np.unpackbits(self._bits, count=height * width).view(np.bool_)
        return unpacked.reshape(height, width)

    @classmethod
    def cut_out(cls, mask: NDArray[np.bool_]) -> "PixelMask":
        """Return the part of a whole image's mask that holds its pixels; at least one must be set."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        top, left = int(rows[0]), int(columns[0])
        return cls(top, left, mask[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1])


Shape = Polygon | Box | Ellipse | Polyline | Points | PixelMask


def from_corner(points: AnyArray) -> Vertices:
    """Turn (x, y) counted from the corner of the first pixel into (y, x) counted from its centre, shape (n, 2)."""
    vertices: Vertices = np.asarray(points, np.float64)[:, ::-1] - CORNER
    return vertices


def to_corner(vertices: Vertices) -> Vertices:
    """Turn (y, x) counted from the centre of the first pixel into (x, y) counted from its corner, shape (n, 2)."""
    points: Vertices = vertices[:, ::-1] + CORNER
    return points


def box_corners(box: Box) -> Vertices:
    """Return the corners of a box, turned, clockwise as images are shown, shape (4, 2)."""
    corners = np.array(
        [(box.top, box.left), (box.top, box.right), (box.bottom, box.right), (box.bottom, box.left)], np.float64
    )
    return turn(corners, ((box.top + box.bottom) / 2, (box.left + box.right) / 2), box.angle)


def turn(vertices: Vertices, centre: tuple[float, float], angle: float) -> Vertices:
    """Turn positions about a centre, from +x towards +y [degrees]."""
    if not angle:
        return vertices
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    y, x = (vertices - centre).T
    turned: Vertices = np.stack([sine * x + cosine * y, cosine * x - sine * y], axis=1) + centre
    return turned


def ellipse_outline(ellipse: Ellipse, vertices: int = 64) -> Vertices:
    """Return a polygon with the same area as an ellipse, for formats that know no ellipse, shape (vertices, 2)."""
    step = 2 * np.pi / vertices
    swell = np.sqrt(step / np.sin(step))  # an inscribed polygon is smaller by sin(step) / step
    phase = step * np.arange(vertices)
    y = ellipse.y + swell * ellipse.radius_y * np.sin(phase)
    x = ellipse.x + swell * ellipse.radius_x * np.cos(phase)
    return turn(np.stack([y, x], axis=1), (ellipse.y, ellipse.x), ellipse.angle)
