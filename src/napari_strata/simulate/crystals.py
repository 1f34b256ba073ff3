"""The crystals that can be simulated: lattice, basis and how bright each column is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.crystal import Material

Z_EXPONENT = 1.7
"""Exponent of the atomic number in annular dark-field contrast (Krivanek et al., Nature 464, 571, 2010: 1.64)."""


@dataclass(frozen=True, slots=True)
class Crystal:
    """One monolayer in projection.

    Attributes
    ----------
    lattice : ndarray, shape (2, 2)
        Lattice vectors as rows (y, x) [Å].
    basis : ndarray, shape (n, 2)
        Columns of the unit cell in fractions of the lattice vectors.
    species : tuple of str
        Name of each column of the basis; the order of the classes.
    brightness : ndarray, shape (n,)
        Relative intensity of each column, the brightest being 1.
    """

    lattice: NDArray[np.float64]
    basis: NDArray[np.float64]
    species: tuple[str, ...]
    brightness: NDArray[np.float64]


def _honeycomb(a: float, species: tuple[str, str], atomic_numbers: tuple[float, float]) -> Crystal:
    """Make a honeycomb of lattice constant `a` [Å]; a column of n equal atoms counts as Z n^(1 / Z_EXPONENT)."""
    lattice = a * np.array([[0.0, 1.0], [np.sqrt(3) / 2, 0.5]])
    brightness = np.asarray(atomic_numbers, dtype=float) ** Z_EXPONENT
    basis = np.array([[0.0, 0.0], [1 / 3, 1 / 3]])
    return Crystal(lattice, basis, species, brightness / brightness.max())


CRYSTALS: dict[Material, Crystal] = {
    "graphene": _honeycomb(2.46, ("C", "C"), (6, 6)),
    "WS2": _honeycomb(3.153, ("W", "S"), (74, 16 * 2 ** (1 / Z_EXPONENT))),
}
"""Lattice constants: graphene 2.46 Å, 2H-WS2 3.153 Å (Schutte et al., J. Solid State Chem. 70, 207, 1987)."""


def species(material: Material) -> tuple[str, ...]:
    """Return the element symbols of a crystal, each once, in the order of their mask codes 2, 3, ..."""
    return tuple(dict.fromkeys(CRYSTALS[material].species))
