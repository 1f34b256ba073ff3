"""Bond lengths of all layers: as they are in the image, without the scan's distortion, and as expected."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.crystal import Material
from napari_strata.lattice.cells import Positions, UnitCell
from napari_strata.lattice.fitted import FittedLayer
from napari_strata.lattice.frame import FrameLattices
from napari_strata.lattice.neighbours import bonds, least_distance


@dataclass(frozen=True, slots=True, eq=False)
class LayerBonds:
    """Distances of nearest neighbours in the lattice of one layer.

    Attributes
    ----------
    layer : int
        The layer.
    measured : ndarray, shape (bonds,)
        As they are in the image [Å].
    undistorted : ndarray, shape (bonds,), or None
        Once the affine distortion and the smooth field that all layers share are taken out [Å]; None where they
        share no affine distortion that could be told from the crystal.
    """

    layer: int
    measured: NDArray[np.float64]
    undistorted: NDArray[np.float64] | None


def layer_bonds(lattices: FrameLattices) -> tuple[LayerBonds, ...]:
    """Measure the bonds of every layer that has a lattice."""
    found = []
    for layer in lattices.layers:
        without = undistorted_positions(layer, lattices)
        index = layer.fit.index
        lengths = None if without is None else bonds(without, index).lengths
        found.append(LayerBonds(layer.layer, bonds(layer.positions, index).lengths, lengths))
    return tuple(found)


def undistorted_positions(layer: FittedLayer, lattices: FrameLattices) -> Positions | None:
    """Return the atoms (y, x) of a layer without what all layers share [Å].

    None where there is one layer only, or cells that may have any shape: its strain is then not known from the
    scan's distortion.
    """
    shared = lattices.shared
    if shared is None or not shared.degrees:
        return None
    field = np.zeros_like(layer.positions) if lattices.field is None else lattices.field(layer.positions)
    return np.asarray((layer.positions - field) @ np.linalg.inv(shared.matrix).T)


def expected_bond(crystal: Material, species: Collection[str]) -> float | None:
    """Return the least distance of two columns of a crystal of the table, seen as it is simulated [Å].

    Parameters
    ----------
    crystal : Material
        The crystal.
    species : collection of str
        What was located: columns without any of these elements do not count, as oxygen beside heavy columns. A
        number behind the element, as in "S 2", does not matter.

    Returns
    -------
    float or None
        None where no column has any of the species.
    """
    from napari_strata.simulate.crystals import CRYSTALS

    known, located = CRYSTALS[crystal], {name.split(" ")[0] for name in species}
    instead, replaced = known.alloy or ("", "")
    seen = [not located.isdisjoint((*column, instead if replaced in column else "")) for column in known.columns]
    if not any(seen):
        return None
    return least_distance(UnitCell(known.lattice, known.basis[np.array(seen)], "oblique"))
