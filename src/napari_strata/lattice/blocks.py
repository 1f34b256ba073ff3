"""How much more results scatter than independent atoms would let them, as blocks of neighbouring atoms tell.

Neighbours have errors in common: a line of the scan that slipped, a bias of the network, a distortion finer than
the field. The covariance is then the sum over blocks of what all atoms of each pull at the result, squared (K.-Y.
Liang and S. L. Zeger, Biometrika 73, 13, 1986), as long as blocks are larger than what neighbours share.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import Matrix, Positions

STRIPS = 6
"""Strips along y, and blocks along each: all hold as many atoms."""
LEAST_ATOMS = 10
"""Blocks of fewer atoms tell nothing of what neighbours share."""


def variance_ratio(
    points: Positions, pulls: NDArray[np.float64], lattices: Sequence[Matrix], covariance: Matrix
) -> float:
    """Return how many times larger variances are than those of independent scatter, at least 1.

    Only what the layers do not share counts, their twist and their different sizes and shapes: a smooth field
    takes up what they share, of errors as well. The ratio is the mean over these four figures of each further
    layer, and is itself right to about 12 %.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Atoms (y, x) of all layers [Å].
    pulls : ndarray, shape (n, 4 layers)
        By how much each atom's residual moves (a_y, a_x, b_y, b_x) of all layers [Å].
    lattices : sequence of ndarray, each of shape (2, 2)
        Their vectors as rows (y, x) [Å].
    covariance : ndarray, shape (4 layers, 4 layers)
        Their covariance for independent scatter [Å^2].

    Returns
    -------
    float
        1 of a single layer, or of fewer than 10 atoms in a block.
    """
    if len(lattices) < 2 or len(points) < LEAST_ATOMS * STRIPS**2:
        return 1.0
    block = blocks_of(points)
    moves = np.stack([np.bincount(block, pull) for pull in pulls.T], axis=1)
    own = _own_part(lattices)
    spread = own.T @ moves.T @ moves @ own * len(moves) / (len(moves) - 1)
    ratio = float(np.trace(np.linalg.solve(own.T @ covariance @ own, spread)) / len(own.T))
    return max(1.0, ratio)


def blocks_of(points: Positions) -> NDArray[np.intp]:
    """Return the number of the block, 0 to 35, of each point (y, x), shape (n,)."""
    strip = _ranks(points[:, 0]) * STRIPS // len(points)
    block = np.empty(len(points), dtype=np.intp)
    for number in range(STRIPS):
        rows = np.flatnonzero(strip == number)
        block[rows] = number * STRIPS + _ranks(points[rows, 1]) * STRIPS // max(len(rows), 1)
    return block


def _ranks(values: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable")


def _own_part(lattices: Sequence[Matrix]) -> Matrix:
    """Return combinations of all components that no affine change of all layers alters, as columns."""
    from scipy.linalg import null_space

    shared = np.concatenate([np.einsum("cj,vk->vcjk", np.eye(2), v).reshape(4, 4) for v in lattices])
    return np.asarray(null_space(shared.T))
