"""What surrounds an atom within its layer, whatever lattice it may have: neighbours, distances, species."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import Positions

if TYPE_CHECKING:
    from scipy.spatial import KDTree


def nearest_distances(positions: Positions) -> NDArray[np.float64]:
    """Return the distance of every atom from the nearest other one [Å], NaN of an atom that is alone, shape (n,).

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) of one layer [Å].
    """
    if len(positions) < 2:
        return np.full(len(positions), np.nan)
    return np.asarray(_tree(positions).query(positions, k=2)[0][:, 1])


def local_fraction(positions: Positions, is_one: NDArray[np.bool_], reach: float) -> NDArray[np.float64]:
    """Return which part of the atoms around each atom, itself included, is of a kind, shape (n,).

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) of one layer [Å].
    is_one : ndarray of bool, shape (n,)
        Which atoms are of the kind.
    reach : float
        Atoms up to this distance count [Å].
    """
    if not len(positions):
        return np.zeros(0)
    pairs = _tree(positions).query_pairs(reach, output_type="ndarray")
    counts, ones = np.ones(len(positions)), is_one.astype(np.float64)
    for here, there in (pairs.T, pairs.T[::-1]):
        counts += np.bincount(here, minlength=len(positions))
        ones += np.bincount(here, is_one[there], minlength=len(positions))
    return ones / counts


def near_pairs(positions: Positions, reach: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return all pairs of atoms up to a distance, and their distances.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) of one layer [Å].
    reach : float
        Largest distance [Å].

    Returns
    -------
    pairs : ndarray of int, shape (pairs, 2)
        Each pair once, the smaller number first.
    distances : ndarray, shape (pairs,)
        Their distances [Å].
    """
    if len(positions) < 2:
        return np.zeros((0, 2), dtype=np.intp), np.zeros(0)
    pairs = np.asarray(_tree(positions).query_pairs(reach, output_type="ndarray"), dtype=np.intp)
    return pairs, np.hypot(*(positions[pairs[:, 1]] - positions[pairs[:, 0]]).T)


def _tree(positions: Positions) -> "KDTree":
    from scipy.spatial import KDTree

    return KDTree(positions)
