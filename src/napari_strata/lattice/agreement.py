"""Whether a fit agrees with what was assumed of it, in words."""

from napari_strata.lattice.cells import IDEAL, RIGHT_ANGLE, SAME_SHAPE, angle_of, stretch_ratio
from napari_strata.lattice.fit import LatticeFit
from napari_strata.numbers import plain

UNLIKELY = 0.05
"""Chance of a chi-square this large below which it is not taken for chance."""
LEAST_TOLD = 0.001
"""Smaller chances are not told in digits."""


def agreement(fit: LatticeFit) -> str | None:
    """Say whether the lattice of a layer explains the positions of its atoms.

    Returns
    -------
    str or None
        None where the atoms have no uncertainties of their own, so that there is nothing to compare with.
    """
    if fit.sigma is None or not fit.degrees:
        return None
    chance = _chance(fit.chi_square, fit.degrees)
    if chance >= UNLIKELY:
        return f"the lattice explains the positions within their uncertainties ({in_words(chance)})"
    factor = (fit.chi_square / fit.degrees) ** 0.5
    return (
        f"positions scatter {plain(factor, 2)} times as much as their uncertainties say"
        f" ({in_words(chance)}); real displacements of the atoms count, too"
    )


def agreement_of_layers(chi_square: float, degrees: int) -> str | None:
    """Say whether one distortion of the scan explains the lattices of all layers; None with nothing to test."""
    if not degrees:
        return None
    chance = _chance(chi_square, degrees)
    if chance >= UNLIKELY:
        return f"one distortion explains all layers within their uncertainties ({in_words(chance)})"
    factor = (chi_square / degrees) ** 0.5
    return f"the layers differ {plain(factor, 2)} times as much as their uncertainties say ({in_words(chance)})"


def in_words(chance: float) -> str:
    """Write the chance of a chi-square this large, and on which side of the limit it is."""
    if chance < LEAST_TOLD:
        return f"p below {LEAST_TOLD}"
    return f"p = {plain(chance, 2)}, {'below' if chance < UNLIKELY else 'at least'} {UNLIKELY}"


def doubt_of_family(fit: LatticeFit) -> str | None:
    """Say by what a fitted cell contradicts its family; None where it may be a distorted one of it."""
    vectors, family = fit.vectors, fit.index.cell.family
    gamma = abs(angle_of(vectors[0]) - angle_of(vectors[1])) % 180
    if family in IDEAL:
        stretch = stretch_ratio(vectors, IDEAL[family])
        if stretch < SAME_SHAPE:
            return None
        return (
            f"the cell is hardly {family}: it would have to be stretched by {100 * stretch:.0f} %;"
            f" gamma is {fit.parameters.gamma.value:.1f} degrees."
        )
    if family == "rectangular" and abs(gamma - 90) >= RIGHT_ANGLE:
        return f"the cell is hardly rectangular: gamma is {fit.parameters.gamma.value:.1f} degrees."
    return None


def _chance(chi_square: float, degrees: int) -> float:
    """Return the chance of a chi-square this large where the fit is right."""
    from scipy.stats import chi2

    return float(chi2.sf(chi_square, degrees))
