"""What columns are made of: vacancies, dopants, alloys, and how bright that makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.simulation import ClassesBy
from napari_strata.simulate.classes import column_name
from napari_strata.simulate.crystals import Crystal, atomic_number
from napari_strata.types import BACKGROUND


@dataclass(frozen=True, slots=True)
class Substitution:
    """Atoms of one element replace some of another.

    Attributes
    ----------
    element, host : str
        Which replace which.
    part : float
        Probability of each atom of the host, 0 to 1.
    is_named : bool
        Whether a column is named by what it then holds.
    """

    element: str
    host: str
    part: float
    is_named: bool


def occupy(
    crystal: Crystal,
    site: NDArray[np.intp],
    *,
    thickness: int,
    substitutions: Sequence[Substitution],
    is_there: NDArray[np.bool_],
    z_exponent: float,
    classes: Sequence[str],
    classes_by: ClassesBy,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Fill columns with atoms.

    Parameters
    ----------
    crystal : Crystal
        What the layer is made of.
    site : ndarray of int, shape (n,)
        Index of each column into the crystal's basis.
    thickness : int
        Cells along the direction of view.
    substitutions : sequence of Substitution
        What replaces what, one after the other.
    is_there : ndarray of bool, shape (n, atom)
        False for vacancies; `atoms_per_column` atoms, those beyond a column's own do not count.
    z_exponent : float
        Exponent of the atomic number.
    classes : sequence of str
        Names of the mask codes 2, 3, ...
    classes_by : str
        What tells them apart.
    rng : Generator
        Source of the places of foreign atoms.

    Returns
    -------
    brightness : ndarray, shape (n,)
        Sum of Z^n over the atoms that are there.
    code : ndarray of uint8, shape (n,)
        Mask code of the column's name.
    """
    elements = _elements(crystal, substitutions)
    places = _places(crystal, elements, thickness)
    atoms = places[site]
    named = atoms
    for one in substitutions:
        taken = (atoms == elements.index(one.host)) & (rng.random(atoms.shape) < one.part)
        atoms = np.where(taken, elements.index(one.element), atoms)
        named = atoms if one.is_named else named
    brightness = np.array([float(atomic_number(element)) ** z_exponent for element in elements] + [0.0])
    codes = _codes_by_content(named, elements, _code_of(classes), classes_by)
    return np.where(is_there, brightness[atoms], 0.0).sum(axis=1), codes


def atoms_per_column(crystal: Crystal, thickness: int) -> int:
    """Return the largest number of atoms that a column has."""
    return thickness * max(len(column) for column in crystal.columns)


def brightest(crystals: Sequence[Crystal], thickness: int, z_exponent: float) -> float:
    """Return the brightness of the brightest perfect column of some crystals."""
    columns = [column for crystal in crystals for column in crystal.columns]
    return float(thickness * max(sum(atomic_number(e) ** z_exponent for e in column) for column in columns))


def _elements(crystal: Crystal, substitutions: Sequence[Substitution]) -> list[str]:
    own = [element for column in crystal.columns for element in column]
    foreign = [element for one in substitutions for element in (one.host, one.element)]
    return list(dict.fromkeys(own + foreign))


def _places(crystal: Crystal, elements: Sequence[str], thickness: int) -> NDArray[np.intp]:
    """Return the index of the element of each atom of each site, shape (site, atom); -1 where there is none."""
    places = np.full((len(crystal.columns), atoms_per_column(crystal, thickness)), -1, dtype=np.intp)
    for row, column in zip(places, crystal.columns, strict=True):
        row[: thickness * len(column)] = [elements.index(element) for element in column * thickness]
    return places


def _code_of(classes: Sequence[str]) -> Mapping[str, int]:
    return {name: code for code, name in enumerate(classes, start=BACKGROUND + 1)}


def _codes_by_content(
    atoms: NDArray[np.intp], elements: Sequence[str], code_of: Mapping[str, int], classes_by: ClassesBy
) -> NDArray[np.uint8]:
    """Return the code of each column by which elements it holds."""
    bits = np.append(1 << np.arange(len(elements)), 0)
    content, which = np.unique(np.bitwise_or.reduce(bits[atoms], axis=1), return_inverse=True)
    names = [[e for k, e in enumerate(elements) if one >> k & 1] for one in content.tolist()]
    return np.array([code_of[column_name(name, classes_by)] for name in names], dtype=np.uint8)[which]
