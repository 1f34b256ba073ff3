"""How the cells of one layer lie over those of another.

The stacking vector of an atom leads from the origin of the nearest cell of the lower layer to the origin of the
atom's own cell. It is known modulo the lower lattice, and the shortest one is told.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.cells import Family, Matrix, Positions
from napari_strata.lattice.fit import LatticeFit

STACKINGS: dict[Family, dict[str, tuple[tuple[float, float], ...]]] = {
    "hexagonal": {
        "AA": ((0, 0),),
        "AB": ((1 / 3, 2 / 3),),
        "BA": ((2 / 3, 1 / 3),),
        "SP": ((0.5, 0), (0, 0.5), (0.5, 0.5)),
    },
    "square": {"top": ((0, 0),), "bridge": ((0.5, 0), (0, 0.5)), "hollow": ((0.5, 0.5),)},
    "rectangular": {"top": ((0, 0),), "bridge a": ((0.5, 0),), "bridge b": ((0, 0.5),), "hollow": ((0.5, 0.5),)},
    "oblique": {"top": ((0, 0),)},
}
"""High-symmetry stackings, in fractions of the lower cell. SP is the saddle point between AB and BA."""


@dataclass(frozen=True, slots=True, eq=False)
class Stacking:
    """The stacking at every atom of the upper layer; NaN, and no name, where it has no place.

    Attributes
    ----------
    vectors : ndarray, shape (n, 2)
        Stacking vector (y, x) [Å].
    fractions : ndarray, shape (n, 2)
        The same in fractions of the lower cell, 0 to 1.
    names : ndarray of str, shape (n,)
        Nearest high-symmetry stacking.
    distances : ndarray, shape (n,)
        How far from it [Å].
    """

    vectors: Positions
    fractions: Positions
    names: NDArray[np.str_]
    distances: NDArray[np.float64]


def measure_stacking(
    lower_positions: Positions, lower: LatticeFit, upper_positions: Positions, upper: LatticeFit
) -> Stacking:
    """Measure how the cells of the upper layer lie over those of the lower one.

    Origins of cells are the centres of hexagons in a honeycomb, and the first site else. Which of AB and BA is
    which follows from the vectors a and b of the lower layer.

    Parameters
    ----------
    lower_positions, upper_positions : ndarray, shape (n, 2) and (m, 2)
        Atoms (y, x) of the layers [Å].
    lower, upper : LatticeFit
        Their lattices.

    Raises
    ------
    LatticeError
        If the layers are not of one family.
    """
    from scipy.spatial import KDTree

    family = lower.index.cell.family
    if upper.index.cell.family != family:
        raise LatticeError(
            f"A {upper.index.cell.family} layer on a {family} one has no stacking.",
            remedy="Take layers of the same crystal.",
        )
    below = _cell_origins(lower_positions, lower)[lower.index.placed]
    above = _cell_origins(upper_positions, upper)
    placed = upper.index.placed
    _, nearest = KDTree(lower_positions[lower.index.placed]).query(upper_positions[placed])
    shift = np.full_like(upper_positions, np.nan)
    shift[placed] = _shortest(above[placed] - below[nearest], lower.vectors)
    fractions = (shift @ np.linalg.inv(lower.vectors)) % 1
    names, distances = _nearest_name(shift, lower.vectors, family)
    return Stacking(shift, fractions, names, distances)


def _cell_origins(positions: Positions, fit: LatticeFit) -> Positions:
    """Return where the cell of each atom begins, as the atom itself places it."""
    return np.asarray(positions - fit.cell.offsets[fit.index.site])


def _shortest(shift: Positions, vectors: Matrix) -> Positions:
    """Return the shortest equal of each vector modulo a lattice."""
    shift = shift - np.rint(shift @ np.linalg.inv(vectors)) @ vectors
    images = np.stack(np.meshgrid(*[np.arange(-1, 2)] * 2, indexing="ij"), axis=-1).reshape(-1, 2) @ vectors
    all_equals = shift[:, None] + images
    return np.asarray(all_equals[np.arange(len(shift)), (all_equals**2).sum(axis=-1).argmin(axis=1)])


def _nearest_name(
    shift: Positions, vectors: Matrix, family: Family
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    names = np.array([name for name, places in STACKINGS[family].items() for _ in places])
    places = np.array([place for places in STACKINGS[family].values() for place in places]) @ vectors
    distance = np.stack([np.hypot(*_shortest(shift - place, vectors).T) for place in places], axis=1)
    known = np.isfinite(distance).all(axis=1)
    nearest = np.where(known, np.argmin(np.where(known[:, None], distance, 0.0), axis=1), 0)
    return np.where(known, names[nearest], ""), distance[np.arange(len(shift)), nearest]
