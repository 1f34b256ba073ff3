"""Nearest neighbours in the lattice: pairs, how long, in which direction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import Positions, UnitCell
from napari_strata.lattice.indexing import LatticeIndex, neighbour_pairs

SAME_SHELL = 1.15
"""Neighbours up to so many times the least distance away are nearest ones, distortions of the scan allowed for."""


@dataclass(frozen=True, slots=True, eq=False)
class Bonds:
    """Pairs of nearest neighbours.

    Attributes
    ----------
    pairs : ndarray of int, shape (bonds, 2)
        Atoms by number, each pair once.
    lengths : ndarray, shape (bonds,)
        Their distance [Å].
    angles : ndarray, shape (bonds,)
        Direction from the x axis towards y, 0 to 180 [degrees].
    """

    pairs: NDArray[np.intp]
    lengths: NDArray[np.float64]
    angles: NDArray[np.float64]


def bonds(positions: Positions, index: LatticeIndex) -> Bonds:
    """Return the nearest neighbours in the lattice, whatever their measured distance.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) [Å].
    index : LatticeIndex
        Their places; those without one have no bonds.
    """
    pairs = neighbour_pairs(index, SAME_SHELL * least_distance(index.cell))
    y, x = (positions[pairs[:, 1]] - positions[pairs[:, 0]]).T
    return Bonds(pairs, np.hypot(y, x), np.degrees(np.arctan2(y, x)) % 180)


def mean_bonds(positions: Positions, index: LatticeIndex) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the mean distance of every atom from its nearest neighbours [Å], and how many it has, shape (n,).

    The distance is NaN where there is none.
    """
    found, count = bonds(positions, index), len(positions)
    atoms, lengths = found.pairs.ravel(), np.repeat(found.lengths, 2)
    number = np.bincount(atoms, minlength=count)
    total = np.bincount(atoms, lengths, minlength=count)
    return np.divide(total, number, out=np.full(count, np.nan), where=number > 0), number


def least_distance(cell: UnitCell) -> float:
    """Return the least distance of two places in a lattice [Å]."""
    shifts = np.stack(np.meshgrid(*[np.arange(-1, 2)] * 2, indexing="ij"), axis=-1).reshape(-1, 2) @ cell.vectors
    steps = cell.offsets[:, None, None] - cell.offsets[None, :, None] + shifts
    length = np.hypot(*np.moveaxis(steps, -1, 0))
    return float(length[length > 1e-9].min())
