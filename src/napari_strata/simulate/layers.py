"""Crystal layers with twist, shift, disorder and vacancies, as atom positions [Å]."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.simulate.crystals import Crystal


@dataclass(frozen=True, slots=True)
class LayerAtoms:
    """Atoms of one layer.

    Attributes
    ----------
    positions : ndarray, shape (n, 2)
        (y, x) from the centre of the field of view [Å].
    column : ndarray of int, shape (n,)
        Index into the crystal's basis.
    """

    positions: NDArray[np.float64]
    column: NDArray[np.intp]


def build_layer(
    crystal: Crystal,
    *,
    rotation: float,
    shift: NDArray[np.float64],
    half_width: float,
    displacement: float,
    vacancies: float,
    rng: np.random.Generator,
) -> LayerAtoms:
    """Fill a square field of view with one crystal layer.

    Parameters
    ----------
    crystal : Crystal
        What the layer is made of.
    rotation : float
        Rotation of the lattice [degrees].
    shift : ndarray, shape (2,)
        Shift of the lattice in fractions of its vectors.
    half_width : float
        Half the side of the square to fill [Å].
    displacement : float
        Standard deviation of the random displacement per axis [Å].
    vacancies : float
        Part of the atoms left out, 0 to 1.
    rng : Generator
        Source of displacement and vacancies.
    """
    reach = int(np.ceil(np.sqrt(2) * half_width / _least_spacing(crystal))) + 2
    cells = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    positions = ((cells + crystal.basis + shift) @ crystal.lattice @ rotation_matrix(rotation).T).reshape(-1, 2)
    column = np.tile(np.arange(len(crystal.basis)), len(cells))
    inside = (np.abs(positions) <= half_width).all(axis=1)
    positions, column = positions[inside], column[inside]
    keep = rng.random(len(positions)) >= vacancies
    positions = positions + rng.normal(0.0, displacement, positions.shape)
    return LayerAtoms(positions[keep], column[keep])


def rotation_matrix(degrees: float) -> NDArray[np.float64]:
    """Return the matrix that rotates (y, x) column vectors by an angle [degrees], x towards y."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cos, sin], [-sin, cos]])


def _least_spacing(crystal: Crystal) -> float:
    """Return the smallest distance of lattice rows [Å]."""
    area = abs(np.linalg.det(crystal.lattice))
    return float(area / np.linalg.norm(crystal.lattice, axis=1).max())
