"""Adatoms: single foreign atoms anywhere on a layer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.simulate.crystals import atomic_number
from napari_strata.simulate.regions import Region

APART = 1.5
"""Adatoms are nowhere nearer to each other than this [Å]."""


@dataclass(frozen=True, slots=True, eq=False)
class Adatoms:
    """Adatoms of one image.

    Attributes
    ----------
    positions : ndarray, shape (n, 2)
        (y, x) from the centre of the field of view [Å].
    element : ndarray of str, shape (n,)
        Element of each.
    """

    positions: NDArray[np.float64]
    element: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Adatoms":
        """Return some of them."""
        return Adatoms(self.positions[chosen], self.element[chosen])

    def brightness(self, z_exponent: float) -> NDArray[np.float64]:
        """Return Z^n of each, shape (n,)."""
        return np.array([float(atomic_number(str(one))) ** z_exponent for one in self.element], dtype=np.float64)


def scatter_adatoms(
    densities: Sequence[tuple[str, float]],
    missing: Sequence[Region],
    half_width: float,
    rng: np.random.Generator,
) -> Adatoms:
    """Scatter atoms over a square.

    Parameters
    ----------
    densities : sequence of (str, float)
        Elements, and the mean number of atoms of each per nm².
    missing : sequence of Region
        Where there is nothing that they could lie on.
    half_width : float
        Half the side of the square [Å].
    rng : Generator
        Source of their numbers and places.
    """
    area = (2 * half_width / 10) ** 2
    element = np.array([symbol for symbol, density in densities for _ in range(rng.poisson(density * area))], str)
    adatoms = Adatoms(rng.uniform(-half_width, half_width, (len(element), 2)), element)
    for region in missing:
        adatoms = adatoms.where(~region.contains(adatoms.positions))
    return adatoms.where(_apart(adatoms.positions))


def _apart(positions: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which positions are not too near to an earlier one."""
    from scipy.spatial import KDTree

    is_apart = np.ones(len(positions), dtype=np.bool_)
    if len(positions):
        is_apart[[max(pair) for pair in KDTree(positions).query_pairs(APART)]] = False
    return is_apart
