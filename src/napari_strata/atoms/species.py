"""Which species an atom is: by what the network sees in its footprint, by how bright its column is, or by both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.mixture import choose_mixture, fit_mixture
from napari_strata.atoms.windows import Windows, chunks
from napari_strata.config import AtomsConfig
from napari_strata.types import AnyArray, FloatImage

MOST = 4
"""Greatest number of species that the image decides on."""
DIFFERENT = 0.05
"""Species that the image decides on differ by this part of the usual intensity; one of C and N is 0.3."""
ENOUGH = 20
"""With fewer atoms a mixture of intensities says nothing, and the network's class stands."""
SURE = 0.75
"""Least probability of a species that is no longer called unsure."""
DOUBT = 0.02
"""The network's shares are taken to be wrong this often, or no intensity could correct them."""


@dataclass(frozen=True, slots=True, eq=False)
class Species:
    """The species of some atoms.

    Attributes
    ----------
    names : ndarray of str, shape (atom,)
        Name of each atom's species.
    probability : ndarray of float64, shape (atom,)
        How probable it is, given that there is an atom.
    """

    names: AnyArray
    probability: NDArray[np.float64]


def class_shares(maps: FloatImage, positions: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Return how much of the foreground in each footprint is of each class.

    Parameters
    ----------
    maps : ndarray of float32, shape (class, y, x)
        Probabilities of the foreground classes.
    positions : ndarray of float64, shape (atom, 2)
        Positions as (y, x) [px].
    radius : float
        Radius of a footprint [px].

    Returns
    -------
    ndarray of float64, shape (atom, class)
        Sums to 1 over classes.
    """
    sums = np.ones((len(positions), len(maps)))
    if len(maps) == 1:
        return sums
    for chunk in chunks(len(positions), radius):
        windows = Windows.around(positions[chunk], radius, maps.shape[1:])
        footprint = windows.inside & (windows.distances <= max(radius, 1.0))  # one pixel at least
        sums[chunk] = np.stack([(windows.values(values) * footprint).sum(axis=1) for values in maps], axis=1)
    shares: NDArray[np.float64] = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-12)
    return shares


def assign_species(
    shares: NDArray[np.float64],
    intensities: NDArray[np.float64] | None,
    classes: tuple[str, ...],
    config: AtomsConfig,
) -> Species:
    """Name the species of the atoms of one crystal layer.

    By intensity, each component of the mixture bears the name of the class that prevails in it. Where a class has
    several they are numbered, the brightest first: a chalcogen column that lacks an atom is "S 2" beside "S 1".

    Parameters
    ----------
    shares : ndarray of float64, shape (atom, class)
        What the network sees, from `class_shares`.
    intensities : ndarray of float64, shape (atom,), or None
        Brightness of each column, NaN where it could not be measured; None where there is no image.
    classes : tuple of str
        Names of the classes.
    config : AtomsConfig
        What tells species apart.
    """
    by_class = _of_classes(shares, classes)
    if config.species == "class" or intensities is None:
        return by_class
    known = np.isfinite(intensities)
    if known.sum() < ENOUGH:
        return by_class
    values = intensities[known]
    if config.species == "both":
        beliefs = np.clip(shares[known], DOUBT, None)
        beliefs /= beliefs.sum(axis=1, keepdims=True)
        found = _of_classes(fit_mixture(values, len(classes), beliefs).shares, classes)
    else:
        found = _of_intensities(values, shares[known], classes, config.components)
    names, probability = by_class.names.copy(), by_class.probability.copy()
    names[known], probability[known] = found.names, found.probability
    return Species(names, probability)


def _of_classes(shares: NDArray[np.float64], classes: tuple[str, ...]) -> Species:
    return Species(np.array(classes, dtype=object)[shares.argmax(axis=1)], shares.max(axis=1))


def _of_intensities(
    values: NDArray[np.float64], shares: NDArray[np.float64], classes: tuple[str, ...], components: int
) -> Species:
    if components:
        mixture = fit_mixture(values, components)
    else:
        mixture = choose_mixture(values, most=MOST, least_gap=DIFFERENT * abs(float(np.median(values))))
    if len(mixture.means) == 1:
        return _of_classes(shares, classes)
    prevailing = (mixture.shares.T @ shares).argmax(axis=1)
    names = []
    for component, klass in enumerate(prevailing):
        alike = np.flatnonzero(prevailing == klass)[::-1]  # brightest first
        rank = 1 + int(np.flatnonzero(alike == component)[0])
        names.append(classes[klass] if len(alike) == 1 else f"{classes[klass]} {rank}")
    return _of_classes(mixture.shares, tuple(names))
