"""Lengths and angles of a lattice, and how far their uncertainty follows from that of its vectors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import IDEAL, SYMMETRY, Family, Matrix, angle_of, fold


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure and its standard uncertainty."""

    value: float
    sigma: float


@dataclass(frozen=True, slots=True)
class CellParameters:
    """A lattice in figures.

    Attributes
    ----------
    a, b : Measured
        Lengths of the vectors [Å].
    gamma : Measured
        Angle between them [degrees].
    orientation : Measured
        Where a points, from the x axis towards y [degrees], modulo the symmetry of the lattice (hexagonal 60,
        square 90, else 180) and folded to plus and minus half of that. Of a hexagonal or square lattice it is that
        of the ideal lattice which comes nearest to it, whichever of its equal vectors is called a.
    area : Measured
        Area of the cell [Å^2].
    """

    a: Measured
    b: Measured
    gamma: Measured
    orientation: Measured
    area: Measured


def cell_parameters(vectors: Matrix, covariance: Matrix, family: Family) -> CellParameters:
    """Measure a lattice.

    Parameters
    ----------
    vectors : ndarray, shape (2, 2)
        a and b as rows (y, x) [Å].
    covariance : ndarray, shape (4, 4)
        Covariance of (a_y, a_x, b_y, b_x) [Å^2].
    family : Family
        What the lattice is without distortion.
    """

    def figures(flat: NDArray[np.float64]) -> NDArray[np.float64]:
        a, b = flat.reshape(2, 2)
        gamma = np.arctan2(abs(a[1] * b[0] - a[0] * b[1]), a @ b)
        turned = np.deg2rad(orientation(flat.reshape(2, 2), family))
        return np.array([np.hypot(*a), np.hypot(*b), gamma, turned, abs(np.linalg.det(flat.reshape(2, 2)))])

    values, spread = propagate(figures, vectors.ravel(), covariance)
    sigma = np.sqrt(np.diag(spread))
    values[2:4], sigma[2:4] = np.degrees(values[2:4]), np.degrees(sigma[2:4])
    values[3] = fold(float(values[3]), SYMMETRY[family])
    return CellParameters(*(Measured(float(v), float(s)) for v, s in zip(values, sigma, strict=True)))


def orientation(vectors: Matrix, family: Family) -> float:
    """Return where a points [degrees], -180 to 180.

    Where the family decides the ideal cell C, it is the rotation R of the polar decomposition of what turns C into
    the vectors, a symmetric stretch after R. A symmetric stretch that several lattices share leaves it alone.
    """
    if family not in IDEAL:
        return angle_of(vectors[0])
    change = np.linalg.solve(IDEAL[family], vectors).T
    return float(np.degrees(np.arctan2(change[0, 1] - change[1, 0], change[0, 0] + change[1, 1])))


def propagate(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    values: NDArray[np.float64],
    covariance: Matrix,
) -> tuple[NDArray[np.float64], Matrix]:
    """Return a function of uncertain values, and its covariance to first order."""
    step = 1e-6 * max(float(np.abs(values).max()), 1e-12)
    jacobian = np.stack(
        [(function(values + move) - function(values - move)) / (2 * step) for move in step * np.eye(len(values))],
        axis=1,
    )
    return function(values), jacobian @ covariance @ jacobian.T
