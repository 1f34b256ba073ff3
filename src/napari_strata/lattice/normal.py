"""Linear least squares for lattices and the coefficients of splines together."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import Matrix, Positions

HOLD = 1e-3
"""Weight at which a spline's coefficient is held at 0, that of an atom being 1."""


def solve(
    design: NDArray[np.float64], points: Positions, weights: Positions, lattice: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solve for y and x apart.

    Parameters
    ----------
    design : ndarray, shape (n, unknown)
        What multiplies the unknown numbers of each atom.
    points, weights : ndarray, shape (n, 2)
        Atoms (y, x) and their weights, 1 in the mean.
    lattice : int
        How many unknowns, the first ones, belong to lattices.

    Returns
    -------
    inverses : ndarray, shape (2, unknown, unknown)
        Inverses of the normal matrices.
    solution : ndarray, shape (unknown, 2)
        What was sought.
    """
    weighted = [design * weights[:, axis, None] for axis in range(2)]
    inverses = np.stack([inverse_of(one.T @ design, lattice) for one in weighted])
    return inverses, np.stack([inverses[axis] @ (weighted[axis].T @ points[:, axis]) for axis in range(2)], axis=1)


def inverse_of(normal: Matrix, lattice: int) -> Matrix:
    """Return the inverse of a normal matrix; `lattice` is the number of its columns that belong to lattices.

    The splines' coefficients are held near 0 so weakly that only those feel it which no atom decides: three
    combinations that have no effect, and splines without atoms in reach, such as those of a bare corner.
    """
    is_lattice = np.arange(len(normal)) < lattice
    size = np.where(is_lattice, np.sqrt(np.diag(normal)), 1.0)
    size[size == 0] = 1.0
    scaled = normal / np.outer(size, size) + np.diag(np.where(is_lattice, 1e-12, HOLD))
    return np.asarray(np.linalg.inv(scaled) / np.outer(size, size))
