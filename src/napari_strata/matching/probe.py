r"""The width of the probe, from how fast the reflections of a lattice fade with their frequency.

A reflection of factor F at g has the amplitude

.. math:: A(g) = m \, |F| \, T(g), \qquad
   T(g) = (1 - f) e^{-2\pi^2 \sigma^2 g^2} + f e^{-2\pi^2 w^2 \sigma^2 g^2}

with the layer's mean m, and the probe's tail f, w. The atoms' own displacements u blur it further, to
:math:`\sigma^2 + u^2`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import SimulationConfig
from napari_strata.matching.orientation import SeenLayer
from napari_strata.matching.spectrum import SpotPowers

RANGE = (0.05, 0.7)
"""Between these a width is looked for, in periods of the coarsest lattice planes: at the wider end nothing is left
of any other planes."""
SEEN = 9.0
"""The misfit is so much larger without the finer reflections, or they are not seen: noise has long tails."""
STEPS = 120
"""Number of widths that are tried."""
MOST_TAIL = 0.9
CLEAR = 0.2
"""A width is told if its uncertainty is less than this part of it."""
UNEVEN = 0.15
"""Squared amplitudes scatter by this part around what a crystal should show: it is no perfect crystal."""


@dataclass(frozen=True, slots=True, eq=False)
class ProbeFit:
    """A probe, and how bright the layers are that it shows.

    Attributes
    ----------
    sigma : float
        Width of one atom's image [Å].
    uncertainty : float
        Its standard uncertainty [Å].
    is_clear : bool
        Whether the image tells it; else it is the usual one.
    blurred : float
        The same width with the atoms' displacements [Å].
    tail : tuple of float
        Part of the intensity in the tail, and its width in units of `sigma`; taken from the settings.
    means : ndarray, shape (layer,)
        What each layer adds to the mean of the image.
    """

    sigma: float
    uncertainty: float
    is_clear: bool
    blurred: float
    tail: tuple[float, float]
    means: NDArray[np.float64]

    def transfer(self, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the amplitude at frequencies [1/Å], which is 1 at 0."""
        return _transfer(self.blurred, self.tail, frequency)

    def faded_at(self, transfer: float) -> float:
        """Return the frequency beyond which the amplitude is below a value [1/Å]."""
        return float(np.sqrt(-np.log(transfer) / 2) / (np.pi * self.blurred))


def usual_width(config: SimulationConfig) -> float:
    """Return the geometric middle of the settings' widths [Å]."""
    return float(np.sqrt(np.prod(config.probe.sigma)))


def fit_probe(layers: tuple[SeenLayer, ...], powers: tuple[SpotPowers, ...], config: SimulationConfig) -> ProbeFit:
    """Fit one probe to the reflections of all layers.

    Parameters
    ----------
    layers : tuple of SeenLayer
        Whose reflections.
    powers : tuple of SpotPowers
        Their squared amplitudes.
    config : SimulationConfig
        What it says of the tail and of displacements, and of the width where the reflections do not tell it.
    """
    strengths = [layer.reflections.strength[p.index] for layer, p in zip(layers, powers, strict=True)]
    seen = [(one, strength) for one, strength in zip(powers, strengths, strict=True) if len(strength)]
    tail = (float(np.mean(config.probe.tail_fraction)), float(np.mean(config.probe.tail_width)))
    displacement = config.defects.displacement
    displaced = float(np.mean(displacement))
    width, uncertainty = _fit_width(seen, tail)
    unsure_tail = [_fit_width(seen, corner)[0] for corner in _corners(config)]
    uncertainty = float(np.hypot(uncertainty, np.std(unsure_tail)))
    is_clear = uncertainty < CLEAR * width
    if not is_clear:
        width = float(np.hypot(usual_width(config), displaced))
    squared = [_misfit(one, strength, width, tail)[1] for one, strength in seen]
    unsure_displacement = [_at_rest(width, end) for end in displacement]
    return ProbeFit(
        sigma=_at_rest(width, displaced),
        uncertainty=float(np.hypot(uncertainty, np.std(unsure_displacement))),
        is_clear=is_clear,
        blurred=width,
        tail=tail,
        means=np.sqrt(np.maximum(squared, 0.0)),
    )


def _at_rest(width: float, displaced: float) -> float:
    """Return the width that a blurred one has without the displacements of atoms [Å]."""
    return float(np.sqrt(max(width**2 - displaced**2, (0.2 * width) ** 2)))


Seen = Sequence[tuple[SpotPowers, NDArray[np.float64]]]
"""Squared amplitudes of each layer, and the strengths of its reflections."""


def _corners(config: SimulationConfig) -> list[tuple[float, float]]:
    """Return the tails at the ends of the settings' ranges: the shorter a tail, the more it looks like width."""
    low, high = config.probe.tail_fraction
    return [(part, times) for part in (low, min(high, MOST_TAIL)) for times in config.probe.tail_width]


def _fit_width(seen: Seen, tail: tuple[float, float]) -> tuple[float, float]:
    """Return the width at which the misfit is least, and its uncertainty.

    It is a quarter of the range in which the misfit rises by less than 4, and infinite where the reflections of
    one ring alone explain nearly as much: the probe may then be as wide as it likes.
    """
    from scipy.optimize import minimize_scalar

    def misfit(log_width: float) -> float:
        return sum(_misfit(one, strength, float(np.exp(log_width)), tail)[0] for one, strength in seen)

    period = 1 / min(float(one.length.min()) for one, _ in seen)
    grid = np.linspace(np.log(RANGE[0] * period), np.log(RANGE[1] * period), STEPS)
    misfits = np.array([misfit(one) for one in grid])  # which may have more than one valley
    lowest = int(misfits.argmin())
    if not 0 < lowest < len(grid) - 1:
        return float(np.exp(grid[lowest])), float("inf")
    best = minimize_scalar(misfit, bounds=(grid[lowest - 1], grid[lowest + 1]), method="bounded")
    degrees = max(sum(len(strength) for _, strength in seen) - len(seen) - 1, 1)
    least, excess = float(best.fun), max(1.0, float(best.fun) / degrees)
    if misfits[-1] < least + SEEN * excess:
        return float(np.exp(best.x)), float("inf")
    return float(np.exp(best.x)), _spread(misfit, grid, misfits, least + 4 * excess)


def _spread(
    misfit: Callable[[float], float],
    grid: NDArray[np.float64],
    misfits: NDArray[np.float64],
    level: float,
) -> float:
    """Return a quarter of the range of widths around the least misfit in which it stays below a level."""
    from scipy.optimize import brentq

    lowest, above = int(misfits.argmin()), np.flatnonzero(misfits > level)
    left, right = above[above < lowest], above[above > lowest]
    if not len(left) or not len(right):
        return float("inf")
    ends = (
        brentq(lambda one: misfit(one) - level, grid[inner], grid[outer])
        for outer, inner in ((left[-1], left[-1] + 1), (right[0], right[0] - 1))
    )
    low, high = (float(np.exp(end)) for end in ends)
    return (high - low) / 4


def _transfer(width: float, tail: tuple[float, float], frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    part, times = tail
    exponent = -2 * np.pi**2 * width**2 * frequency**2
    return np.asarray((1 - part) * np.exp(exponent) + part * np.exp(times**2 * exponent))


def _misfit(
    powers: SpotPowers, strength: NDArray[np.float64], width: float, tail: tuple[float, float]
) -> tuple[float, float]:
    """Return the sum of squared deviations, and the squared mean of the layer that makes it least."""
    expected = (strength * _transfer(width, tail, powers.length)) ** 2
    squared, deviations = 0.0, 0.0
    for _ in range(3):  # the scatter depends on what is expected
        variance = powers.sigma**2 + (UNEVEN * squared * expected) ** 2
        weighted = expected / variance
        total = float((weighted * expected).sum())
        squared = float((weighted * powers.squared).sum()) / total if total > 0 else 0.0
        deviations = float(((powers.squared - squared * expected) ** 2 / variance).sum())
    return deviations, squared
