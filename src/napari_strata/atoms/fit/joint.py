"""The joint fit of all atoms of one image."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_strata.atoms.fit.background import Knots
from napari_strata.atoms.fit.chi_square import chi_square
from napari_strata.atoms.fit.fitted import FittedPeaks
from napari_strata.atoms.fit.heights import measured_heights
from napari_strata.atoms.fit.isolated import sigma_alone
from napari_strata.atoms.fit.levenberg_marquardt import SETTLED, Freedom, Problem, settle
from napari_strata.atoms.fit.model import Model
from napari_strata.atoms.fit.neighbours import COUPLED, Pairs
from napari_strata.atoms.fit.noise import Noise, NoiseKind, measure_noise, without_rim
from napari_strata.atoms.fit.polynomials import Shape, full_precision, widths
from napari_strata.atoms.fit.prior import Prior, measured_spread
from napari_strata.atoms.fit.solver import Solver
from napari_strata.atoms.fit.squares import Floats
from napari_strata.atoms.fit.start import KNOT_SPACING, pixels_near, starting_parameters
from napari_strata.atoms.fit.uncertainty import atom_covariance
from napari_strata.atoms.telling import Tell, say_nothing, within

STEPS_OF_ALL, STEPS_OF_SOME = 12, 20
"""Most steps of all atoms together, and of those that have not settled then, with their neighbours."""
ENOUGH = 0.99
"""Fraction of settled atoms at which the rest goes on alone."""
ROUNDS = 3
"""How often neighbours of failed atoms are fitted again, and may fail in turn."""
STEPS_DOWN = 4
"""Steps of heights before that: of an atom that is not there a five-hundredth is left."""
AFFECTED = 3.0
"""How near an atom's neighbours are that are fitted again with it, in standard deviations."""
STILL = 0.3
"""Last step of a fit that is believed, in units of the uncertainty."""
FARTHEST = 1.5
"""How far an atom may move from its start, in standard deviations of its peak."""
WIDEST = 1.5
"""Greatest width, in units of the rough one. Where peaks have tails, or overlap much, wider ones on less
background may fit as well, up to any width, and tell no positions any more."""
DIM = 1e-2
"""Height below which a fit has lost its atom, in units of the median height."""
ALIKE, STEPS_OF_HEIGHTS = 0.3, 2
"""Spread of heights, in units of their median, that is expected where widths are compared by heights alone, and
steps of those: were all heights free, atoms that all but coincide would take any, and any width would do."""
FIRST, SEEN, SECOND, REST, RESULT = (0.0, 0.4), (0.4, 0.55), (0.55, 0.83), (0.83, 0.86), (0.86, 1.0)
"""Where in the work the parts of a fit begin and end, roughly: 20,000 atoms, as told by the clock."""


class JointFit:
    """A fit under way.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities.
    positions : ndarray, shape (atom, 2)
        Where to begin, sorted by y, so that atoms that are handled at a time are near each other [px].
    groups : ndarray of int, shape (atom,)
        Which atoms share a width, numbered from 0.
    width_px : float
        Rough standard deviation of the peaks [px].
    shape : {"round", "elliptical"}
        Of the peaks.
    noise : NoiseKind
        What is known of the noise.
    prior_px : float or None
        Standard deviation of the truth from `positions`, roughly [px].
    kinds : ndarray of int, shape (atom,), optional
        Which atoms are about as high as each other, where `prior_px` is given; by default those of a group.
    inside : ndarray of bool, shape (atom,), optional
        Which are atoms of the image; the others only have heights. By default all.
    hold_width : bool
        Keep the width.
    tell : callable
        Is told again and again which part is done.
    """

    def __init__(
        self,
        image: Floats,
        positions: Floats,
        groups: NDArray[np.intp],
        *,
        width_px: float,
        shape: Shape,
        noise: NoiseKind,
        prior_px: float | None,
        kinds: NDArray[np.intp] | None = None,
        inside: NDArray[np.bool_] | None = None,
        hold_width: bool = False,
        tell: Tell = say_nothing,
    ) -> None:
        self._tell = tell
        self._shapes = not hold_width
        self._inside = np.ones(len(positions), bool) if inside is None else inside
        self._kinds = groups if kinds is None else kinds
        knots = Knots.every(KNOT_SPACING * width_px, image.shape)
        self._start, self._width, self._noise, self._prior_px = positions, width_px, noise, prior_px
        self._parameters = starting_parameters(
            image, positions, width_px=width_px, shape=shape, groups=int(groups.max()) + 1, knots=knots
        )
        self._problem = Problem(
            image,
            pixels_near(positions, width_px, knots.shape),
            Model(shape, groups, knots, np.zeros_like(image)),
            Pairs.within(positions, COUPLED * width_px),
            self._measure_noise,
            Prior.nothing(positions),
            WIDEST * width_px if self._shapes else np.inf,
        )
        used = self._problem.used
        self._telling = used if self._inside.all() else without_rim(used, width_px)
        self._failed = np.zeros(len(positions), bool)
        self._sigma = np.zeros(len(positions))
        self._leverage = self._problem.model.leverage(self._parameters)

    def run(self) -> bool:
        """Fit heights, then everything, then what has not settled, and put back what has failed.

        Returns
        -------
        bool
            False as soon as a width has come to `WIDEST`: the image does not tell it.
        """
        everything = Freedom(self._inside, shapes=self._shapes)
        self._fit_heights()
        if self._prior_px is not None:
            self._expect_anything(self._prior_px)
            self._settle_all(everything, FIRST)
            if self._is_too_wide():
                return False
            self._expect_what_was_seen()
        restless = self._settle_all(everything, SECOND) > SETTLED
        if self._is_too_wide():
            return False
        if restless.any():
            restless = self._settle_some(restless, self._inside) > STILL
        failed = restless | self._is_lost()
        for _ in range(ROUNDS):
            if not (failed & ~self._failed).any():
                break
            went = self._parameters.positions[self._failed | failed]
            self._put_back(failed)
            failed = self._settle_some(self._failed, self._inside & ~self._failed, also_near=went) > STILL
            failed |= self._is_lost()
        self._put_back(failed)
        return True

    def misfit_of_heights(self) -> float:
        """Fit heights and background alone; return the mean square of what is left of the image."""
        for _ in range(STEPS_OF_HEIGHTS):
            height = np.full(len(self._start), self._median_height())
            self._problem = replace(self._problem, prior=Prior.near(self._start, np.inf, height, ALIKE * height))
            self._fit_heights()
        problem = self._problem
        left = problem.image - problem.model.draw(self._parameters)
        return float(np.mean(left**2))

    def result(self) -> FittedPeaks:
        """Return what has been found, in the order of the fit."""
        problem, parameters, model = self._problem, self._parameters, self._problem.model
        self._leverage = model.leverage(parameters)
        drawn = model.draw(parameters)
        noise = self._measure_noise(drawn)
        squares = (problem.image - drawn) ** 2 * problem.used / noise.variance(drawn)
        sigma = np.sqrt(self._variances(drawn, RESULT)[:, :2])
        background = model.knots.at(parameters.background, parameters.positions)
        return FittedPeaks(
            positions=parameters.positions,
            sigma=sigma,
            amplitude=parameters.amplitudes,
            background=background,
            width=widths(model.precision(parameters)),
            chi2=chi_square(squares, problem.used, self._leverage, model, parameters),
            failed=self._failed,
            crowded=np.sqrt((sigma**2).mean(axis=1)) > 2 * sigma_alone(parameters.amplitudes, background, noise),
            gain=noise.gain,
            readout=noise.readout,
            prior_px=self._prior_px,
        )

    def _measure_noise(self, drawn: Floats) -> Noise:
        return measure_noise(self._problem.image, drawn, self._telling, self._leverage, self._noise)

    def _expect_anything(self, prior_px: float) -> None:
        """Expect positions near where they began, and heights of the order of the median."""
        self._prior_px = prior_px
        height = np.full(len(self._start), self._median_height())
        self._expect(height, height)

    def _expect_what_was_seen(self) -> None:
        """Expect positions and heights as the first fit has measured how far they are from what was expected."""
        assert self._prior_px is not None, "only where something is known of the starts"
        inside, shift = self._inside, self._parameters.positions - self._start
        variance = self._variances(self._problem.model.draw(self._parameters), SEEN)
        self._sigma = np.sqrt(variance[:, :2].mean(axis=1))
        measured = measured_spread(shift[inside], variance[inside, :2], self._prior_px)
        # Where all is blurred, shifts of one atom are those of others, too.
        self._prior_px = measured if self._shapes else max(measured, self._prior_px)
        seen = np.where(inside, variance[:, 2], np.nan)
        expected = float(np.median(self._problem.prior.expected[inside, 2]))
        self._expect(*measured_heights(self._parameters.amplitudes, seen, self._kinds, expected))

    def _expect(self, heights: Floats, spreads: Floats) -> None:
        """Expect positions near where they began, and heights (atom,); outside the image, none of about them."""
        assert self._prior_px is not None, "only where something is known of the starts"
        median, inside = self._median_height(), self._inside
        self._problem = replace(
            self._problem,
            prior=Prior.near(
                self._start, self._prior_px, np.where(inside, heights, 0), np.where(inside, spreads, median)
            ),
        )

    def _variances(self, drawn: Floats, part: tuple[float, float]) -> Floats:
        """Return the variances of each position and height (atom, 3); NaN where there are none."""
        variance = np.einsum("acc->ac", self._covariance(drawn, part))
        return np.where((variance > 0).all(axis=1, keepdims=True), variance, np.nan)

    def _covariance(self, drawn: Floats, part: tuple[float, float]) -> Floats:
        """Return the covariance of each position and height (atom, 3, 3)."""
        problem = self._problem
        weights = problem.used / self._measure_noise(drawn).variance(drawn)
        equations = problem.equations(self._parameters, drawn, weights)
        held = self._failed | ~self._inside
        free = Freedom(~held, shapes=self._shapes).unknowns(self._parameters)
        solver = Solver(equations, np.zeros(len(free)), free)
        return atom_covariance(equations, held, solver, within(self._tell, *part))

    def _median_height(self) -> float:
        return float(np.median(self._parameters.amplitudes[self._inside]))

    def _fit_heights(self) -> None:
        self._settle_all(Freedom(np.zeros(len(self._start), bool), shapes=False), FIRST, steps=1)

    def _settle_all(self, freedom: Freedom, part: tuple[float, float], *, steps: int = STEPS_OF_ALL) -> Floats:
        found = settle(
            self._problem,
            self._parameters,
            freedom,
            steps=steps,
            enough=ENOUGH,
            sigma=self._sigma,
            tell=within(self._tell, *part),
        )
        self._parameters = found.parameters
        return found.last_step

    def _settle_some(
        self, atoms: NDArray[np.bool_], movable: NDArray[np.bool_], also_near: Floats | None = None
    ) -> Floats:
        """Fit the chosen atoms (atom,) and their neighbours on; return the last steps, of all others 0."""
        problem, now = self._problem, self._parameters
        points = now.positions[atoms] if also_near is None else np.vstack([now.positions[atoms], also_near])
        distance = KDTree(points).query(now.positions)[0]
        some = np.flatnonzero(distance < AFFECTED * self._width)
        part = replace(
            problem,
            model=problem.model.only(some, now),
            pairs=Pairs.within(self._start[some], COUPLED * self._width),
            prior=problem.prior.of(some),
        )
        start = replace(now, positions=now.positions[some], amplitudes=now.amplitudes[some])
        freedom = Freedom(movable[some], shared=False, shapes=False)
        if also_near is not None:
            nobody = replace(freedom, positions=np.zeros(len(some), bool))
            for _ in range(STEPS_DOWN):
                start = settle(part, start, nobody, steps=1).parameters
        tell = within(self._tell, *REST)
        found = settle(part, start, freedom, steps=STEPS_OF_SOME, sigma=self._sigma[some], tell=tell)
        now.positions[some], now.amplitudes[some] = found.parameters.positions, found.parameters.amplitudes
        last_step = np.zeros(len(atoms))
        last_step[some] = found.last_step
        return last_step

    def _is_too_wide(self) -> bool:
        """Return whether the image does not tell how wide some peaks are."""
        shapes = full_precision(self._problem.model.shape, self._parameters.shapes)
        return bool((widths(shapes) > 0.99 * self._problem.widest).any())

    def _is_lost(self) -> NDArray[np.bool_]:
        now = self._parameters
        shift = np.linalg.norm(now.positions - self._start, axis=1)
        wide = widths(self._problem.model.precision(now)).max(axis=1)
        lost: NDArray[np.bool_] = shift > FARTHEST * wide
        return (lost | ~(now.amplitudes > DIM * self._median_height())) & self._inside

    def _put_back(self, failed: NDArray[np.bool_]) -> None:
        """Return what has failed (atom,) to where it began; heights there are fitted after, or have been."""
        now, new = self._parameters, failed & ~self._failed
        self._failed |= new
        self._parameters = replace(
            now,
            positions=np.where(new[:, None], self._start, now.positions),
            amplitudes=np.where(new, self._median_height(), now.amplitudes),
        )
