"""The lattice of one layer from the positions of its atoms, by least squares.

Every atom stands at ``o_s + i a + j b``: a and b are common to all, the origin o_s to the atoms of one site. That
is linear in what is sought, so the best fit and its covariance are exact.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.cells import Matrix, Positions, UnitCell
from napari_strata.lattice.indexing import LatticeIndex
from napari_strata.lattice.parameters import CellParameters, cell_parameters

OUTLIER = 4.0
"""Atoms farther from their place than so many standard deviations per axis do not count."""
ROUNDS = 10
"""Outliers are sought again after each fit, up to so many times."""
LEAST_SCATTER = 1e-9
"""Residuals below that are rounding [Å]."""
EQUAL = "equal and independent in all positions; estimated from the residuals"
GIVEN = "as stated for each atom, all enlarged alike where the residuals are larger than stated"


@dataclass(frozen=True, eq=False)
class LatticeFit:
    """A lattice fitted to the atoms of one layer.

    Attributes
    ----------
    index : LatticeIndex
        The atoms' places.
    vectors : ndarray, shape (2, 2)
        a and b as rows (y, x) [Å].
    origins : ndarray, shape (sites, 2)
        Where the atom of each site of the first cell is (y, x) [Å].
    covariance : ndarray, shape (4, 4)
        Covariance of (a_y, a_x, b_y, b_x) [Å^2].
    residuals : ndarray, shape (n, 2)
        Atom minus its place [Å]; NaN of atoms that have none.
    used : ndarray of bool, shape (n,)
        Atoms that counted: those with a place, but for outliers.
    scatter : float
        Root mean square residual per axis of the atoms used, by degrees of freedom [Å].
    chi_square : float
        Sum of squared residuals in units of the variances that were assumed; equal to `degrees` where these were
        estimated from the residuals.
    degrees : int
        Degrees of freedom of the fit.
    assumed : str
        What was assumed about the scatter of the positions.
    sigma : ndarray, shape (n, 2), or None
        Stated uncertainties [Å].
    """

    index: LatticeIndex
    vectors: Matrix
    origins: Positions
    covariance: Matrix
    residuals: Positions
    used: NDArray[np.bool_]
    scatter: float
    chi_square: float
    degrees: int
    assumed: str
    sigma: Positions | None = None

    @cached_property
    def parameters(self) -> CellParameters:
        """a, b, gamma, orientation and area with their uncertainties."""
        return cell_parameters(self.vectors, self.covariance, self.index.cell.family)

    @property
    def cell(self) -> UnitCell:
        """The fitted cell, its sites in fractions from the origin that the index has."""
        shift = (self.origins - self.origins[0]) @ np.linalg.inv(self.vectors)
        return UnitCell(self.vectors, self.index.cell.sites[0] + shift, self.index.cell.family)

    def places(self) -> Positions:
        """Return every atom's place in the fitted lattice [Å], NaN where it has none, shape (n, 2)."""
        places = self.index.cells @ self.vectors + self.origins[self.index.site]
        return np.where(self.index.placed[:, None], places, np.nan)


def fit_lattice(positions: Positions, index: LatticeIndex, sigma: Positions | None = None) -> LatticeFit:
    """Fit a lattice.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) [Å].
    index : LatticeIndex
        Their places.
    sigma : ndarray, shape (n, 2), optional
        Standard uncertainties (y, x) [Å], to weigh by. Atoms whose own is not finite or not positive do not count.
        The covariance is enlarged by chi-square per degree of freedom where that is above 1. Without them all
        atoms weigh the same, and their scatter is estimated from the residuals.

    Returns
    -------
    LatticeFit
        Positions are taken as scattered independently. A smooth distortion of the scan is not independent: fit it,
        too, by `napari_strata.lattice.field`, or the uncertainties come out too small.

    Raises
    ------
    LatticeError
        If the atoms with a place lie on one line, or are too few to tell their scatter.
    """
    weights = np.ones_like(positions) if sigma is None else _weights(sigma)
    can_count = index.placed & (weights > 0).all(axis=1)
    design = design_of(index)
    used = can_count
    for _ in range(ROUNDS):
        solution = _solve(design, positions, weights, used)
        residuals = positions - design @ np.nan_to_num(solution)
        keep = can_count & ~_outlying(residuals * np.sqrt(weights), used)
        if (keep == used).all():
            break
        used = keep
    degrees = 2 * (int(used.sum()) - design.shape[1])
    if degrees <= 0:
        raise LatticeError("Too few atoms have a place in the lattice.", remedy="It takes 12 in a layer.")
    chi_square = float((weights[used] * residuals[used] ** 2).sum())
    scale = chi_square / degrees if sigma is None else max(1.0, chi_square / degrees)
    return LatticeFit(
        index,
        solution[:2],
        solution[2:],
        scale * _covariance(design[used], weights[used]),
        np.where(index.placed[:, None], residuals, np.nan),
        used,
        float(np.sqrt((residuals[used] ** 2).sum() / degrees)),
        float(degrees) if sigma is None else chi_square,
        degrees,
        EQUAL if sigma is None else GIVEN,
        sigma,
    )


def design_of(index: LatticeIndex) -> NDArray[np.float64]:
    """Return what multiplies a, b and the origin of each site, shape (n, 2 + sites)."""
    sites = index.site[:, None] == np.arange(len(index.cell.sites))
    return np.concatenate([index.cells, sites], axis=1).astype(np.float64)


def _weights(sigma: Positions) -> Positions:
    known = np.isfinite(sigma) & (sigma > 0)
    return np.where(known, 1 / np.where(known, sigma, 1.0) ** 2, 0.0)


def _solve(
    design: NDArray[np.float64], positions: Positions, weights: Positions, used: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Solve for both axes apart; a site without any atom gets the origin NaN."""
    some = design[used].any(axis=0)
    solution = np.full((design.shape[1], 2), np.nan)
    for axis in range(2):
        root = np.sqrt(weights[used, axis])
        found, _, rank, _ = np.linalg.lstsq(
            design[used][:, some] * root[:, None], positions[used, axis] * root, rcond=None
        )
        if rank < some.sum():
            raise LatticeError(
                "The atoms of the layer lie on one line of the lattice.", remedy="Take a larger field of view."
            )
        solution[some, axis] = found
    return solution


def _outlying(scaled: Positions, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which residuals are too large for the scatter of most; it is estimated by the median."""
    from scipy.stats import chi2

    squared = (scaled**2).sum(axis=1)
    variance = float(np.median(squared[used])) / chi2.ppf(0.5, 2) if used.any() else 0.0
    return np.asarray(squared > OUTLIER**2 * max(variance, LEAST_SCATTER**2))


def _covariance(design: NDArray[np.float64], weights: Positions) -> Matrix:
    """Return the covariance of (a_y, a_x, b_y, b_x); y and x are fitted apart."""
    design = design[:, design.any(axis=0)]
    covariance = np.zeros((4, 4))
    for axis in range(2):
        inverse = np.linalg.inv(design.T @ (weights[:, axis, None] * design))
        covariance[np.ix_([axis, 2 + axis], [axis, 2 + axis])] = inverse[:2, :2]
    return covariance
