"""Equal squares of pixels around many points at once, and Gaussians on them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PIXELS_AT_ONCE = 200_000
"""Pixels of all squares handled at a time, so that a few such arrays fit into a core's cache."""


@dataclass(frozen=True, slots=True)
class Squares:
    """Squares that lie wholly in the image; at its border they are moved inwards.

    Attributes
    ----------
    corners : ndarray of int, shape (square, 2)
        First pixel (y, x) of each.
    size : (int, int)
        Height and width [px]; less than asked for only where the image is smaller.
    """

    corners: NDArray[np.intp]
    size: tuple[int, int]

    @classmethod
    def around(cls, points: Floats, reach: int, shape: tuple[int, ...]) -> "Squares":
        """Cover all pixels up to `reach` [px] from the pixel of each of the `points` (square, 2)."""
        size = np.minimum(2 * reach + 1, shape)
        corners = np.clip(np.rint(points).astype(np.intp) - reach, 0, np.array(shape) - size)
        return cls(corners, (int(size[0]), int(size[1])))

    @property
    def axes(self) -> tuple[Floats, Floats]:
        """The pixels' y and x, counted from the middle of a square [px]."""
        return from_middle(self.size[0]), from_middle(self.size[1])

    def from_middle(self, points: Floats) -> Floats:
        """Return points (square, 2), counted from the middle of each square."""
        offsets: Floats = points - self.corners - (np.array(self.size) - 1) / 2
        return offsets

    def cut(self, image: Floats) -> Floats:
        """Return the pixels of an image (y, x), shape (square, y, x)."""
        cut: Floats = sliding_window_view(image, self.size)[self.corners[:, 0], self.corners[:, 1]]
        return cut

    def paste(self, values: Floats, image: Floats) -> None:
        """Add values (square, y, x) to an image (y, x), in place."""
        first, last = self.corners[:, 0].min(), self.corners[:, 0].max() + self.size[0]
        width = image.shape[1]
        within = np.arange(self.size[0])[:, None] * width + np.arange(self.size[1])
        starts = (self.corners[:, 0] - first) * width + self.corners[:, 1]
        flat = np.bincount((starts[:, None, None] + within).ravel(), values.ravel(), (last - first) * width)
        image[first:last] += flat.reshape(-1, width)


def gaussians(squares: Squares, points: Floats, precision: Floats) -> Floats:
    """Evaluate Gaussians of height 1 on their squares.

    Parameters
    ----------
    squares : Squares
        One per Gaussian.
    points : ndarray, shape (square, 2)
        Centres (y, x) [px].
    precision : ndarray, shape (square, 3)
        Inverse covariance yy, yx, xx [1/px²].

    Returns
    -------
    ndarray, shape (square, y, x)
        exp(-(yy u² + 2 yx u v + xx v²) / 2) at the distances u, v along y and x.
    """
    centres = squares.from_middle(points)
    down, right = (axis - centres[:, i, None] for i, axis in enumerate(squares.axes))
    along_y = np.exp(-0.5 * precision[:, 0, None] * down**2)
    along_x = np.exp(-0.5 * precision[:, 2, None] * right**2)
    values: Floats = along_y[:, :, None] * along_x[:, None, :]
    if precision[:, 1].any():
        values *= np.exp(-(precision[:, 1, None] * down)[:, :, None] * right[:, None, :])
    return values


def from_middle(side: int) -> Floats:
    """Return the places of so many pixels in a row, counted from their middle [px]."""
    places: Floats = np.arange(side, dtype=np.float64) - (side - 1) / 2
    return places


def chunks(count: int, reach: int) -> Iterator[slice]:
    """Split so many squares into runs of `PIXELS_AT_ONCE` pixels at most."""
    step = max(1, PIXELS_AT_ONCE // (2 * reach + 1) ** 2)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))
