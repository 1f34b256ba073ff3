"""Heights of atoms that are held where they are, free to be nothing, or less.

The fit of positions keeps heights above 0 and near those of their kind, so that no atom is lost; whether there is
an atom at all can be told only without that.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.background import Knots
from napari_strata.atoms.fit.beyond import places_beyond
from napari_strata.atoms.fit.coarse import Coarse
from napari_strata.atoms.fit.equations import Equations, assemble
from napari_strata.atoms.fit.levenberg_marquardt import Freedom
from napari_strata.atoms.fit.model import Model, Parameters
from napari_strata.atoms.fit.neighbours import COUPLED, Pairs
from napari_strata.atoms.fit.noise import NoiseKind, measure_noise
from napari_strata.atoms.fit.solver import Solver
from napari_strata.atoms.fit.squares import Floats
from napari_strata.atoms.fit.start import KNOT_SPACING, pixels_near, starting_parameters
from napari_strata.atoms.fit.uncertainty import local_covariance
from napari_strata.atoms.telling import Tell, say_nothing

ROUNDS = 4
"""How often the weights follow the noise, and heights the weights."""
TOLERANCE = 1e-4
"""Of the linear equations, relative."""
HARDLY = 1e-3
"""A typical height by the standard deviation that is believed of one beforehand: so wide that it decides nothing
but where atoms are on one spot."""
LEAST_NOISE = 1e-3
"""Least standard deviation of a pixel, in units of a typical height: no peak is a Gaussian to more digits."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldHeights:
    """What atoms hold that are held where they are.

    Attributes
    ----------
    heights : ndarray, shape (atom,)
        Of round peaks of one width above a background that varies slowly, in units of the image; of any sign.
    sigma : ndarray, shape (atom,)
        Their standard uncertainties, those of all positions included.
    """

    heights: Floats
    sigma: Floats


def fit_heights(
    image: Floats, positions: Floats, *, width_px: float, sigma_px: Floats, tell: Tell = say_nothing
) -> HeldHeights:
    """Fit the heights of all atoms of an image, of all layers together, by weighted least squares.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities, finite, and not all the same.
    positions : ndarray, shape (atom, 2)
        Where the atoms are, at least one, (y, x) [px].
    width_px : float
        Standard deviation of a peak [px].
    sigma_px : ndarray, shape (atom,)
        How certain positions are along each axis [px]. Of atoms that overlap, their errors are those of heights.
    tell : callable
        Is told after every round which part is done, the uncertainties counted as two more.
    """
    coarse = Coarse.for_width(width_px, image.shape)
    pixels, width = np.ascontiguousarray(coarse.image(image)), coarse.width(width_px)
    starts = coarse.positions(positions)
    beyond, _ = places_beyond(starts, np.zeros(len(starts), np.intp), width_px=width, shape=pixels.shape)
    places = np.concatenate([starts, beyond])
    order = np.argsort(places[:, 0], kind="stable")
    inside = order < len(positions)
    now, equations = _settled(pixels, places[order], inside, width, tell)
    moving = np.zeros((len(places), 3))
    moving[:, :2] = np.append(coarse.step / sigma_px, np.ones(len(beyond)))[order, None] ** 2
    uncertain = equations.with_prior(moving, np.zeros(moving.size))
    variance = local_covariance(uncertain, ~inside)[:, 2, 2]
    back = np.argsort(order)[: len(positions)]
    return HeldHeights(now.amplitudes[back], np.sqrt(variance[back]))


def _settled(
    pixels: Floats, places: Floats, inside: NDArray[np.bool_], width: float, tell: Tell
) -> tuple[Parameters, Equations]:
    """Return the likeliest heights and background, and the equations there."""
    knots = Knots.every(KNOT_SPACING * width, pixels.shape)
    now = starting_parameters(pixels, places, width_px=width, shape="round", groups=1, knots=knots)
    model = Model("round", np.zeros(len(places), np.intp), knots, np.zeros_like(pixels))
    pairs, used = Pairs.within(places, COUPLED * width), pixels_near(places, width, knots.shape)
    leverage = model.leverage(now)
    free = Freedom(np.zeros(len(places), bool), shapes=False).unknowns(now)
    height = float(np.median(now.amplitudes[inside]))
    known = np.zeros((len(places), 3))
    known[:, 2] = np.where(inside, HARDLY, 1.0) ** 2 / height**2  # outside are places for light, not atoms
    for done in range(ROUNDS):
        drawn = model.draw(now)
        variance = measure_noise(pixels, drawn, used, leverage, NoiseKind()).variance(drawn)
        weights = used / np.maximum(variance, (LEAST_NOISE * height) ** 2)
        pull = np.zeros_like(known)
        pull[:, 2] = -known[:, 2] * now.amplitudes
        equations = assemble(model, now, pairs, weights, (pixels - drawn) * weights).with_prior(
            known, pull.ravel()
        )
        solver = Solver(equations, np.zeros(len(free)), free)
        atoms, background, _ = np.split(solver.solve(equations.gradient, tolerance=TOLERANCE), equations.splits)
        now = replace(now, amplitudes=now.amplitudes + atoms[2::3], background=now.background + background)
        tell((done + 1) / (ROUNDS + 2))
    return now, equations
