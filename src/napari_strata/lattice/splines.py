"""Smooth functions of the place in an image: cubic B-splines without what they share with an affine change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import Positions

ORDER = 3


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


def affine_terms(points: Positions) -> NDArray[np.float64]:
    """Return 1, y and x of each point, shape (n, 3)."""
    return np.concatenate([np.ones((len(points), 1)), points], axis=1)


def _splines(unit: Positions, spans: int) -> NDArray[np.float64]:
    """Return products of cubic B-splines at points of the unit square, shape (n, (spans + 3)**2)."""
    from scipy.interpolate import BSpline

    knots = np.pad(np.linspace(0, 1, spans + 1), ORDER, mode="edge")
    y, x = (BSpline.design_matrix(np.clip(u, 0, 1), knots, ORDER).toarray() for u in unit.T)
    return np.asarray((y[:, :, None] * x[:, None, :]).reshape(len(unit), -1))
