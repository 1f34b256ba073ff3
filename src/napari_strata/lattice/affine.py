"""All layers as ideal lattices under one affine distortion of the scan.

Layer l is an ideal lattice of its own size a_l and orientation theta_l. The scan stretches all of them alike, by a
symmetric matrix of determinant 1: its rotation and its change of area cannot be told from theta and a. Of L layers
4 L figures are measured, and 2 L + 2 describe them; the other 2 L - 2 tell whether the layers agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.agreement import UNLIKELY
from napari_strata.lattice.cells import IDEAL, SYMMETRY, Family, Matrix, angle_of, fold, rotation
from napari_strata.lattice.parameters import CellParameters, Measured, cell_parameters, orientation

EXACT = 1e-12
"""Uncertainties below that are rounding [Å]."""


@dataclass(frozen=True, slots=True)
class IdealLayer:
    """One layer before the scan distorted it.

    Attributes
    ----------
    a : Measured
        Lattice constant [Å].
    orientation : Measured
        Where a points, from the x axis towards y [degrees], folded by the symmetry of the lattice.
    undistorted : CellParameters
        a, b and gamma as measured, the shared distortion taken out: they depart from the ideal by what this layer
        does not share. Uncertainties are those of the measured lattice; that of the distortion is left out.
    """

    a: Measured
    orientation: Measured
    undistorted: CellParameters


@dataclass(frozen=True, slots=True, eq=False)
class SharedAffine:
    """Ideal lattices under one distortion.

    Attributes
    ----------
    layers : tuple of IdealLayer
        The layers, in their order.
    matrix : ndarray, shape (2, 2)
        What the scan makes of a column vector (y, x); symmetric, of determinant 1.
    stretches : tuple of Measured
        Its larger and its smaller stretch; their product is 1. Where one distortion does not fit all layers
        (`does_not_fit`) no uncertainty of it has a meaning: those of stretches and direction are NaN. That of a,
        which a distortion of determinant 1 hardly touches, stays.
    direction : Measured
        Direction of the larger stretch, from the x axis towards y, -90 to 90 [degrees].
    turns : ndarray, shape (layers,)
        Orientation of each layer before it is folded [degrees].
    covariance : ndarray, shape (2 + 2 layers, 2 + 2 layers)
        Covariance of the two components of the distortion, and of log(a) and the orientation [rad] of each layer.
    chi_square : float
        Departure of the measured lattices from the fitted ones, in units of their covariance.
    degrees : int
        What it should be about: 2 per layer after the first; 0 where there is nothing to test.
    """

    layers: tuple[IdealLayer, ...]
    matrix: Matrix
    stretches: tuple[Measured, Measured]
    direction: Measured
    turns: NDArray[np.float64]
    covariance: Matrix
    chi_square: float
    degrees: int

    @property
    def p_value(self) -> float:
        """Chance of a chi-square this large if the layers share the distortion; NaN without degrees of freedom."""
        from scipy.stats import chi2

        return float(chi2.sf(self.chi_square, self.degrees)) if self.degrees else float("nan")

    @property
    def does_not_fit(self) -> bool:
        """Whether the layers differ by more than their uncertainties explain; False with nothing to test."""
        return self.p_value < UNLIKELY


def fit_shared_affine(vectors: Sequence[Matrix], covariance: Matrix, families: Sequence[Family]) -> SharedAffine:
    """Fit one free a per layer, one orientation per layer, and one distortion of determinant 1 for all.

    Parameters
    ----------
    vectors : sequence of ndarray, each of shape (2, 2)
        Measured a and b of each layer as rows (y, x) [Å].
    covariance : ndarray, shape (4 layers, 4 layers)
        Covariance of (a_y, a_x, b_y, b_x) of all layers [Å^2].
    families : sequence of Family
        Family of each layer, hexagonal or square.

    Raises
    ------
    LatticeError
        If a family does not decide the shape of its cell.
    """
    from scipy.optimize import least_squares

    for family in families:
        if family not in IDEAL:
            raise LatticeError(
                f"A {family} cell may have any shape, so it shows no distortion of the scan.",
                remedy="Only layers with hexagonal or square cells can share one.",
            )
    measured = np.concatenate([v.ravel() for v in vectors])
    floor = EXACT**2 * np.eye(len(covariance))
    whitening = np.linalg.cholesky(np.linalg.inv(covariance + floor)).T

    def departure(figures: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(whitening @ (_model(figures, families) - measured))

    fitted = least_squares(
        departure, _start(vectors, families), method="lm", x_scale="jac", xtol=1e-15, ftol=1e-15
    )
    spread = np.linalg.inv(fitted.jac.T @ fitted.jac)
    return _described(fitted.x, spread, 2 * float(fitted.cost), vectors, covariance, families)


def symmetric_stretch(first: float, second: float) -> Matrix:
    """Return the exponential of [[first, second], [second, -first]]: symmetric, positive, of determinant 1."""
    size = float(np.hypot(first, second))
    part = np.array([[first, second], [second, -first]])
    return np.asarray(np.cosh(size) * np.eye(2) + (np.sinh(size) / size if size else 1.0) * part)


def _model(figures: NDArray[np.float64], families: Sequence[Family]) -> NDArray[np.float64]:
    """Return the vectors that two components of the distortion, and log(a) and angle of each layer, make."""
    stretch = symmetric_stretch(*figures[:2])
    return np.concatenate(
        [
            (np.exp(log_a) * IDEAL[family] @ (stretch @ rotation(np.degrees(turn))).T).ravel()
            for (log_a, turn), family in zip(figures[2:].reshape(-1, 2), families, strict=True)
        ]
    )


def _start(vectors: Sequence[Matrix], families: Sequence[Family]) -> NDArray[np.float64]:
    """Guess from the polar decomposition of each layer; the distortion is that of the first."""
    change = np.linalg.solve(IDEAL[families[0]], vectors[0]).T
    values, axes = np.linalg.eigh(change @ change.T)
    logarithm = axes @ np.diag(np.log(values / np.sqrt(values.prod())) / 2) @ axes.T
    sizes = [
        np.log(np.sqrt(abs(np.linalg.det(v)) / abs(np.linalg.det(IDEAL[f]))))
        for v, f in zip(vectors, families, strict=True)
    ]
    turns = [np.deg2rad(orientation(v, f)) for v, f in zip(vectors, families, strict=True)]
    return np.concatenate([logarithm[0], np.stack([sizes, turns], axis=1).ravel()])


def _described(
    figures: NDArray[np.float64],
    spread: Matrix,
    chi_square: float,
    vectors: Sequence[Matrix],
    covariance: Matrix,
    families: Sequence[Family],
) -> SharedAffine:
    matrix = symmetric_stretch(*figures[:2])
    inverse = np.linalg.inv(matrix)
    sigma = np.sqrt(np.diag(spread))
    layers = []
    for i, family in enumerate(families):
        log_a, turn = figures[2 + 2 * i : 4 + 2 * i]
        block = covariance[4 * i : 4 * i + 4, 4 * i : 4 * i + 4]
        undo = np.kron(np.eye(2), inverse)
        layers.append(
            IdealLayer(
                Measured(float(np.exp(log_a)), float(np.exp(log_a) * sigma[2 + 2 * i])),
                Measured(fold(float(np.degrees(turn)), SYMMETRY[family]), float(np.degrees(sigma[3 + 2 * i]))),
                cell_parameters(vectors[i] @ inverse.T, undo @ block @ undo.T, family),
            )
        )
    stretches, direction = _principal(figures[:2], spread[:2, :2])
    degrees = 4 * len(vectors) - len(figures)
    turns = np.degrees(figures[3::2])
    shared = SharedAffine(tuple(layers), matrix, stretches, direction, turns, spread, chi_square, degrees)
    if not shared.does_not_fit:
        return shared
    larger, smaller, along = (Measured(one.value, np.nan) for one in (*stretches, direction))
    return replace(shared, stretches=(larger, smaller), direction=along)


def _principal(components: NDArray[np.float64], spread: Matrix) -> tuple[tuple[Measured, Measured], Measured]:
    """Return the two stretches, and the direction of the larger one."""
    size = max(float(np.hypot(*components)), 1e-15)
    slope = components / size
    sigma = float(np.sqrt(slope @ spread @ slope))
    across = np.array([-slope[1], slope[0]])
    sigma_direction = float(np.sqrt(across @ spread @ across)) / (2 * size)
    _, axes = np.linalg.eigh(symmetric_stretch(*components))
    direction = fold(angle_of(axes[:, 1]), 180.0)
    stretches = (
        Measured(float(np.exp(size)), float(np.exp(size) * sigma)),
        Measured(float(np.exp(-size)), float(np.exp(-size) * sigma)),
    )
    return stretches, Measured(direction, float(np.degrees(min(sigma_direction, np.pi))))
