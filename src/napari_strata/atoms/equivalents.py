"""Which atoms of a layer are alike by translation: one lattice vector apart, and as bright."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_strata.atoms.candidates import TOLERANCE, common_vectors, shortest_pair, steps_around

BETTER = 2.0
"""A vector over which brightness differs by so much more, in the mean of squares, than over the best one leads
from one kind of column to another."""
SLACK = 0.02
"""Difference, in the mean of squares and in units of the median brightness squared, that a few vacancies make."""
FARTHEST = 3.0
"""Differences of brightness, in units of the median brightness, beyond which they all count alike."""


def equivalents(positions: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """Return the six nearest atoms that a crystal has alike.

    Positions alone do not tell: the columns of SrTiO3 seen along [001] lie on one square lattice, of strontium,
    titanium and oxygen by turns. So of the vectors that lead from atom to atom only those count over which
    brightness comes again.

    Parameters
    ----------
    positions : ndarray of float64, shape (atom, 2)
        Of one layer, (y, x).
    heights : ndarray of float64, shape (atom,)
        How bright the atoms are.

    Returns
    -------
    ndarray of int, shape (atom, 6), or None
        Index of the atom at each of the shortest vectors, -1 where there is none; None without a lattice.
    """
    found = common_vectors(positions)
    if found is None:
        return None
    vectors, nearest = found
    tree, usual = KDTree(positions), abs(float(np.median(heights)))

    def at(steps: NDArray[np.float64]) -> NDArray[np.intp]:
        distance, index = tree.query(positions[:, None] + steps, distance_upper_bound=TOLERANCE * nearest)
        return np.where(np.isfinite(distance), index, -1)

    there = at(vectors)
    differences = np.clip(np.abs(heights[:, None] - heights[there]), 0, FARTHEST * usual)
    squares = np.ma.masked_array(differences**2, there < 0).mean(axis=0).filled(np.inf)
    pair = shortest_pair(vectors[squares <= BETTER * squares.min(initial=np.inf) + SLACK * usual**2])
    return None if pair is None else at(steps_around(pair))
