"""Conjugate gradients for the damped normal equations."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.equations import Equations
from napari_strata.atoms.fit.squares import Floats

STEPS = 300


class Solver:
    """Solves the damped normal equations for some of the unknowns, the others held.

    Parameters
    ----------
    equations : Equations
        Matrix and gradient.
    damping : ndarray, shape (unknown,)
        What is added to the diagonal, in units of it.
    free : ndarray of bool, shape (unknown,)
        Which unknowns may change.
    """

    def __init__(self, equations: Equations, damping: Floats, free: NDArray[np.bool_]) -> None:
        self.equations = equations
        self.free = free & (equations.diagonal > 0)
        self.damping = damping
        self.added = damping * equations.diagonal
        self.matrix = equations.pairs.matrix(equations.blocks)
        self.knots_atoms = equations.atoms_knots.T.tocsr()
        first = equations.splits[0]
        own = equations.own_blocks + np.eye(3) * self.added[:first].reshape(-1, 1, 3)
        held = ~self.free[:first].reshape(-1, 3)
        own = np.where(held[:, :, None] | held[:, None, :], np.eye(3), own)
        self.own = np.linalg.inv(own)
        rest = (equations.diagonal + self.added)[first:]
        self.rest = 1 / np.where(self.free[first:], rest, 1)

    @property
    def own_sigma(self) -> Floats:
        """Uncertainty of each atom's position, were all others known, shape (atom,) [px]."""
        sigma: Floats = np.sqrt((self.own[:, 0, 0] + self.own[:, 1, 1]) / 2)
        return sigma

    def without_shapes(self) -> "Solver":
        """Return a solver of the same equations in which the shapes are held."""
        free = self.free.copy()
        free[self.equations.splits[1] :] = False
        return Solver(self.equations, self.damping, free)

    def solve(self, right: Floats, *, tolerance: float) -> Floats:
        """Solve for one right-hand side (unknown,), to a fraction of it in the metric of the blocks."""
        residual = np.where(self.free, right, 0)
        solution = np.zeros_like(residual)
        direction = scaled = self._precondition(residual)
        norm = _dot(residual, scaled)
        enough = tolerance**2 * norm
        for _ in range(STEPS):
            if not norm > enough:
                break
            image = self._times(direction)
            length = norm / _dot(direction, image)
            solution = solution + length * direction
            residual = residual - length * image
            scaled = self._precondition(residual)
            norm, before = _dot(residual, scaled), norm
            direction = scaled + norm / before * direction
        return solution

    def _times(self, vector: Floats) -> Floats:
        e = self.equations
        atoms, knots, shapes = np.split(vector, e.splits)
        product = np.concatenate(
            [
                self.matrix @ atoms + e.atoms_knots @ knots + e.atoms_shapes @ shapes,
                self.knots_atoms @ atoms + e.knots @ knots + e.knots_shapes @ shapes,
                e.atoms_shapes.T @ atoms + e.knots_shapes.T @ knots + e.shapes @ shapes,
            ]
        )
        times: Floats = np.where(self.free, product + self.added * vector, 0)
        return times

    def _precondition(self, vector: Floats) -> Floats:
        first = self.equations.splits[0]
        atoms = (self.own @ vector[:first].reshape(-1, 3, 1)).ravel()
        return np.concatenate([atoms, self.rest * vector[first:]]) * self.free


def _dot(one: Floats, other: Floats) -> float:
    """Multiply vectors without BLAS, whose threads cost more than they save on products this small."""
    return float(np.einsum("u,u->", one, other))
