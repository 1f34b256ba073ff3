"""Crystals from CIF files, seen along a zone axis."""

from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import ConfigError
from napari_strata.io.atoms.cif import MARK
from napari_strata.simulate.crystals import Crystal

if TYPE_CHECKING:
    from ase import Atoms

SAME_COLUMN = 0.1
"""Atoms nearer than this in projection make up one column [Å]."""
LARGEST_FILE, MOST_ATOMS = 5_000_000, 5_000
"""Larger files [bytes] and cells are no single crystals; reading them would take minutes."""
CELL_SIDES = (0.5, 1_000.0)
"""Between these a cell's sides lie [Å]: smaller cells would fill an image with millions of columns."""
_PARALLEL = 1e-3
"""Sine of the angle below which two directions count as one."""


def read_cif(path: Path, zone_axis: tuple[int, int, int]) -> Crystal:
    """Read a crystal and project it along a direction.

    Parameters
    ----------
    path : Path
        The CIF file. Of a site that elements share, the one with the largest occupancy is taken; a site that is
        empty in part is taken as full (vacancies are a setting of their own).
    zone_axis : (int, int, int)
        Direction of view [uvw] in the cell of the file.

    Raises
    ------
    ConfigError
        If the file cannot be read as a crystal, or holds atoms that were located in an image.
    """
    try:
        return _read(path, zone_axis, path.stat().st_mtime_ns)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).", remedy="Check the path.") from error


def project(atoms: "Atoms", zone_axis: tuple[int, int, int]) -> Crystal:
    """Project a crystal along a direction.

    Parameters
    ----------
    atoms : Atoms
        One cell.
    zone_axis : (int, int, int)
        Direction of view [uvw], not 0, 0, 0.

    Returns
    -------
    Crystal
        x lies along the shorter of the two shortest projected lattice vectors.
    """
    from ase.geometry.minkowski_reduction import minkowski_reduce

    axis = np.array(zone_axis) // np.gcd.reduce(zone_axis)
    period = axis @ atoms.cell.array
    reduced = np.asarray(minkowski_reduce(atoms.cell.array)[0])
    steps = np.array(list(product(range(-4, 5), repeat=3)))
    plane = _plane(period, reduced)
    lattice = _shortest_pair(steps @ reduced @ plane.T)
    # What projection loses is the period along the axis, so the volume checks that no shorter vector was missed.
    repeats = abs(np.linalg.det(lattice)) * np.linalg.norm(period) / atoms.get_volume()
    if not np.isclose(repeats, 1, rtol=1e-3):
        raise ConfigError(
            f"The direction {list(zone_axis)} is too high for this crystal.", remedy="Take smaller indices."
        )
    turn = _turned_to_x(lattice[0])
    return _merge(lattice @ turn, atoms.positions @ plane.T @ turn, atoms.get_chemical_symbols())


@lru_cache(maxsize=16)
def _read(path: Path, zone_axis: tuple[int, int, int], _changed: int) -> Crystal:
    from ase.io import read

    _refuse_located_atoms(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"more than {LARGEST_FILE:,} bytes")
        atoms = read(path, format="cif")
        if isinstance(atoms, list):
            raise ValueError("several crystals")
        _check(atoms)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"{path.name} cannot be read as a crystal{f' ({reason})' if reason else ''}.",
            remedy="Check that it is a CIF file of one crystal.",
        ) from error
    return project(atoms, zone_axis)


def _refuse_located_atoms(path: Path) -> None:
    """Refuse what was exported from an image here: hundreds of atoms in one box."""
    with path.open("rb") as file:
        is_located = MARK.encode() in file.read(LARGEST_FILE)
    if is_located:
        raise ConfigError(
            f"{path.name} holds atoms that were located in an image, not the unit cell of a crystal.",
            remedy="Choose a CIF file of the crystal, such as one from a crystal database.",
        )


def _check(atoms: "Atoms") -> None:
    """Refuse what is no cell of a crystal, or would take too long."""
    if not len(atoms) or atoms.cell.rank < 3 or not (atoms.get_atomic_numbers() > 0).all():
        raise ValueError("no cell with atoms of known elements")
    sides = atoms.cell.lengths()
    if not (np.isfinite(atoms.cell.array).all() and np.isfinite(atoms.positions).all()):
        raise ValueError("numbers that are not finite")
    if sides.min() < CELL_SIDES[0] or sides.max() > CELL_SIDES[1]:
        raise ValueError(f"sides of {sides.min():g} to {sides.max():g} Å")
    if len(atoms) > MOST_ATOMS:
        raise ValueError(f"{len(atoms):,} atoms in a cell, more than {MOST_ATOMS:,}")


def _plane(period: NDArray[np.float64], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors (y, x) perpendicular to the direction of view, shape (2, 3)."""
    view = period / np.linalg.norm(period)
    across = min(cell, key=lambda vector: abs(vector @ view) / np.linalg.norm(vector))
    x = across - (across @ view) * view
    x /= np.linalg.norm(x)
    return np.array([np.cross(view, x), x])


def _shortest_pair(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shortest vector and the shortest one across it, which span a plane lattice; shape (2, 2)."""
    lengths = np.linalg.norm(vectors, axis=1)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > SAME_COLUMN]
    first = vectors[order[0]]
    across = np.abs(first[0] * vectors[order, 1] - first[1] * vectors[order, 0])
    second = vectors[order[np.argmax(across > _PARALLEL * lengths[order] * lengths[order[0]])]]
    return np.array([first, second])


def _turned_to_x(first: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix that turns row vectors (y, x) so that the first lattice vector lies along x."""
    y, x = first / np.linalg.norm(first)
    return np.array([[x, y], [-y, x]])


def _merge(lattice: NDArray[np.float64], positions: NDArray[np.float64], symbols: list[str]) -> Crystal:
    """Collect atoms that lie above each other."""
    places = np.empty_like(positions)
    columns: list[list[str]] = []
    for position, symbol in zip(positions @ np.linalg.inv(lattice), symbols, strict=True):
        offset = position - places[: len(columns)]
        apart = np.linalg.norm((offset - np.rint(offset)) @ lattice, axis=1)
        near = np.flatnonzero(apart < SAME_COLUMN)
        if len(near):
            columns[near[0]].append(symbol)
        else:
            places[len(columns)] = position % 1
            columns.append([symbol])
    return Crystal(lattice, places[: len(columns)].copy(), tuple(map(tuple, columns)))
