"""One smooth distortion of the scan that all layers share, beyond its affine part.

Tensor-product cubic B-splines on a regular grid of spans; what they have in common with an affine change is taken
out of them, so that the lattices keep it. The field and all lattices are fitted together by linear least squares.
How many spans there are is decided by atoms that were held out.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.blocks import variance_ratio
from napari_strata.lattice.cells import Matrix, Positions
from napari_strata.lattice.fit import OUTLIER, LatticeFit, design_of
from napari_strata.lattice.normal import inverse_of, solve
from napari_strata.lattice.splines import ORDER, Splines

_T = TypeVar("_T", np.float64, np.bool_)

FOLDS = 5
SPANS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16)
"""Fields of so many spans along each axis are tried."""
PATIENCE = 3
"""Fields are tried until so many in a row were no better."""
MEDIAN_OF_2 = 2 * float(np.log(2))
"""Median of chi-square of two degrees of freedom, the squared distance of an atom in units of its variance."""
LEAST_ATOMS_PER_COEFFICIENT = 8
"""Fields with fewer atoms for each of their coefficients are not tried."""


@dataclass(frozen=True, slots=True, eq=False)
class SmoothField:
    """A smooth displacement that was fitted together with the lattices.

    Attributes
    ----------
    splines : Splines or None
        The functions; None where no field does better on held-out atoms than none.
    coefficients : ndarray, shape (splines, 2)
        Their weights (y, x) [Å].
    degrees_of_freedom : int
        Free numbers of the field, y and x together; 0 without a field.
    lattices : tuple of ndarray, each of shape (2, 2)
        Vectors of each layer, fitted together with the field.
    origins : tuple of ndarray, each of shape (sites, 2)
        Origin of each site of each layer [Å].
    covariance : ndarray, shape (4 layers, 4 layers)
        Covariance of (a_y, a_x, b_y, b_x) of all layers [Å^2]: that of positions that scatter independently once
        the field is taken out, times `variance_ratio`.
    variance_ratio : float
        How many times larger variances are because neighbouring atoms have errors in common.
    residuals : tuple of ndarray, each of shape (n, 2)
        Atom minus place minus field [Å]; NaN of atoms without a place.
    used : tuple of ndarray of bool
        Atoms that counted.
    scatter : float
        Root mean square residual per axis by degrees of freedom [Å].
    median_before, median_after : float
        Median distance of held-out atoms from their places, without and with the field [Å].
    folds, seed : int
        The atoms were held out in so many parts, drawn with this seed.
    """

    splines: Splines | None
    coefficients: Positions
    degrees_of_freedom: int
    lattices: tuple[Matrix, ...]
    origins: tuple[Positions, ...]
    covariance: Matrix
    variance_ratio: float
    residuals: tuple[Positions, ...]
    used: tuple[NDArray[np.bool_], ...]
    scatter: float
    median_before: float
    median_after: float
    folds: int
    seed: int

    def __call__(self, points: Positions) -> Positions:
        """Return the displacement (y, x) at points (y, x) [Å], shape (n, 2)."""
        return np.zeros_like(points) if self.splines is None else self.splines(points) @ self.coefficients


def fit_field(positions: Sequence[Positions], fits: Sequence[LatticeFit], *, seed: int = 0) -> SmoothField:
    """Fit a smooth displacement shared by all layers, and their lattices with it.

    Parameters
    ----------
    positions : sequence of ndarray, each of shape (n, 2)
        Atoms (y, x) of each layer [Å].
    fits : sequence of LatticeFit
        Their lattices. Where all of them have stated uncertainties, the last fit weighs atoms by these and by what
        the residuals have beyond them; else, and for what is held out, all atoms weigh the same.
    seed : int
        Decides which atoms are held out together.

    Raises
    ------
    LatticeError
        If there are too few atoms to hold any out.
    """
    task = _Task.of(positions, fits)
    if task.used.sum() < 2 * task.design.shape[1]:
        raise LatticeError("Too few atoms to hold any out.", remedy="Take a larger field of view.")
    part = np.random.default_rng(seed).permutation(len(task.points)) % FOLDS
    before = _held_out(task, task.design, part)
    best, splines, worse = before, None, 0
    for spans in SPANS:
        if worse == PATIENCE or task.used.sum() < LEAST_ATOMS_PER_COEFFICIENT * (spans + ORDER) ** 2:
            break
        tried = Splines.over(task.points, spans)
        missed = _held_out(task, np.concatenate([task.design, tried(task.points)], axis=1), part)
        worse += 1
        if _mean_square(missed, task.used) < _mean_square(best, task.used):
            best, splines, worse = missed, tried, 0
    return _fit(task, splines, _median(before, task.used), _median(best, task.used), seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """All atoms with a place, layer after layer: where they are, how sure, what multiplies their lattice."""

    points: Positions
    sigma: Positions
    design: NDArray[np.float64]
    used: NDArray[np.bool_]
    rows: tuple[NDArray[np.intp], ...]
    counts: tuple[int, ...]
    columns: tuple[slice, ...]

    @classmethod
    def of(cls, positions: Sequence[Positions], fits: Sequence[LatticeFit]) -> "_Task":
        from scipy.linalg import block_diag

        rows = tuple(np.flatnonzero(fit.index.placed) for fit in fits)
        designs = [design_of(fit.index)[r] for fit, r in zip(fits, rows, strict=True)]
        edges = np.concatenate([[0], np.cumsum([d.shape[1] for d in designs])])
        return cls(
            np.concatenate([p[r] for p, r in zip(positions, rows, strict=True)]),
            np.concatenate([s[r] for s, r in zip(_stated(fits), rows, strict=True)]),
            block_diag(*designs),
            np.concatenate([fit.used[r] for fit, r in zip(fits, rows, strict=True)]),
            rows,
            tuple(len(p) for p in positions),
            tuple(slice(int(a), int(b)) for a, b in itertools.pairwise(edges)),
        )


def _stated(fits: Sequence[LatticeFit]) -> list[Positions]:
    """Return the uncertainties [Å], those that are not stated by the median; 0 for all if a layer has none."""
    stated = [fit.sigma for fit in fits if fit.sigma is not None]
    if len(stated) < len(fits):
        return [np.zeros_like(fit.residuals) for fit in fits]
    known = [np.where(np.isfinite(one) & (one > 0), one, np.nan) for one in stated]
    return [np.where(np.isfinite(one), one, np.nanmedian(one)) for one in known]


def _held_out(task: _Task, design: NDArray[np.float64], part: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return by how much every atom misses the place that a fit without its part gives it [Å], shape (n,)."""
    lattice = task.design.shape[1]
    rows = [task.used & (part == fold) for fold in range(FOLDS)]
    normals = [design[r].T @ design[r] for r in rows]
    sides = [design[r].T @ task.points[r] for r in rows]
    missed = np.empty(len(task.points))
    for fold in range(FOLDS):
        inverse = inverse_of(sum(normals) - normals[fold], lattice)
        out = part == fold
        missed[out] = np.hypot(*(task.points[out] - design[out] @ (inverse @ (sum(sides) - sides[fold]))).T)
    return missed


def _fit(task: _Task, splines: Splines | None, before: float, after: float, seed: int) -> SmoothField:
    """Fit with all atoms but outliers, which are sought, and weights set, anew now that the field is known."""
    design = task.design
    if splines is not None:
        design = np.concatenate([design, splines(task.points)], axis=1)
    used, weights, lattice = task.used, np.ones_like(task.points), task.design.shape[1]
    for _ in range(3):
        inverses, solution = solve(design[used], task.points[used], weights[used], lattice)
        residuals = task.points - design @ solution
        squared = (residuals**2).sum(axis=1)
        scaled = (weights * residuals**2).sum(axis=1)
        told = used, weights
        weights = _weights(task.sigma, squared, used)
        used = scaled <= OUTLIER**2 * max(float(np.median(scaled[used])) / MEDIAN_OF_2, 1e-18)
    used, weights = told
    free = design.shape[1] - (3 if splines is not None else 0)
    degrees = 2 * max(int(used.sum()) - free, 1)
    variance = float((weights[used] * residuals[used] ** 2).sum()) / degrees
    vectors = np.concatenate([[c.start, c.start + 1] for c in task.columns])
    covariance = variance * _covariance(inverses, vectors)
    lattices = tuple(solution[c][:2] for c in task.columns)
    pulls = _pulls(design[used], (weights * residuals)[used], inverses, vectors)
    ratio = variance_ratio(task.points[used], pulls, lattices, covariance)
    return SmoothField(
        splines,
        solution[lattice:],
        2 * (free - lattice),
        lattices,
        tuple(solution[c][2:] for c in task.columns),
        ratio * covariance,
        ratio,
        _by_layer(task, residuals, np.nan),
        _by_layer(task, used, False),
        float(np.sqrt((residuals[used] ** 2).sum() / degrees)),
        before,
        after,
        FOLDS,
        seed,
    )


def _weights(sigma: Positions, squared: NDArray[np.float64], used: NDArray[np.bool_]) -> Positions:
    """Return weights of mean 1: stated variances, and what the residuals have beyond them, the same for all."""
    from scipy.optimize import brentq

    stated, most = (sigma**2).mean(axis=1), float(np.median(squared[used])) / MEDIAN_OF_2
    if not stated.any():
        return np.ones_like(sigma)

    def too_large(beyond: float) -> float:
        return float(np.median(squared[used] / (stated[used] + beyond))) - MEDIAN_OF_2

    beyond = float(brentq(too_large, 0.0, most)) if too_large(0.0) > 0 else 0.0
    weights = 1 / (sigma**2 + beyond)
    return np.asarray(weights / weights.mean())


def _pulls(
    design: NDArray[np.float64],
    weighted: Positions,
    inverses: NDArray[np.float64],
    vectors: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return by how much each atom's weighted residual moves the vectors (y, x) of all layers [Å]."""
    pulls = [weighted[:, axis, None] * (design @ inverses[axis][:, vectors]) for axis in range(2)]
    return np.stack(pulls, axis=2).reshape(len(design), -1)


def _covariance(inverses: NDArray[np.float64], vectors: NDArray[np.intp]) -> Matrix:
    """Return the covariance of the vectors (y, x) of all layers for positions of variance 1."""
    covariance = np.zeros((2 * len(vectors), 2 * len(vectors)))
    for axis in range(2):
        covariance[axis::2, axis::2] = inverses[axis][np.ix_(vectors, vectors)]
    return covariance


def _by_layer(task: _Task, values: NDArray[_T], empty: float | bool) -> tuple[NDArray[_T], ...]:
    found, start = [], 0
    for rows, count in zip(task.rows, task.counts, strict=True):
        whole = np.full((count, *values.shape[1:]), empty, dtype=values.dtype)
        whole[rows] = values[start : start + len(rows)]
        start += len(rows)
        found.append(whole)
    return tuple(found)


def _mean_square(missed: NDArray[np.float64], used: NDArray[np.bool_]) -> float:
    return float((missed[used] ** 2).mean())


def _median(missed: NDArray[np.float64], used: NDArray[np.bool_]) -> float:
    return float(np.median(missed[used]))
