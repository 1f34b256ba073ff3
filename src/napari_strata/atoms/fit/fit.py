"""The joint fit of all atoms of one image."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.background import Knots
from napari_strata.atoms.fit.equations import assemble
from napari_strata.atoms.fit.levenberg_marquardt import Freedom, local_sums, settle
from napari_strata.atoms.fit.model import Model, Parameters
from napari_strata.atoms.fit.neighbours import COUPLED, Pairs
from napari_strata.atoms.fit.noise import Noise, measure_noise
from napari_strata.atoms.fit.polynomials import Shape, full_precision, widths
from napari_strata.atoms.fit.solver import Solver
from napari_strata.atoms.fit.squares import Floats
from napari_strata.atoms.fit.start import KNOT_SPACING, pixels_near, starting_parameters
from napari_strata.atoms.fit.uncertainty import position_covariance

STEPS_OF_ALL, STEPS_OF_SOME = 12, 40
"""Most steps of all atoms together, and of those that have not settled then, with their neighbours."""
FARTHEST = 1.5
"""How far an atom may move from its start, in standard deviations of its peak."""
DIM = 1e-2
"""Height below which a fit has lost its atom, in units of the median height."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedPeaks:
    """Atoms of one image, in the order in which they were given.

    Attributes
    ----------
    positions : ndarray, shape (atom, 2)
        Centres (y, x) [px]; of failed fits where they began.
    sigma : ndarray, shape (atom, 2)
        Standard uncertainties of y and x from Fisher's matrix of the joint fit [px]; NaN of failed fits.
    amplitude, background : ndarray, shape (atom,)
        Height of the peak above its background, and that background, in units of the image.
    width : ndarray, shape (atom, 2)
        Standard deviations along the short and the long axis of the peak [px], shared by the atoms of a group.
    chi2 : ndarray, shape (atom,)
        Sum of squared residuals around the atom in units of their variances, by degrees of freedom.
    failed : ndarray of bool, shape (atom,)
        The fit did not settle, moved away, or found no peak.
    crowded : ndarray of bool, shape (atom,)
        Neighbours make the uncertainty more than twice that of the same atom alone.
    gain, readout : float
        The noise that was found or given: variance = gain * mean + readout.
    """

    positions: Floats
    sigma: Floats
    amplitude: Floats
    background: Floats
    width: Floats
    chi2: Floats
    failed: NDArray[np.bool_]
    crowded: NDArray[np.bool_]
    gain: float
    readout: float


def fit_peaks(
    image: NDArray[np.floating],
    positions: Floats,
    *,
    width_px: float,
    shape: Shape = "round",
    noise: Literal["poisson", "uniform"] = "poisson",
    gain: float | None = None,
    groups: NDArray[np.intp] | None = None,
) -> FittedPeaks:
    """Fit Gaussians on a slowly varying background to all atoms of an image together.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities, finite.
    positions : ndarray, shape (atom, 2)
        Where the atoms are thought to be, (y, x) [px]; those of all layers in one call.
    width_px : float
        Standard deviation of a peak, roughly [px].
    shape : {"round", "elliptical"}
        Of the peaks. All atoms of a group have the same width: one more number per atom would cost precision
        wherever atoms overlap, and the probe makes most of the width.
    noise : {"poisson", "uniform"}
        Variance that grows with the mean, or the same everywhere.
    gain : float, optional
        Intensity of one quantum where it is known (1 of counts): the variance is then gain times mean. By default
        the gain and a constant are measured by the residuals.
    groups : ndarray of int, shape (atom,), optional
        Which atoms share a width, numbered from 0; by default all.

    Returns
    -------
    FittedPeaks
        In the order of `positions`.
    """
    order = np.argsort(positions[:, 0], kind="stable")
    if not len(order):
        return _nothing(gain)
    kind = np.zeros(len(order), np.intp) if groups is None else np.unique(groups, return_inverse=True)[1][order]
    pixels = np.ascontiguousarray(image, dtype=np.float64)
    fit = _Fit(pixels, positions[order], kind, width_px, shape, noise == "uniform", gain)
    fit.run()
    return _in_order(fit.result(), np.argsort(order))


class _Fit:
    """A fit under way; atoms are sorted by y, so that those fitted at a time are near each other."""

    def __init__(
        self,
        image: Floats,
        positions: Floats,
        groups: NDArray[np.intp],
        width_px: float,
        shape: Shape,
        uniform: bool,
        gain: float | None,
    ) -> None:
        knots = Knots((image.shape[0], image.shape[1]), KNOT_SPACING * width_px)
        self.image, self.start, self.width = image, positions, width_px
        self.model = Model(shape, groups, knots, np.zeros_like(image))
        self.used = pixels_near(positions, width_px, knots.shape)
        self.pairs = Pairs.within(positions, COUPLED * width_px)
        self.parameters = starting_parameters(
            image, positions, width_px=width_px, shape=shape, groups=int(groups.max()) + 1, knots=knots
        )
        self.failed = np.zeros(len(positions), bool)
        self.noise_of = partial(
            _noise, image, self.used, parameters=3 * len(positions) + knots.count, gain=gain, uniform=uniform
        )

    def run(self) -> None:
        """Fit heights, then everything, then what has not settled, and put back what has failed."""
        nothing, everything = np.zeros(len(self.start), bool), np.ones(len(self.start), bool)
        self._settle(Freedom(nothing, shapes=False), steps=1)
        settled = self._settle(Freedom(everything), steps=STEPS_OF_ALL, enough=0.99)
        settled = self._settle_some(~settled, everything) | settled
        self.failed = ~settled | self._is_lost()
        if self.failed.any():
            self.parameters = replace(
                self.parameters,
                positions=np.where(self.failed[:, None], self.start, self.parameters.positions),
                amplitudes=np.where(self.failed, np.median(self.parameters.amplitudes), self.parameters.amplitudes),
            )
            self._settle_some(self.failed, ~self.failed)

    def result(self) -> FittedPeaks:
        """Return what has been found, in the order of the fit."""
        model, parameters = self.model, self.parameters
        drawn = model.draw(parameters)
        noise = self.noise_of(drawn)
        weights = self.used / noise.variance(drawn)
        residual = (self.image - drawn) * weights
        equations = assemble(model, parameters, self.pairs, weights, residual)
        solver = Solver(equations, np.full(len(equations.gradient), 1e-9), Freedom(~self.failed).unknowns(parameters))
        covariance = position_covariance(equations, self.failed, solver)
        sigma = np.sqrt(np.einsum("acc->ac", covariance))
        background = model.knots.at(parameters.background, parameters.positions)
        alone = sigma_alone(model.precision(parameters), parameters.amplitudes, background, noise)
        return FittedPeaks(
            parameters.positions,
            sigma,
            parameters.amplitudes,
            background,
            widths(model.precision(parameters)),
            self._chi2((self.image - drawn) * residual),
            self.failed,
            np.sqrt(sigma.prod(axis=1)) > 2 * alone,
            noise.gain,
            noise.readout,
        )

    def _settle(self, freedom: Freedom, *, steps: int, enough: float = 1.0) -> NDArray[np.bool_]:
        found = settle(
            self.image, self.used, self.model, self.parameters, self.pairs, self.noise_of, freedom,
            steps=steps, enough=enough,
        )  # fmt: skip
        self.parameters = found.parameters
        return found.settled

    def _settle_some(self, atoms: NDArray[np.bool_], movable: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Fit the chosen atoms and their neighbours on; return which have settled."""
        settled = np.zeros_like(atoms)
        if not atoms.any():
            return settled
        near = atoms.copy()
        np.logical_or.at(near, self.pairs.first, atoms[self.pairs.second])
        np.logical_or.at(near, self.pairs.second, atoms[self.pairs.first])
        some = np.flatnonzero(near)
        parameters = self.parameters
        found = settle(
            self.image,
            self.used,
            self.model.only(some, parameters),
            replace(parameters, positions=parameters.positions[some], amplitudes=parameters.amplitudes[some]),
            Pairs.within(self.start[some], COUPLED * self.width),
            self.noise_of,
            Freedom(movable[some], shared=False, shapes=False),
            steps=STEPS_OF_SOME,
        )
        parameters.positions[some], parameters.amplitudes[some] = (
            found.parameters.positions,
            found.parameters.amplitudes,
        )
        settled[some] = found.settled
        return settled

    def _is_lost(self) -> NDArray[np.bool_]:
        parameters = self.parameters
        shift = np.linalg.norm(parameters.positions - self.start, axis=1)
        wide = widths(self.model.precision(parameters)).max(axis=1)
        lost: NDArray[np.bool_] = shift > FARTHEST * wide
        return lost | ~(parameters.amplitudes > DIM * np.median(parameters.amplitudes))

    def _chi2(self, squares: Floats) -> Floats:
        """Sum squares in a square of 2 standard deviations around each atom, by degrees of freedom."""
        precision = full_precision(self.model.shape, self.parameters.shapes)
        reach = max(1, int(np.rint(2 * widths(precision).max())))
        positions = self.parameters.positions
        atoms = np.zeros_like(self.image)
        pixel = np.clip(np.rint(positions).astype(np.intp), 0, np.array(self.image.shape) - 1)
        np.add.at(atoms, tuple(pixel.T), 3.0)
        freedom = local_sums(self.used - atoms, positions, reach)
        chi2: Floats = local_sums(squares, positions, reach) / np.where(freedom > 0, freedom, np.nan)
        return chi2


def sigma_alone(precision: Floats, amplitude: Floats, background: Floats, noise: Noise) -> Floats:
    """Return the uncertainty of a position, were the atom alone.

    Parameters
    ----------
    precision : ndarray, shape (atom, 3)
        Inverse covariance of the peak [1/px²].
    amplitude, background : ndarray, shape (atom,)
        Height and background.
    noise : Noise
        Of the pixels.

    Returns
    -------
    ndarray, shape (atom,)
        Geometric mean over both axes of the peak [px]; of Poisson counts N without background, width / sqrt(N).
    """
    edges = np.linspace(0, 6, 61)
    radius = (edges[1:] + edges[:-1]) / 2
    height = np.exp(-(radius**2) / 2)
    variance = noise.variance(background[:, None] + np.abs(amplitude)[:, None] * height)
    integral = np.pi * (radius**3 * height**2 / variance).sum(axis=1) * (edges[1] - edges[0])
    width = np.sqrt(widths(precision).prod(axis=1))
    # In units of the width: the slope is one over it, the area of a pixel one over its square.
    alone: Floats = 1 / np.sqrt(np.maximum(amplitude**2 * integral, np.finfo(np.float64).tiny))
    return alone * width / width


def _noise(
    image: Floats,
    used: NDArray[np.bool_],
    drawn: Floats,
    *,
    parameters: int,
    gain: float | None,
    uniform: bool,
) -> Noise:
    return measure_noise(image, drawn, used, parameters=parameters, gain=gain, uniform=uniform)


def _in_order(fitted: FittedPeaks, order: NDArray[np.intp]) -> FittedPeaks:
    names = ("positions", "sigma", "amplitude", "background", "width", "chi2", "failed", "crowded")
    return replace(fitted, **{name: getattr(fitted, name)[order] for name in names})


def _nothing(gain: float | None) -> FittedPeaks:
    none, pairs, flags = np.empty(0), np.empty((0, 2)), np.empty(0, bool)
    return FittedPeaks(pairs, pairs, none, none, pairs, none, flags, flags, gain or 0.0, 0.0)
