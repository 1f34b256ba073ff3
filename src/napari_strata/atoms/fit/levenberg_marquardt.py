"""Levenberg-Marquardt steps of all atoms at once, each with a damping of its own.

Weights are those of the variance that the model predicts, renewed before every step (Fisher scoring). Where
variance and mean are proportional, the point at which it settles is that of greatest Poisson likelihood.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.equations import assemble
from napari_strata.atoms.fit.model import Model, Parameters
from napari_strata.atoms.fit.neighbours import Pairs
from napari_strata.atoms.fit.noise import Noise
from napari_strata.atoms.fit.polynomials import full_precision, widths
from napari_strata.atoms.fit.solver import Solver
from napari_strata.atoms.fit.squares import Floats

SETTLED = 1e-4
"""Step below which a position counts as settled [px]; the next one would be ten times smaller or less."""
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-9, 1e3
LONGEST = 0.5
"""Longest step of a position, in standard deviations of the peak."""
SMALLEST = 0.2
"""What is left at least of a height or a precision after one step; it may grow by the inverse."""
TOLERANCE = 1e-3
"""Of the linear equations, relative."""


@dataclass(frozen=True, slots=True)
class Freedom:
    """What may change.

    Attributes
    ----------
    positions : ndarray of bool, shape (atom,)
        Atoms that may move.
    shared : bool
        Whether the background may change.
    shapes : bool
        Whether the shapes may.
    """

    positions: NDArray[np.bool_]
    shared: bool = True
    shapes: bool = True

    def unknowns(self, parameters: Parameters) -> NDArray[np.bool_]:
        """Return which unknowns of the normal equations may change."""
        atoms = np.repeat(self.positions[:, None], 3, axis=1)
        atoms[:, 2] = True
        background = np.full(len(parameters.background), self.shared)
        return np.concatenate([atoms.ravel(), background, np.full(parameters.shapes.size, self.shapes)])


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the steps led.

    Attributes
    ----------
    parameters : Parameters
        The optimum, of the atoms that have settled.
    settled : ndarray of bool, shape (atom,)
        Whose last step was small.
    """

    parameters: Parameters
    settled: NDArray[np.bool_]


def settle(
    image: Floats,
    used: NDArray[np.bool_],
    model: Model,
    start: Parameters,
    pairs: Pairs,
    noise_of: Callable[[Floats], Noise],
    freedom: Freedom,
    *,
    steps: int,
    enough: float = 1.0,
) -> Settled:
    """Step towards the greatest likelihood.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        What was recorded.
    used : ndarray of bool, shape (y, x)
        Pixels to fit.
    model : Model
        What is fitted.
    start : Parameters
        Where to begin.
    pairs : Pairs
        Atoms that couple.
    noise_of : callable
        The noise, given the drawn model (y, x).
    freedom : Freedom
        What may change.
    steps : int
        Most steps.
    enough : float
        Fraction of atoms that end the steps when they have settled.

    Returns
    -------
    Settled
        Parameters and which atoms have settled.
    """
    now, atoms = start, len(start.amplitudes)
    damping = np.full(atoms, FIRST_DAMPING)
    reach = _reach(model, start)
    drawn = model.draw(now)
    settled = np.zeros(atoms, bool)
    for _ in range(steps):
        weights = used / noise_of(drawn).variance(drawn)
        residual = (image - drawn) * weights
        equations = assemble(model, now, pairs, weights, residual)
        unknown_damping = np.concatenate([np.repeat(damping, 3), np.full(equations.gradient.size - 3 * atoms, 1e-6)])
        solver = Solver(equations, unknown_damping, freedom.unknowns(now))
        step = _limited(model, now, _as_parameters(now, solver.solve(equations.gradient, tolerance=TOLERANCE)))
        following = now.moved(step)
        before = local_sums((image - drawn) * residual, now.positions, reach)
        drawn = model.draw(following)
        after = local_sums((image - drawn) ** 2 * weights, now.positions, reach)
        worse = after > before * (1 + 1e-6) + 1e-9
        small = np.abs(step.positions).max(axis=1, initial=0) < SETTLED
        refused = worse & ~small & (np.abs(step.positions).max(axis=1) > 100 * SETTLED)
        if refused.any():
            following = following.with_atoms(refused, now)
            drawn = model.draw(following)
        damping = np.clip(np.where(refused, damping * 10, damping / 10), LEAST_DAMPING, MOST_DAMPING)
        now, settled = following, small & ~refused
        if settled.mean() >= enough:
            break
    return Settled(now, settled)


def _reach(model: Model, parameters: Parameters) -> int:
    """Half the side of the square in which an atom's misfit is judged [px]."""
    return max(1, int(np.ceil(1.5 * widths(full_precision(model.shape, parameters.shapes)).max())))


def _as_parameters(like: Parameters, vector: Floats) -> Parameters:
    first = 3 * len(like.amplitudes)
    atoms, background, shapes = np.split(vector, [first, first + len(like.background)])
    rows = atoms.reshape(-1, 3)
    return Parameters(rows[:, :2], rows[:, 2], shapes.reshape(like.shapes.shape), background)


def _limited(model: Model, now: Parameters, step: Parameters) -> Parameters:
    """Shorten steps beyond which the model is not nearly linear."""
    precision = full_precision(model.shape, now.shapes)
    longest = LONGEST * widths(precision)[model.groups, 0]
    length = np.linalg.norm(step.positions, axis=1)
    positions = step.positions * np.minimum(1, longest / np.maximum(length, 1e-300))[:, None]
    least, most = (SMALLEST - 1) * now.amplitudes, (1 / SMALLEST - 1) * now.amplitudes
    return replace(
        step,
        positions=positions,
        amplitudes=np.clip(step.amplitudes, least, np.maximum(most, step.amplitudes * 0.5)),
        shapes=step.shapes * _fraction(precision, full_precision(model.shape, step.shapes))[:, None],
    )


def _fraction(precision: Floats, change: Floats) -> Floats:
    """Return the fraction of a change (group, 3) that keeps precisions between 0.6 and 1.7 times what they were."""
    now, step = (np.stack([p[:, [0, 1]], p[:, [1, 2]]], axis=1) for p in (precision, change))
    relative = np.linalg.eigvals(np.linalg.solve(now, step)).real
    limits = np.where(relative > 0, 0.7, 0.4)
    fraction: Floats = np.min(np.minimum(1, limits / np.maximum(np.abs(relative), 1e-12)), axis=1)
    return fraction


def local_sums(image: Floats, positions: Floats, reach: int) -> Floats:
    """Sum an image (y, x) over squares of half a side `reach` around positions (atom, 2) [px]."""
    integral = np.zeros((image.shape[0] + 1, image.shape[1] + 1))
    np.cumsum(np.cumsum(image, axis=0), axis=1, out=integral[1:, 1:])
    middle = np.clip(np.rint(positions).astype(np.intp), 0, np.array(image.shape) - 1)
    (top, left), (bottom, right) = (
        np.clip(middle + shift, 0, image.shape).T for shift in (-reach, reach + 1)
    )
    sums: Floats = (
        integral[bottom, right] - integral[top, right] - integral[bottom, left] + integral[top, left]
    )
    return sums
