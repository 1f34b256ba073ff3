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
from napari_strata.lattice.cells import Matrix, Positions
from napari_strata.lattice.fit import OUTLIER, LatticeFit, design_of

HOLD = 1e-3
"""Weight at which a spline's coefficient is held at 0, that of an atom being 1."""

_T = TypeVar("_T", np.float64, np.bool_)

ORDER = 3
FOLDS = 5
MOST_SPANS = 8
"""Fields of up to so many spans along each axis are tried."""
LEAST_ATOMS_PER_COEFFICIENT = 8
"""Fields with fewer atoms for each of their coefficients are not tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Splines:
    """A regular grid of B-splines over a box, without their affine part.

    Attributes
    ----------
    low, high : ndarray, shape (2,)
        Corners of the box (y, x) [Å]; beyond it the field stays as at its edge.
    spans : int
        Polynomial pieces along each axis.
    affine : ndarray, shape (3, (spans + 3)**2)
        Coefficients of 1, y and x in each spline, which are taken away.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    spans: int
    affine: NDArray[np.float64]

    def __call__(self, points: Positions) -> NDArray[np.float64]:
        """Return the value of every spline at every point, shape (n, (spans + 3)**2)."""
        unit = np.clip((points - self.low) / (self.high - self.low), 0, 1)
        return _splines(unit, self.spans) - affine_terms(points) @ self.affine

    @classmethod
    def over(cls, points: Positions, spans: int) -> "Splines":
        """Make splines over the box that bounds some points, orthogonal there to every affine change."""
        low, high = points.min(axis=0), points.max(axis=0)
        values = _splines((points - low) / (high - low), spans)
        affine = np.linalg.lstsq(affine_terms(points), values, rcond=None)[0]
        return cls(low, high, spans, affine.astype(np.float64))


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
        Covariance of (a_y, a_x, b_y, b_x) of all layers [Å^2], scattering of the positions being taken as equal
        and independent once the field is taken out.
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


def fit_field(
    positions: Sequence[Positions], fits: Sequence[LatticeFit], *, most_spans: int = MOST_SPANS, seed: int = 0
) -> SmoothField:
    """Fit a smooth displacement shared by all layers, and their lattices with it.

    Parameters
    ----------
    positions : sequence of ndarray, each of shape (n, 2)
        Atoms (y, x) of each layer [Å].
    fits : sequence of LatticeFit
        Their lattices.
    most_spans : int
        Spans along each axis that are tried at most.
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
    best, splines, after = before, None, before
    for spans in range(1, most_spans + 1):
        if task.used.sum() < LEAST_ATOMS_PER_COEFFICIENT * (spans + ORDER) ** 2:
            break
        tried = Splines.over(task.points, spans)
        missed = _held_out(task, np.concatenate([task.design, tried(task.points)], axis=1), part)
        if _mean_square(missed, task.used) < _mean_square(best, task.used):
            best, splines, after = missed, tried, missed
    return _fit(task, splines, _median(before, task.used), _median(after, task.used), seed)


def affine_terms(points: Positions) -> NDArray[np.float64]:
    """Return 1, y and x of each point, shape (n, 3)."""
    return np.concatenate([np.ones((len(points), 1)), points], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """All atoms with a place, layer after layer: where they are, what multiplies their lattice, which count."""

    points: Positions
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
            block_diag(*designs),
            np.concatenate([fit.used[r] for fit, r in zip(fits, rows, strict=True)]),
            rows,
            tuple(len(p) for p in positions),
            tuple(slice(int(a), int(b)) for a, b in itertools.pairwise(edges)),
        )


def _splines(unit: Positions, spans: int) -> NDArray[np.float64]:
    """Return products of cubic B-splines at points of the unit square, shape (n, (spans + 3)**2)."""
    from scipy.interpolate import BSpline

    knots = np.pad(np.linspace(0, 1, spans + 1), ORDER, mode="edge")
    y, x = (BSpline.design_matrix(np.clip(u, 0, 1), knots, ORDER).toarray() for u in unit.T)
    return np.asarray((y[:, :, None] * x[:, None, :]).reshape(len(unit), -1))


def _held_out(task: _Task, design: NDArray[np.float64], part: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return by how much every atom misses the place that a fit without its part gives it [Å], shape (n,)."""
    lattice = task.design.shape[1]
    rows = [task.used & (part == fold) for fold in range(FOLDS)]
    normals = [design[r].T @ design[r] for r in rows]
    sides = [design[r].T @ task.points[r] for r in rows]
    missed = np.empty(len(task.points))
    for fold in range(FOLDS):
        inverse = _inverse(sum(normals) - normals[fold], lattice)
        out = part == fold
        missed[out] = np.hypot(*(task.points[out] - design[out] @ (inverse @ (sum(sides) - sides[fold]))).T)
    return missed


def _inverse(normal: Matrix, lattice: int) -> Matrix:
    """Return the inverse of a normal matrix; `lattice` is the number of its columns that belong to lattices.

    The splines' coefficients are held near 0 so weakly that only those feel it which no atom decides: three
    combinations that have no effect, and splines without atoms in reach, such as those of a bare corner.
    """
    is_lattice = np.arange(len(normal)) < lattice
    size = np.where(is_lattice, np.sqrt(np.diag(normal)), 1.0)
    size[size == 0] = 1.0
    scaled = normal / np.outer(size, size) + np.diag(np.where(is_lattice, 1e-12, HOLD))
    return np.asarray(np.linalg.inv(scaled) / np.outer(size, size))


def _fit(task: _Task, splines: Splines | None, before: float, after: float, seed: int) -> SmoothField:
    """Fit with all atoms but outliers, which are sought once more now that the field is known."""
    design = task.design
    if splines is not None:
        design = np.concatenate([design, splines(task.points)], axis=1)
    used, lattice = task.used, task.design.shape[1]
    for _ in range(3):
        inverse = _inverse(design[used].T @ design[used], lattice)
        solution = inverse @ (design[used].T @ task.points[used])
        residuals = task.points - design @ solution
        squared = (residuals**2).sum(axis=1)
        used = squared <= OUTLIER**2 * max(float(np.median(squared[used])) / (2 * np.log(2)), 1e-18)
    free = design.shape[1] - (3 if splines is not None else 0)
    degrees = 2 * max(int(used.sum()) - free, 1)
    variance = float((residuals[used] ** 2).sum()) / degrees
    return SmoothField(
        splines,
        solution[lattice:],
        2 * (free - lattice),
        tuple(solution[c][:2] for c in task.columns),
        tuple(solution[c][2:] for c in task.columns),
        variance * _covariance(inverse, task.columns),
        _by_layer(task, residuals, np.nan),
        _by_layer(task, used, False),
        float(np.sqrt(variance)),
        before,
        after,
        FOLDS,
        seed,
    )


def _covariance(inverse: Matrix, columns: tuple[slice, ...]) -> Matrix:
    """Return the covariance of the vectors of all layers for positions of variance 1."""
    vectors = np.concatenate([[c.start, c.start + 1] for c in columns])
    return np.asarray(np.kron(inverse[np.ix_(vectors, vectors)], np.eye(2)))


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
