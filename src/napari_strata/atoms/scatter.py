"""How far atoms lie off the straight rows that crystals have, whatever the crystal."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

NEIGHBOURS = 12
"""Nearest atoms among which two opposite ones are sought."""
OPPOSITE = 0.25
"""Greatest distance of an atom from the middle of such two, in units of the distance of nearest neighbours."""
FEWEST = 20
"""Atoms between opposite ones that tell a scatter."""
HALF = 0.6745
"""Half of a normal distribution lies within so many standard deviations."""


def scatter_of_rows(positions: NDArray[np.float64], groups: NDArray[np.intp]) -> float | None:
    """Measure how far atoms lie from the middles of pairs that are opposite each other.

    In every crystal an atom is in the middle between its images by a lattice vector and by its reverse, however
    the image is stretched. Where positions have independent errors of standard deviation s, the mean of the
    middles of m pairs is off by s times the root of 1 + 1 / (2 m) along each axis. Errors that neighbours have in
    common are not seen.

    Parameters
    ----------
    positions : ndarray, shape (atom, 2)
        Of atoms, in any unit.
    groups : ndarray of int, shape (atom,)
        Crystal layers: opposite atoms are of the same.

    Returns
    -------
    float or None
        s along one axis, from the median, in the unit of `positions`; None where too few atoms have opposite ones.
    """
    of_layers = [_from_middles(positions[groups == group]) for group in np.unique(groups)]
    off = np.concatenate([np.empty((0, 2)), *of_layers])
    if len(off) < FEWEST:
        return None
    return float(np.median(np.abs(off)) / HALF)


def _from_middles(atoms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far atoms (between some, 2) of one layer are from the middles of opposite ones, as errors."""
    count = min(NEIGHBOURS, len(atoms) - 1)
    if count < 2:
        return np.empty((0, 2))
    distance, index = KDTree(atoms).query(atoms, k=count + 1)
    ways = atoms[index[:, 1:]] - atoms[:, None]
    one, other = np.triu_indices(count, 1)
    middles = (ways[:, one] + ways[:, other]) / 2
    opposite = np.linalg.norm(middles, axis=2) < OPPOSITE * np.median(distance[:, 1])
    pairs = opposite.sum(axis=1)
    between = pairs > 0
    sums = (middles * opposite[..., None]).sum(axis=1)[between]
    off: NDArray[np.float64] = sums / (pairs[between] * np.sqrt(1 + 1 / (2 * pairs[between])))[:, None]
    return off
