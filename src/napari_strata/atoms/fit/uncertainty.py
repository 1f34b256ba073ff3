"""Standard uncertainties from Fisher's matrix of the joint fit."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.equations import Equations
from napari_strata.atoms.fit.solver import Solver
from napari_strata.atoms.fit.squares import Floats
from napari_strata.atoms.telling import Tell, say_nothing, within

ELEMENTS_AT_ONCE = 4_000_000
LOCAL = 0.8
"""Part of the work that the neighbourhoods are, roughly; the shared shapes are the rest."""


def atom_covariance(
    equations: Equations, held: NDArray[np.bool_], solver: Solver, tell: Tell = say_nothing
) -> Floats:
    """Return the covariance of each atom's position and height.

    The matrix of an atom and all that couple with it is inverted, everything beyond held; what the shared shapes
    add is exact.

    Parameters
    ----------
    equations : Equations
        At the optimum.
    held : ndarray of bool, shape (atom,)
        Atoms whose positions were not fitted.
    solver : Solver
        Of the same equations without damping.
    tell : callable
        Is told again and again which part is done.

    Returns
    -------
    ndarray, shape (atom, 3, 3)
        Covariance of (y, x, height) [px, px, intensity]; NaN where positions were held.
    """
    covariance = local_covariance(equations, held, within(tell, 0, LOCAL))
    first = equations.splits[0]
    free_shapes = solver.free[equations.splits[1] :]
    if free_shapes.any():
        columns = np.concatenate([equations.atoms_shapes, equations.knots_shapes])[:, free_shapes]
        padding = np.zeros((len(free_shapes), columns.shape[1]))
        without = solver.without_shapes()
        solved = []
        for number, column in enumerate(np.concatenate([columns, padding]).T):
            tell(LOCAL + (1 - LOCAL) * number / columns.shape[1])
            solved.append(without.solve(column, tolerance=1e-4))
        through = np.stack(solved, axis=1)
        left = equations.shapes[np.ix_(free_shapes, free_shapes)] - columns.T @ through[: len(columns)]
        moved = through[:first].reshape(-1, 3, columns.shape[1])
        covariance = covariance + moved @ np.linalg.inv(left) @ moved.transpose(0, 2, 1)
    covariance[held] = np.nan
    return covariance


def local_covariance(equations: Equations, held: NDArray[np.bool_], tell: Tell = say_nothing) -> Floats:
    """Return what `atom_covariance` does without what shapes add; of held atoms that of the height alone holds."""
    starts, others = equations.pairs.neighbours()
    counts = np.diff(starts)
    covariance = np.empty((equations.pairs.atoms, 3, 3))
    done = 0
    for count in np.unique(counts):
        alike = np.flatnonzero(counts == count)
        step = max(1, ELEMENTS_AT_ONCE // (9 * count**2))
        for chunk in (alike[i : i + step] for i in range(0, len(alike), step)):
            tell(done / len(covariance))
            done += len(chunk)
            members = others[starts[chunk][:, None] + np.arange(count)]
            matrix = _dense(equations, members, held)
            right = np.broadcast_to(np.eye(3 * count, 3), (len(chunk), 3 * count, 3))
            covariance[chunk] = np.linalg.solve(matrix, right)[:, :3]
    return covariance


def _dense(equations: Equations, members: NDArray[np.intp], held: NDArray[np.bool_]) -> Floats:
    """Return the matrix of the members (atom, member) of each neighbourhood, shape (atom, 3 member, 3 member)."""
    atoms, count = members.shape
    rows, columns = np.broadcast_arrays(members[:, :, None], members[:, None, :])
    index, exists = equations.pairs.find(rows, columns)
    blocks = equations.blocks[index]
    blocks = np.where((rows > columns)[..., None, None], blocks.swapaxes(-1, -2), blocks)
    matrix = (blocks * exists[..., None, None]).transpose(0, 1, 3, 2, 4).reshape(atoms, 3 * count, 3 * count)
    fixed = np.repeat(held[members][:, :, None], 3, axis=2)
    fixed[:, :, 2] = False
    fixed = fixed.reshape(atoms, -1)
    fixed |= ~(np.einsum("aii->ai", matrix) > 0)
    dense: Floats = np.where(fixed[:, :, None] | fixed[:, None, :], np.eye(3 * count), matrix)
    return dense
