"""How close two atoms of given species can be, learned from the image's own nearest-neighbour distances."""

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

PART = 0.55
"""Closer than this part of the usual distance two atoms are one: no site of a lattice is nearer than half."""
SITES = 0.85
"""Atoms on neighbouring sites are never taken for one, not even of one species, as antisites are: the limit
stays below this part of the distance of nearest neighbours, whatever these are."""
ENOUGH = 30
"""Least number of atoms of a species that tell its distances."""
SPREAD = 0.3
"""Greatest interquartile range of nearest-neighbour distances, in units of their median, that tells a distance;
that of points that lie at random is 0.77."""


def least_distances(
    positions: NDArray[np.float64], species: NDArray[np.intp], count: int, *, least: float
) -> NDArray[np.float64]:
    """Return how close two atoms of each pair of species may be.

    In an MX2 crystal seen from above metals are 3.2 Å from metals and 1.8 Å from chalcogens: what lies 1.3 Å from
    a metal is noise if it looks like a metal, too. For each pair the median distance from an atom of the one to
    the nearest of the other counts, `PART` of it being the limit, and never less than `least`. Where atoms are
    few, or their distances vary as those of random dopants do, `least` stands.

    Parameters
    ----------
    positions : ndarray, shape (atom, 2)
        Positions of one layer's candidates.
    species : ndarray of int, shape (atom,)
        Species of each, from 0.
    count : int
        Number of species.
    least : float
        Smallest distance of any two atoms, in the unit of `positions`.

    Returns
    -------
    ndarray of float64, shape (species, species)
        Symmetric, at least `least`.
    """
    limits = np.full((count, count), least)
    if len(positions) < ENOUGH:
        return limits
    nearest = float(np.median(KDTree(positions).query(positions, k=2)[0][:, 1]))
    for one, other in itertools.combinations_with_replacement(range(count), 2):
        usual = _usual_distance(positions[species == one], positions[species == other], is_same=one == other)
        limit = max(least, min(PART * usual, SITES * nearest))
        limits[one, other] = limits[other, one] = limit
    return limits


def _usual_distance(one: NDArray[np.float64], other: NDArray[np.float64], *, is_same: bool) -> float:
    """Return the median distance of an atom from the nearest of the other species; 0 where there is none."""
    if is_same:
        return _clear_median(KDTree(one).query(one, k=2)[0][:, 1]) if len(one) >= ENOUGH else 0.0
    found = [
        _clear_median(KDTree(there).query(here)[0])
        for here, there in ((one, other), (other, one))
        if len(here) >= ENOUGH and len(there)
    ]
    # of a rare species every atom has common ones around it, while most common ones have no rare one near
    return min((usual for usual in found if usual), default=0.0)


def _clear_median(distances: NDArray[np.float64]) -> float:
    low, median, high = np.quantile(distances, (0.25, 0.5, 0.75))
    return float(median) if high - low <= SPREAD * median else 0.0
