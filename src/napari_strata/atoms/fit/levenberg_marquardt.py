"""Levenberg-Marquardt steps of all atoms at once, each with a damping of its own.

Weights are those of the variance that the model predicts, renewed before every step (Fisher scoring). Where
variance and mean are proportional, the point at which it settles is that of greatest Poisson likelihood.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.equations import Equations, assemble
from napari_strata.atoms.fit.model import Model, Parameters
from napari_strata.atoms.fit.neighbours import Pairs
from napari_strata.atoms.fit.noise import Noise
from napari_strata.atoms.fit.polynomials import full_precision, widths
from napari_strata.atoms.fit.prior import Prior
from napari_strata.atoms.fit.solver import Solver
from napari_strata.atoms.fit.squares import Floats
from napari_strata.atoms.telling import Tell, say_nothing

SETTLED, NEAREST = 3e-2, 1e-6
"""Step below which a position counts as settled, in units of its uncertainty; and below which it is none [px]."""
CALM = 4
"""Step from which on the variance follows the model by half only: where nearly nothing is counted, it would not
settle otherwise."""
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-9, 1e3
HARDER, EASIER = 10.0, 0.3
"""What becomes of the damping of an atom whose step is refused, or turns back, and of others."""
BACKGROUND_DAMPING = 1e-6
DIMMEST = 1e-3
"""Least height, in units of the median; at such a one an atom is lost."""
LONGEST = 0.5
"""Longest step of a position, in standard deviations of the peak."""
TRUSTED = 0.1
"""A shorter step, in units of the half side in which the misfit is judged, is taken even if the misfit grows
there; so near the optimum it does because neighbours have moved."""
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
class Problem:
    """An image, and what is to be fitted to it.

    Attributes
    ----------
    image : ndarray, shape (y, x)
        What was recorded.
    used : ndarray of bool, shape (y, x)
        Pixels to fit.
    model : Model
        What is fitted.
    pairs : Pairs
        Atoms that couple.
    noise_of : callable
        Gives the noise for a drawn model (y, x).
    prior : Prior
        What is known of the atoms.
    widest : float
        Greatest standard deviation of a peak along any axis [px].
    """

    image: Floats
    used: NDArray[np.bool_]
    model: Model
    pairs: Pairs
    noise_of: Callable[[Floats], Noise]
    prior: Prior
    widest: float = np.inf

    def equations(self, now: Parameters, drawn: Floats, weights: Floats) -> Equations:
        """Assemble the normal equations, given the drawn model (y, x) and one by the variance (y, x)."""
        equations = assemble(self.model, now, self.pairs, weights, (self.image - drawn) * weights)
        return equations.with_prior(self.prior.precision, self.prior.pull(now))


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the steps led.

    Attributes
    ----------
    parameters : Parameters
        The optimum, of the atoms that have settled.
    last_step : ndarray, shape (atom,)
        How far each position moved at last, in units of its uncertainty: as given, or were all else known.
    """

    parameters: Parameters
    last_step: Floats


def settle(
    problem: Problem,
    start: Parameters,
    freedom: Freedom,
    *,
    steps: int,
    enough: float = 1.0,
    sigma: Floats | None = None,
    tell: Tell = say_nothing,
) -> Settled:
    """Step towards the greatest likelihood.

    Parameters
    ----------
    problem : Problem
        What to fit to what.
    start : Parameters
        Where to begin.
    freedom : Freedom
        What may change.
    steps : int
        Most steps.
    enough : float
        Fraction of the atoms that may move which end the steps when they have settled.
    sigma : ndarray, shape (atom,), optional
        Uncertainty of each position, in which steps are told where it is larger than that of the atom were all
        else known: where many peaks overlap it is by far.
    tell : callable
        Is told before every step which part of the most steps is done.

    Returns
    -------
    Settled
        Where, and how much each atom still moved.
    """
    model, now = problem.model, start
    damping, of_shapes = np.full(len(start.amplitudes), FIRST_DAMPING), np.full(len(start.shapes), FIRST_DAMPING)
    last_step, taken = np.full(len(damping), np.inf), start.moved(start, by=-1)
    counted = freedom.positions if freedom.positions.any() else slice(None)
    scale = np.zeros(len(damping)) if sigma is None else sigma
    drawn = expected = model.draw(now)
    for count in range(steps):
        tell(count / steps)
        expected = drawn if count < CALM else (drawn + expected) / 2
        weights = problem.used / problem.noise_of(drawn).variance(expected)
        step, own_sigma = _step(problem, now, freedom, damping, of_shapes, weights, drawn)
        following = now.moved(step)
        drawn, before = model.draw(following), drawn
        length = np.linalg.norm(step.positions, axis=1)
        refused = length > TRUSTED * _reach(model, now)
        if refused.any():
            refused &= _grew(problem, now, weights, before, drawn)
            following = following.with_atoms(refused, now)
            drawn = model.draw(following)
        damping = _next_damping(damping, refused | _turned(step.positions, taken.positions))
        of_shapes = _next_damping(of_shapes, _turned(step.shapes, taken.shapes))
        taken = step.with_atoms(refused, taken)
        now, last_step = following, np.where(length < NEAREST, 0, length / np.fmax(own_sigma, scale))
        if (last_step[counted] < SETTLED).mean() >= enough:
            break
    return Settled(now, last_step)


def _step(
    problem: Problem,
    now: Parameters,
    freedom: Freedom,
    damping: Floats,
    of_shapes: Floats,
    weights: Floats,
    drawn: Floats,
) -> tuple[Parameters, Floats]:
    """Return the next step, and the uncertainty of each position, were all else known."""
    equations = problem.equations(now, drawn, weights)
    of_background = np.full(len(now.background), BACKGROUND_DAMPING)
    of_shapes = np.repeat(of_shapes, now.shapes.shape[1])
    added = np.concatenate([np.repeat(damping, 3), of_background, of_shapes])
    solver = Solver(equations, added, freedom.unknowns(now))
    step = _as_parameters(now, solver.solve(equations.gradient, tolerance=TOLERANCE))
    return _limited(problem.model, now, step, problem.widest), solver.own_sigma


def _next_damping(damping: Floats, harder: NDArray[np.bool_]) -> Floats:
    following: Floats = np.clip(damping * np.where(harder, HARDER, EASIER), LEAST_DAMPING, MOST_DAMPING)
    return following


def _turned(step: Floats, before: Floats) -> NDArray[np.bool_]:
    """Return what steps back (..., 2) most of the way it has just come: it would go to and fro."""
    along, way = (step * before).sum(axis=1), (before**2).sum(axis=1)
    turned: NDArray[np.bool_] = (along < -0.5 * way) & (way > 0)
    return turned


def _grew(problem: Problem, now: Parameters, weights: Floats, before: Floats, after: Floats) -> NDArray[np.bool_]:
    """Return around which atoms the misfit has grown from one drawn model to the next."""
    growth = ((problem.image - after) ** 2 - (problem.image - before) ** 2) * weights
    grew: NDArray[np.bool_] = local_sums(growth, now.positions, _reach(problem.model, now)) > 0
    return grew


def _reach(model: Model, parameters: Parameters) -> int:
    """Half the side of the square in which an atom's misfit is judged [px]."""
    return max(1, int(np.ceil(1.5 * widths(full_precision(model.shape, parameters.shapes)).max())))


def _as_parameters(like: Parameters, vector: Floats) -> Parameters:
    first = 3 * len(like.amplitudes)
    atoms, background, shapes = np.split(vector, [first, first + len(like.background)])
    rows = atoms.reshape(-1, 3)
    return Parameters(rows[:, :2], rows[:, 2], shapes.reshape(like.shapes.shape), background)


def _limited(model: Model, now: Parameters, step: Parameters, widest: float) -> Parameters:
    """Shorten steps beyond which the model is not nearly linear, or peaks wider [px] than they may be."""
    precision = full_precision(model.shape, now.shapes)
    longest = LONGEST * widths(precision)[model.groups, 0]
    length = np.linalg.norm(step.positions, axis=1)
    positions = step.positions * np.minimum(1, longest / np.maximum(length, 1e-300))[:, None]
    least, most = (SMALLEST - 1) * now.amplitudes, (1 / SMALLEST - 1) * now.amplitudes
    least = np.maximum(least, DIMMEST * np.median(now.amplitudes) - now.amplitudes)
    shapes = now.shapes + step.shapes * _fraction(precision, full_precision(model.shape, step.shapes))[:, None]
    too_wide = np.maximum(1, widths(full_precision(model.shape, shapes)).max(axis=1) / widest)
    return replace(
        step,
        positions=positions,
        amplitudes=np.clip(step.amplitudes, least, np.maximum(most, step.amplitudes * 0.5)),
        shapes=shapes * too_wide[:, None] ** 2 - now.shapes,
    )


def _fraction(precision: Floats, change: Floats) -> Floats:
    """Return the fraction of a change (group, 3) that keeps each precision between 0.6 and 1.7 of itself."""
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
    (top, left), (bottom, right) = (np.clip(middle + shift, 0, image.shape).T for shift in (-reach, reach + 1))
    sums: Floats = integral[bottom, right] - integral[top, right] - integral[bottom, left] + integral[top, left]
    return sums
