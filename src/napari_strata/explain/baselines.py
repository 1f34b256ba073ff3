"""What an image is compared with: images without information, superpixels, and other parts of itself.

All are made of the whole image on the network's grid, so that a window of it is compared with the same as the
whole.
"""

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_strata.config.explain import Baseline
from napari_strata.types import FloatImage

BLUR = 2.0
"""Standard deviation of the blurred baseline [Å]: wider than any distance of neighbouring atoms is sharp."""
COMPACTNESS = 0.1
"""Weight of nearness against likeness in superpixels of an image with standard deviation 1."""
TILE = 512
"""Largest side of what is divided into superpixels at once [px]."""
NOT_DIVIDED = -1
"""Number of what is in no superpixel."""


def make_baseline(grid: FloatImage, kind: Baseline, *, pixel_size: float | None, seed: int) -> FloatImage:
    """Return an image without information.

    Parameters
    ----------
    grid : ndarray of float32, shape (y, x)
        Normalised image.
    kind : {"mean", "dark", "blurred", "noise"}
        Its mean everywhere; its least value everywhere; blurred by `BLUR`; or Gaussian noise of its mean and
        standard deviation.
    pixel_size : float or None
        [Å/px]; without one `BLUR` is taken in px.
    seed : int
        Seed of the noise.
    """
    match kind:
        case "mean":
            baseline = np.full_like(grid, grid.mean())
        case "dark":
            baseline = np.full_like(grid, grid.min())
        case "blurred":
            baseline = ndimage.gaussian_filter(grid, BLUR / (pixel_size or 1.0), mode="nearest")
        case "noise":
            rng = np.random.default_rng(seed)
            baseline = rng.normal(grid.mean(), grid.std(), grid.shape).astype(np.float32)
    return baseline


def make_superpixels(
    grid: FloatImage, side: int, *, within: tuple[slice, slice] | None = None
) -> NDArray[np.int64]:
    """Divide an image into superpixels of about `side` px, by SLIC.

    Achanta et al., IEEE TPAMI 34, 2274 (2012), computed by scikit-image. Of a large image each tile of at most
    `TILE` px is divided for itself: a whole one takes long, and lets no other thread work meanwhile.

    Parameters
    ----------
    grid : ndarray of float32, shape (y, x)
        Normalised image.
    side : int
        About that of a superpixel [px].
    within : tuple of slice, optional
        Rows and columns that are wanted: tiles beside them are left alone. The same there as in the whole image.

    Returns
    -------
    ndarray of int64, shape (y, x)
        Number of each pixel's superpixel, from 0; `NOT_DIVIDED` in tiles that were left alone.
    """
    from skimage.segmentation import slic

    numbers, first = np.full(grid.shape, NOT_DIVIDED, np.int64), 0
    for tile in itertools.product(*(_parts(length) for length in grid.shape)):
        if within is not None and not all(map(_overlap, tile, within)):
            continue
        count = max(round(grid[tile].size / side**2), 1)
        found = slic(grid[tile], n_segments=count, compactness=COMPACTNESS, channel_axis=None, start_label=0)
        numbers[tile] = found + first
        first += int(found.max()) + 1
    return numbers


def _parts(length: int) -> list[slice]:
    """Divide an axis into parts of at most `TILE` px, about as long as each other."""
    edges = np.linspace(0, length, -(-length // TILE) + 1).round().astype(int)
    return [slice(int(start), int(stop)) for start, stop in itertools.pairwise(edges)]


def _overlap(one: slice, other: slice) -> bool:
    return bool(one.start < other.stop and other.start < one.stop)


def make_references(grid: FloatImage, count: int, *, seed: int) -> list[FloatImage]:
    """Return the image moved at random, as if it were periodic: other parts of it at every place."""
    rng = np.random.default_rng(seed)
    shifts = rng.integers(0, grid.shape, (count, 2))
    return [np.roll(grid, (int(dy), int(dx)), axis=(0, 1)) for dy, dx in shifts]
