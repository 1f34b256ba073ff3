"""Displacement and strain of every atom against a reference lattice.

The deformation gradient F of an atom takes it and its neighbours within a radius from their places in the
reference lattice to where they are, but for a shift; it is fitted by least squares. F = V R: R turns, V stretches
along the axes of the image, and the strain is V - 1. As the shift is free, the atom's own position counts no more
than those of its neighbours, which matters where they all lie on one side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import Positions, UnitCell
from napari_strata.lattice.fit import LatticeFit
from napari_strata.lattice.indexing import LatticeIndex, neighbour_pairs

RADIUS = 1.8
"""Neighbours up to so many lengths of the longer vector away count, unless a radius is given."""
LEAST_NEIGHBOURS = 3
LEAST_CERTAIN = 1.5
"""Where the gradient is so many times as uncertain as at most atoms of the layer, as at the border of the image or
of a hole, its scatter would look like strain, and is not told."""
FLATTEST = 1e-3
"""Neighbours on one line tell no gradient: the least spread over the largest must be above this."""


@dataclass(frozen=True, slots=True, eq=False)
class StrainMap:
    """Strain of every atom; NaN of those without a place, with too few neighbours, or with all on one side.

    Attributes
    ----------
    exx, eyy, exy : ndarray, shape (n,)
        Components of V - 1 along the axes of the image; exy is half the engineering shear.
    rotation : ndarray, shape (n,)
        Angle of R, from the x axis towards y [degrees].
    neighbours : ndarray of int, shape (n,)
        Neighbours that counted.
    radius : float
        How far away they were at most [Å].
    """

    exx: NDArray[np.float64]
    eyy: NDArray[np.float64]
    exy: NDArray[np.float64]
    rotation: NDArray[np.float64]
    neighbours: NDArray[np.intp]
    radius: float


def displacements(fit: LatticeFit, field: Positions | None = None) -> Positions:
    """Return every atom's displacement (y, x) from its place in the fitted lattice [Å], shape (n, 2).

    Parameters
    ----------
    fit : LatticeFit
        The lattice.
    field : ndarray, shape (n, 2), optional
        A smooth distortion at the atoms [Å], to be taken out.
    """
    return fit.residuals if field is None else fit.residuals - field


def measure_strain(
    positions: Positions, index: LatticeIndex, reference: UnitCell, *, radius: float | None = None
) -> StrainMap:
    """Measure the strain of every atom.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) [Å].
    index : LatticeIndex
        Their places.
    reference : UnitCell
        The reference lattice: the cell of the layer's fit for strain against its mean, an ideal cell for all
        strain, the scan's distortion included.
    radius : float, optional
        Neighbours within this distance count [Å]; the larger, the smoother is the map. By default 1.8 a.
    """
    radius = radius or RADIUS * float(np.linalg.norm(reference.vectors, axis=1).max())
    pairs = neighbour_pairs(index, radius)
    ideal = index.cells @ reference.vectors + reference.offsets[index.site]
    count = len(positions)
    squares, products, neighbours = _sums(ideal, positions, pairs)
    spread = np.linalg.eigvalsh(squares)
    enough = (neighbours >= LEAST_NEIGHBOURS) & (spread[:, 0] > FLATTEST * spread[:, 1])
    if enough.any():
        enough &= spread[:, 0] * LEAST_CERTAIN**2 >= np.median(spread[enough, 0])
    gradient = np.full((count, 2, 2), np.nan)
    gradient[enough] = products[enough] @ np.linalg.inv(squares[enough])
    return _polar(gradient, neighbours, radius)


def _sums(
    ideal: Positions, positions: Positions, pairs: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Sum squares of ideal steps, and their products with measured ones, about the mean of each neighbourhood.

    The atom itself is one of its neighbourhood, with a step of zero. The number of its neighbours is the third.
    """
    count = len(positions)
    squares, products = np.zeros((count, 2, 2)), np.zeros((count, 2, 2))
    steps, moves, neighbours = np.zeros((count, 2)), np.zeros((count, 2)), np.zeros(count, dtype=np.intp)
    for here, there in (pairs.T, pairs.T[::-1]):
        step, moved = ideal[there] - ideal[here], positions[there] - positions[here]
        for i in range(2):
            steps[:, i] += np.bincount(here, step[:, i], minlength=count)
            moves[:, i] += np.bincount(here, moved[:, i], minlength=count)
            for j in range(2):
                squares[:, i, j] += np.bincount(here, step[:, i] * step[:, j], minlength=count)
                products[:, i, j] += np.bincount(here, moved[:, i] * step[:, j], minlength=count)
        neighbours += np.bincount(here, minlength=count)
    mean = steps / (neighbours[:, None] + 1)
    return squares - steps[:, :, None] * mean[:, None], products - moves[:, :, None] * mean[:, None], neighbours


def _polar(gradient: NDArray[np.float64], neighbours: NDArray[np.intp], radius: float) -> StrainMap:
    """Split F into V R."""
    angle = np.arctan2(gradient[:, 0, 1] - gradient[:, 1, 0], gradient[:, 0, 0] + gradient[:, 1, 1])
    cos, sin = np.cos(angle), np.sin(angle)
    back = np.moveaxis(np.array([[cos, -sin], [sin, cos]]), -1, 0)
    stretch = gradient @ back
    return StrainMap(
        exx=stretch[:, 1, 1] - 1,
        eyy=stretch[:, 0, 0] - 1,
        exy=(stretch[:, 0, 1] + stretch[:, 1, 0]) / 2,
        rotation=np.degrees(angle),
        neighbours=neighbours,
        radius=radius,
    )
