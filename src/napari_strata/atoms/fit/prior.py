"""What is known of the atoms before the image is looked at closely, and how well.

Two atoms that all but coincide make one peak: only the sum of their heights and the mean of their positions can
be seen in it, and the most likely pair may lie anywhere. What was known before then decides what the image leaves
open.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.model import Parameters
from napari_strata.atoms.fit.squares import Floats

FARTHEST = 3.0
"""Beyond so many standard deviations an atom tells nothing of the spread of others."""
LEAST = 0.75
"""Smallest spread that is believed, in units of the expected one: starts that were found in the same image share
its noise, so that shifts from them are smaller than their errors."""
ENOUGH = 0.25
"""Fraction of coordinates that the image must place better than the prior to measure a spread."""
WELL, BARELY = 0.5, 0.85
"""What is left of the prior's variance where the image places a coordinate well, and where it just tells of it."""


@dataclass(frozen=True, slots=True)
class Prior:
    """A normal distribution of each position and height.

    Attributes
    ----------
    expected : ndarray, shape (atom, 3)
        Most probable y, x [px] and height.
    precision : ndarray, shape (atom, 3)
        One by the variance of each; 0 where nothing is known.
    """

    expected: Floats
    precision: Floats

    @classmethod
    def nothing(cls, positions: Floats) -> "Prior":
        """Know nothing; the fit is then one of greatest likelihood."""
        none = np.zeros((len(positions), 3))
        return cls(none, none)

    @classmethod
    def near(cls, positions: Floats, sigma_px: float, heights: Floats, spreads: Floats) -> "Prior":
        """Expect positions (atom, 2) to a standard deviation [px], and heights (atom,) to spreads (atom,)."""
        sigmas = np.column_stack([np.full(positions.shape, sigma_px), spreads])
        return cls(np.column_stack([positions, heights]), 1 / sigmas**2)

    def pull(self, parameters: Parameters) -> Floats:
        """Return the gradient of the logarithm of the probability of parameters, shape (3 atom,)."""
        now = np.column_stack([parameters.positions, parameters.amplitudes])
        pull: Floats = ((self.expected - now) * self.precision).ravel()
        return pull

    def of(self, atoms: NDArray[np.intp]) -> "Prior":
        """Return the prior of some atoms."""
        return Prior(self.expected[atoms], self.precision[atoms])


def measured_spread(shift: Floats, variance: Floats, expected: float) -> float:
    """Measure how far starts are from the truth.

    A fit under a normal prior tells where it would have gone without, and with which variance: the shifts of all
    atoms have the variance of that and of the starts. The spread of the starts is the most likely one. Only those
    count that the image places better than the prior does: of others, any flaw of the model would look like it.
    Where those are too few, the others may still say that the starts are worse than expected, so that what is
    reported is not too good; never that they are better.

    Parameters
    ----------
    shift : ndarray, shape (atom, 2)
        How far the fit has moved each atom from its start [px].
    variance : ndarray, shape (atom, 2)
        Of the fitted positions, the prior included [px²]; NaN where a fit failed.
    expected : float
        Standard deviation of the prior that was used [px].

    Returns
    -------
    float
        Standard deviation of the starts along each axis [px], between three quarters of the expected one and four
        times it; the expected one where the image places too few atoms.
    """
    kept = np.maximum(variance / expected**2, 1e-9)  # of the prior's variance
    if (kept < WELL).mean() >= ENOUGH:
        return _likeliest(shift, kept, kept < WELL, expected)
    if (kept < BARELY).mean() >= ENOUGH:
        return max(expected, _likeliest(shift, kept, kept < BARELY, expected))
    return expected


def _likeliest(shift: Floats, kept: Floats, known: NDArray[np.bool_], expected: float) -> float:
    """Return the likeliest spread of the starts [px] by the shifts of known coordinates."""
    moved, alone = without_prior(shift[known], kept[known], expected)
    trials = np.geomspace(LEAST, 4, 89) * expected
    total = trials[:, None] ** 2 + alone
    surprise = np.minimum(moved**2 / total, FARTHEST**2)
    return float(trials[np.argmin((np.log(total) + surprise).sum(axis=1))])


def without_prior(shift: Floats, kept: Floats, sigma: float) -> tuple[Floats, Floats]:
    """Return where a fit would have gone without a normal prior, and with which variance.

    Parameters
    ----------
    shift : ndarray
        How far the fit went from the mean of the prior.
    kept : ndarray, shape of `shift`
        What is left of the prior's variance, below 1.
    sigma : float
        Standard deviation of the prior.
    """
    return shift / (1 - kept), sigma**2 * kept / (1 - kept)
