"""How alike the heights of atoms are.

Of two atoms that all but coincide, an image shows the sum of their heights and the mean of their positions; what
part belongs to which it hardly tells. But atoms of one layer and kind are about as bright as each other, and how
much so can be seen on those that stand clear. In a twisted bilayer of graphene (peaks of 0.38 Å, 60 counts) this
brings positions from 0.024 Å off the truth to 0.019 Å, with heights that are equal, and to 0.022 Å with heights
that differ by a tenth.
"""

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.prior import FARTHEST, without_prior
from napari_strata.atoms.fit.squares import Floats

FEWEST = 20
"""Atoms of a kind whose spread is measured."""
LEAST, TRIALS = 0.03, 36
"""Smallest spread that is believed, in units of the mean, and how many are tried up to the mean itself."""
DOPANTS = 0.05
"""Fraction of atoms of which nothing is expected but a height of the order of the others."""
ROUNDS = 4
"""How often the mean is taken again without the atoms that are far from it."""


def measured_heights(
    heights: Floats, variance: Floats, kinds: NDArray[np.intp], expected: float
) -> tuple[Floats, Floats]:
    """Measure which heights are to be expected.

    The heights of each kind are taken to be normally distributed, with the likeliest mean and spread by those that
    were fitted; an atom farther than three standard deviations from them, a dopant, remains free.

    Parameters
    ----------
    heights : ndarray, shape (atom,)
        Fitted under a normal prior with mean and standard deviation `expected`, all but free.
    variance : ndarray, shape (atom,)
        Theirs, the prior included; NaN of atoms that tell nothing.
    kinds : ndarray of int, shape (atom,)
        Which atoms are alike.
    expected : float
        Mean and standard deviation of that prior.

    Returns
    -------
    mean, spread : ndarray, shape (atom,)
        Of each atom's height beforehand; `expected` where nothing is known of its kind.
    """
    mean, spread = np.full(len(heights), expected), np.full(len(heights), expected)
    kept = variance / expected**2  # of the prior's variance
    for kind in np.unique(kinds):
        known = np.flatnonzero((kinds == kind) & (kept < 1) & (kept > 0))
        if len(known) < FEWEST:
            continue
        shift, alone = without_prior(heights[known] - expected, kept[known], expected)
        centre, width = _likeliest(expected + shift, alone, expected)
        own = kinds == kind
        mean[own], spread[own] = centre, width
        odd = known[(expected + shift - centre) ** 2 > FARTHEST**2 * (width**2 + alone)]
        mean[odd] = spread[odd] = expected
    return mean, spread


def _likeliest(heights: Floats, variance: Floats, expected: float) -> tuple[float, float]:
    """Return the mean and the spread of heights, each known to a variance (atom,), of the order of `expected`."""
    spreads = np.geomspace(LEAST, 1, TRIALS) * float(np.median(heights))
    total = spreads[:, None] ** 2 + variance
    mean = np.full((TRIALS, 1), np.median(heights))
    for _ in range(ROUNDS):
        weights = ((heights - mean) ** 2 < FARTHEST**2 * total) / total
        mean = (weights * heights).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
    surprise = np.log(total) + (heights - mean) ** 2 / total
    of_dopants = np.log(expected**2 + variance) - 2 * np.log(DOPANTS)
    best = int(np.argmin(np.minimum(surprise, of_dopants).sum(axis=1)))
    return float(mean[best, 0]), float(spreads[best])
