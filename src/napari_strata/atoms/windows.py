"""The pixels around many atoms at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import FloatImage

PIXELS_AT_ONCE = 2_000_000
"""Window pixels handled at a time; bounds the memory at some 100 MB."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Disk-shaped windows around atoms.

    Attributes
    ----------
    pixels : ndarray of int, shape (atom, pixel, 2)
        Pixels (y, x) of each window; those outside the image are replaced by the nearest inside.
    inside : ndarray of bool, shape (atom, pixel)
        Which pixels really lie in the image.
    offsets : ndarray of float, shape (atom, pixel, 2)
        From the atom to the true pixel (y, x) [px].
    """

    pixels: NDArray[np.intp]
    inside: NDArray[np.bool_]
    offsets: NDArray[np.float64]

    @classmethod
    def around(cls, positions: NDArray[np.float64], radius: float, shape: tuple[int, ...]) -> "Windows":
        """Look at all pixels that a disk can touch, `radius` [px], around `positions` (atom, 2) in an image."""
        pixels = np.rint(positions).astype(np.intp)[:, None] + _disk(radius)
        limits = np.array(shape) - 1
        inside = (pixels[..., 0] >= 0) & (pixels[..., 0] <= limits[0])
        inside &= (pixels[..., 1] >= 0) & (pixels[..., 1] <= limits[1])
        return cls(np.clip(pixels, 0, limits), inside, pixels - positions[:, None])

    @property
    def distances(self) -> NDArray[np.float64]:
        """Distance of each pixel from its atom [px], shape (atom, pixel)."""
        return np.hypot(self.offsets[..., 0], self.offsets[..., 1])

    def values(self, image: FloatImage) -> FloatImage:
        """Return the image (y, x) at the pixels, shape (atom, pixel)."""
        return image[self.pixels[..., 0], self.pixels[..., 1]]


def chunks(atoms: int, radius: float, *, copies: int = 1) -> Iterator[slice]:
    """Split so many atoms that a chunk's windows, `copies` times over, hold `PIXELS_AT_ONCE` pixels at most."""
    step = max(1, PIXELS_AT_ONCE // (len(_disk(radius)) * copies))
    return (slice(start, start + step) for start in range(0, atoms, step))


def _disk(radius: float) -> NDArray[np.intp]:
    """Return offsets (pixel, 2) that a disk can touch whose centre lies within the middle pixel."""
    reach = int(np.ceil(radius)) + 1
    square = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    disk: NDArray[np.intp] = square[np.hypot(*square.T) < radius + 1.25]
    return disk
