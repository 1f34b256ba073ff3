"""Mixtures of normal distributions of one quantity.

scikit-learn would do, but is no dependency otherwise: it would bring 40 MB to install for the thirty lines of
expectation and maximisation below, and cannot take what is known of each single value beforehand.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEPS = 500
CONVERGED = 1e-7
"""Gain of the mean log likelihood per step below which a mixture counts as settled."""
NARROWEST = 1e-3
"""Least width of a component, by the standard deviation of all values; narrower ones sit on single values."""
SAMPLE = 5000
"""More values than this are described by groups of neighbouring ones."""
FEWEST = 3
"""Values a component must stand for, at least."""
SEPARATE = 2.0
"""Distance of neighbouring components above which they are two peaks and not one that is skew, in units of the
root mean square of both widths (D of Ashman, Bird, Zepf, Astron. J. 108, 2348, 1994)."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """A mixture, its components by ascending mean.

    Attributes
    ----------
    weights, means, widths : ndarray of float64, shape (component,)
        Part of all values, mean and standard deviation of each component.
    shares : ndarray of float64, shape (value, component)
        Probability that a value is of a component; sums to 1 over components.
    bic : float
        Bayesian information criterion, less is better (Schwarz, Ann. Statist. 6, 461, 1978).
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    widths: NDArray[np.float64]
    shares: NDArray[np.float64]
    bic: float


def choose_mixture(values: NDArray[np.float64], *, most: int, least_gap: float = 0.0) -> Mixture:
    """Fit mixtures of 1, 2, ... components as long as that lowers the Bayesian information criterion.

    The criterion alone would describe one skew distribution of many values by several that overlap; components
    must therefore be `SEPARATE` as well.

    Parameters
    ----------
    values : ndarray of float64, shape (value,)
        Finite, at least one.
    most : int
        Greatest number of components.
    least_gap : float
        Least distance of the means of two components.
    """
    best = fit_mixture(values, 1)
    for count in range(2, most + 1):
        mixture = fit_mixture(values, count)
        if mixture.bic >= best.bic or not _are_separate(mixture, least_gap):
            break
        best = mixture
    return best


def fit_mixture(
    values: NDArray[np.float64], components: int, beliefs: NDArray[np.float64] | None = None
) -> Mixture:
    """Fit a mixture by expectation and maximisation (Dempster, Laird, Rubin, J. R. Stat. Soc. B 39, 1, 1977).

    Parameters
    ----------
    values : ndarray of float64, shape (value,)
        Finite, at least one.
    components : int
        Number of components. They begin as parts of the values of equal number, of equal width, and as parts
        between the widest gaps; the most likely result counts.
    beliefs : ndarray of float64, shape (value, component), optional
        What is known of each single value, as probabilities that take the place of the weights; the components
        then keep this order.

    Returns
    -------
    Mixture
        The mixture; one in which a component stands for fewer than `FEWEST` values has an infinite criterion.
    """
    scale = float(values.std()) or 1.0
    z = (values - values.mean()) / scale
    if beliefs is None:
        few = _representatives(z)
        settled = max((_settle(few, start, None) for start in _starts(few, components)), key=lambda one: one[1])
        weights, means, widths = _maximise(few, settled[0])
        shares, likelihood = _expect(z, weights, means, widths)
    else:
        shares, likelihood = _settle(z, beliefs, beliefs)
        weights, means, widths = _maximise(z, shares)
    free = 3 * components - 1 if beliefs is None else 2 * components
    is_empty = components > 1 and (shares.sum(axis=0) < FEWEST).any()
    bic = np.inf if is_empty else free * np.log(len(z)) - 2 * len(z) * likelihood
    order = np.argsort(means) if beliefs is None else np.arange(components)
    return Mixture(
        weights[order], means[order] * scale + values.mean(), widths[order] * scale, shares[:, order], float(bic)
    )


def _representatives(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values, or, where they are many, the means of so many groups of neighbouring ones."""
    if len(z) <= SAMPLE:
        return z
    means: NDArray[np.float64] = np.array([group.mean() for group in np.array_split(np.sort(z), SAMPLE)])
    return means


def _are_separate(mixture: Mixture, least_gap: float) -> bool:
    squares, gaps = mixture.widths**2, np.diff(mixture.means)
    widths = np.sqrt((squares[1:] + squares[:-1]) / 2)
    return bool(((gaps > SEPARATE * widths) & (gaps >= least_gap)).all())


def _starts(z: NDArray[np.float64], components: int) -> list[NDArray[np.float64]]:
    """Return ways to divide the values among components, as shares."""
    ranked = np.sort(z)
    widest = np.sort(np.argsort(np.diff(ranked))[::-1][: components - 1])
    cuts = (
        np.quantile(z, np.arange(1, components) / components),
        np.linspace(ranked[0], ranked[-1], components + 1)[1:-1],
        (ranked[widest] + ranked[widest + 1]) / 2,
    )
    return [np.eye(components)[np.searchsorted(cut, z)] for cut in cuts]


def _settle(
    z: NDArray[np.float64], shares: NDArray[np.float64], beliefs: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], float]:
    """Improve the shares until the mean log likelihood of a value, the second result, gains no more."""
    before, likelihood = -np.inf, -np.inf
    for _ in range(STEPS):
        weights, means, widths = _maximise(z, shares)
        shares, likelihood = _expect(z, weights if beliefs is None else beliefs, means, widths)
        if likelihood - before < CONVERGED:
            break
        before = likelihood
    return shares, likelihood


def _maximise(
    z: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    mass = shares.sum(axis=0) + 1e-12
    means = (shares * z[:, None]).sum(axis=0) / mass
    variances = (shares * (z[:, None] - means) ** 2).sum(axis=0) / mass
    return mass / len(z), means, np.sqrt(np.maximum(variances, NARROWEST**2))


def _expect(
    z: NDArray[np.float64],
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    widths: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Return the shares, and the mean log likelihood of a value."""
    logs = np.log(weights + 1e-12) - np.log(widths * np.sqrt(2 * np.pi)) - ((z[:, None] - means) / widths) ** 2 / 2
    highest = logs.max(axis=1, keepdims=True)
    likelihood = np.exp(logs - highest)
    total = likelihood.sum(axis=1, keepdims=True)
    return likelihood / total, float((highest + np.log(total)).mean())
