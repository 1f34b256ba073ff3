"""Crystal layers: where the columns are before anything disturbs them [Å]."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_strata.simulate.crystals import Crystal
from napari_strata.simulate.regions import HalfPlane

CLOSEST = 0.65
"""Columns of two grains are nowhere nearer than this part of the shortest distance within a grain."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns of one layer.

    Attributes
    ----------
    positions : ndarray, shape (n, 2)
        (y, x) from the centre of the field of view [Å].
    site : ndarray of int, shape (n,)
        Index into the crystal's basis.
    """

    positions: NDArray[np.float64]
    site: NDArray[np.intp]

    def where(self, chosen: NDArray[np.bool_]) -> "Columns":
        """Return some of the columns."""
        return Columns(self.positions[chosen], self.site[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A crystal that lies somewhere.

    Attributes
    ----------
    crystal : Crystal
        What the layer is made of.
    rotation : float
        Rotation of the lattice [degrees].
    shift : ndarray, shape (2,)
        Shift of the lattice in fractions of its vectors.
    strain : ndarray, shape (2, 2)
        Strain tensor for (y, x).
    """

    crystal: Crystal
    rotation: float
    shift: NDArray[np.float64]
    strain: NDArray[np.float64]

    @property
    def lattice(self) -> NDArray[np.float64]:
        """Lattice vectors as they lie, as rows (y, x) [Å]."""
        return self._placed(np.eye(2))

    def fill(self, half_width: float) -> Columns:
        """Fill a square around the centre of the field of view.

        Parameters
        ----------
        half_width : float
            Half the side of the square [Å].
        """
        basis = self.crystal.basis
        reach = int(np.ceil(np.sqrt(2) * half_width / _least_spacing(self.lattice))) + 2
        steps = np.arange(-reach, reach + 1)
        cells = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 1, 2)
        positions = self._placed(cells + basis + self.shift).reshape(-1, 2)
        site = np.tile(np.arange(len(basis)), len(cells))
        inside = np.asarray((np.abs(positions) <= half_width).all(axis=1))
        return Columns(positions, site).where(inside)

    def _placed(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
        placed: NDArray[np.float64] = fractions @ self.crystal.lattice @ rotation_matrix(self.rotation).T
        return placed @ (np.eye(2) + self.strain) if self.strain.any() else placed


@dataclass(frozen=True, slots=True)
class Grain:
    """A second grain of a layer.

    Attributes
    ----------
    region : HalfPlane
        Where it is.
    misorientation : float
        Angle by which it is turned against the first one [degrees].
    shift : ndarray, shape (2,)
        Shift of its lattice in fractions of its vectors.
    """

    region: HalfPlane
    misorientation: float
    shift: NDArray[np.float64]


def fill_grains(layer: Layer, grain: Grain, half_width: float) -> Columns:
    """Fill a square with two grains of a layer; where they meet, columns that come too close are left out."""
    first, second = (
        one.fill(half_width)
        for one in (layer, replace(layer, rotation=layer.rotation + grain.misorientation, shift=grain.shift))
    )
    first = first.where(~grain.region.contains(first.positions))
    second = second.where(grain.region.contains(second.positions))
    if not len(first.site) or not len(second.site):
        return first if len(first.site) else second
    distance, _ = KDTree(first.positions).query(second.positions)
    second = second.where(distance > CLOSEST * shortest_distance(layer.crystal))
    return Columns(np.concatenate([first.positions, second.positions]), np.concatenate([first.site, second.site]))


def shortest_distance(crystal: Crystal) -> float:
    """Return the shortest distance between two columns of a crystal [Å]."""
    cells = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 2, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    around = ((cells + crystal.basis) @ crystal.lattice).reshape(-1, 2)
    distance = np.linalg.norm(around[None] - (crystal.basis @ crystal.lattice)[:, None], axis=-1)
    return float(distance[distance > 1e-6].min())


def rotation_matrix(degrees: float) -> NDArray[np.float64]:
    """Return the matrix that rotates (y, x) column vectors by an angle [degrees], x towards y."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cos, sin], [-sin, cos]])


def strain_tensor(principal: tuple[float, float], direction: float) -> NDArray[np.float64]:
    """Return the strain tensor for (y, x): the first strain along a direction, from x towards y [degrees]."""
    turn = rotation_matrix(direction)
    tensor: NDArray[np.float64] = turn @ np.diag(principal[::-1]) @ turn.T
    return tensor


def _least_spacing(lattice: NDArray[np.float64]) -> float:
    """Return the smallest distance of lattice rows [Å]."""
    area = abs(np.linalg.det(lattice))
    return float(area / np.linalg.norm(lattice, axis=1).max())
