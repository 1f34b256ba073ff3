r"""Masks of atoms that are given as points.

A pixel whose centre lies at the distance :math:`d` from the nearest atom gets that atom's code where
:math:`d \le r`. With Gaussian spots, :math:`w = 2^{-(d / r)^2}`, of half width :math:`r`
(:math:`\sigma = r / \sqrt{2 \ln 2}`), it does where :math:`w \ge 1/2`, which are the same pixels; but where
:math:`1/2 > w \ge 1/10`, up to :math:`d = 1.82\,r`, nobody can tell atom from background, and the pixel is not
labelled. What is farther away is background.
"""

import math

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import SpotConfig
from napari_strata.types import BACKGROUND, NOT_LABELLED, LabelArray

RIM = math.sqrt(math.log2(10))
"""Radius of a Gaussian spot at a tenth of its height, in half widths."""
_ROUNDING = 1e-9
"""By which 0.3 Å at 0.1 Å/px are the 3 px that they are."""
_AT_ONCE = 4_000_000
"""Pixels around atoms that are looked at together, which takes about 0.2 GB."""


def draw_atoms(
    positions: NDArray[np.float64],
    codes: LabelArray,
    shape: tuple[int, int],
    config: SpotConfig,
    *,
    pixel_size: float,
) -> LabelArray:
    """Draw the atoms of one slice and crystal layer.

    Parameters
    ----------
    positions : ndarray of float64, shape (atom, 2)
        Positions as (y, x) [px]; (0, 0) is the centre of the first pixel. They may lie outside the image.
    codes : ndarray of uint8, shape (atom,)
        Mask code of each atom.
    shape : (int, int)
        Height and width of the image [px].
    config : SpotConfig
        Radius, kind of spot, and whether the rest is background.
    pixel_size : float
        Pixel size [Å/px].

    Returns
    -------
    ndarray of uint8, shape `shape`
        Mask codes. Where spots overlap, the nearer atom counts, of two at the same distance the first.
    """
    radius = config.radius / pixel_size * (1 + _ROUNDING)
    rim = radius * RIM if config.spot == "gaussian" else radius
    drawn = np.full(shape, BACKGROUND if config.background else NOT_LABELLED, np.uint8)
    squared, nearest = _nearest(np.asarray(positions, np.float64).reshape(-1, 2), shape, rim)
    drawn[squared <= rim**2] = NOT_LABELLED
    within = squared <= radius**2
    drawn[within] = codes[nearest[within]]
    return drawn


def _nearest(
    positions: NDArray[np.float64], shape: tuple[int, int], reach: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the squared distance to the nearest atom within reach, else infinity, and which atom that is."""
    squared, nearest = np.full(shape, np.inf), np.zeros(shape, np.int64)
    steps = np.arange(-math.ceil(reach) - 1, math.ceil(reach) + 2)
    group = max(_AT_ONCE // len(steps) ** 2, 1)
    for first in range(0, len(positions), group):
        atom, row, column, distance = _around(positions[first : first + group], steps, shape, reach**2)
        nearer = distance < squared[row, column]
        atom, pixel, distance = atom[nearer], (row * shape[1] + column)[nearer], distance[nearer]
        order = np.lexsort((atom, distance, pixel))
        best = order[np.unique(pixel[order], return_index=True)[1]]
        squared.ravel()[pixel[best]], nearest.ravel()[pixel[best]] = distance[best], atom[best] + first
    return squared, nearest


def _around(
    positions: NDArray[np.float64], steps: NDArray[np.int64], shape: tuple[int, int], limit: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return atom, row, column and squared distance of every pixel of the image within the limit of an atom."""
    rows, columns = (np.rint(p).astype(np.int64)[:, None] + steps for p in positions.T)
    squared = ((rows - positions[:, :1]) ** 2)[:, :, None] + ((columns - positions[:, 1:]) ** 2)[:, None, :]
    inside = ((rows >= 0) & (rows < shape[0]))[:, :, None] & ((columns >= 0) & (columns < shape[1]))[:, None, :]
    atom, i, j = np.nonzero(inside & (squared <= limit))
    return atom, rows[atom, i], columns[atom, j], squared[atom, i, j]
