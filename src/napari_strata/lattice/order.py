"""The lattice of each layer of located atoms: how many, how well ordered, how long the bonds, how twisted.

For honeycomb crystals (graphene, or WS2 seen from above), where every atom has three bonds.
"""

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import CalibrationError, TableError
from napari_strata.lattice.cells import fold_twist

if TYPE_CHECKING:
    from pandas import DataFrame

BONDS = 3
"""Bonds of an atom in a honeycomb."""
SYMMETRY = 6
"""The bonds of both sublattices agree in exp(6 i theta): the lattice orientation is known modulo 60 degrees."""
REACH = (1 + 3**0.5) / 2
"""Bonds are up to so many median nearest-neighbour distances long: halfway to second neighbours, 3**0.5 away."""


@dataclass(frozen=True, slots=True)
class LayerLattice:
    """The lattice of one layer; every figure but the counts is NaN where there are no interior atoms.

    Attributes
    ----------
    layer : int
        The layer.
    atoms, interior : int
        Atoms of the layer, and how many of them are far enough inside the image to have all bonds in it.
    coherence : float
        ``|<exp(6 i theta)>|``, 0 to 1: theta are the directions from every interior atom to its three nearest
        neighbours, whatever their distance, so that missing and invented atoms lower it.
    bond_length : float
        Mean distance of those neighbours that are no farther than `REACH` times the layer's median
        nearest-neighbour distance [Å].
    orientation : float
        arg <exp(6 i theta)> / 6 [degrees], -30 to 30, with theta measured from the x axis towards y.
    """

    layer: int
    atoms: int
    interior: int
    coherence: float
    bond_length: float
    orientation: float


@dataclass(frozen=True, slots=True)
class LatticeFigures:
    """The lattices of one image.

    Attributes
    ----------
    layers : tuple of LayerLattice
        One for each layer that has atoms, in the order of the layers.
    twists : tuple of float
        Difference of the orientations of each of them and the next, modulo 60 degrees and folded to 0 to 30
        [degrees].
    """

    layers: tuple[LayerLattice, ...]
    twists: tuple[float, ...]


def describe_layers(atoms: "DataFrame") -> LatticeFigures:
    """Measure the lattice of every layer in one image.

    Interior atoms are farther than `REACH` median nearest-neighbour distances from the box that bounds the atoms
    of all layers. The box lies inside the field of view, so all neighbours of these atoms do too.

    Parameters
    ----------
    atoms : DataFrame
        Atom table of one frame of one image with columns layer, y_A, x_A.

    Raises
    ------
    TableError
        If the table holds several images or frames, or no atoms.
    CalibrationError
        If an atom has a position in px only.
    """
    _check(atoms)
    everything = atoms[["y_A", "x_A"]].to_numpy(np.float64)
    box = everything.min(axis=0), everything.max(axis=0)
    layers = tuple(
        _describe_layer(int(layer), rows[["y_A", "x_A"]].to_numpy(np.float64), *box)
        for layer, rows in atoms.groupby("layer")
    )
    twists = tuple(fold_twist(b.orientation - a.orientation) for a, b in itertools.pairwise(layers))
    return LatticeFigures(layers, twists)


def check_calibrated(atoms: "DataFrame") -> None:
    """Check that there are atoms, and that all positions are known in Å.

    Raises
    ------
    TableError
        If there are no atoms.
    CalibrationError
        If an atom has a position in px only.
    """
    if not len(atoms):
        raise TableError(
            "The table has no atoms.",
            remedy="Check that it is the right one, or locate them again with a smaller 'Min probability'.",
        )
    if atoms[["y_A", "x_A"]].isna().any(axis=None):
        raise CalibrationError(
            "Some of the atoms have positions in px only.",
            remedy="State the pixel size when atoms are located, and write y_A and x_A into the table.",
        )


def _check(atoms: "DataFrame") -> None:
    check_calibrated(atoms)
    if any(column in atoms and atoms[column].nunique() > 1 for column in ("image", "frame")):
        raise TableError(
            "The atoms belong to several images or frames.", remedy="Describe them one frame at a time."
        )


def _describe_layer(
    layer: int, positions: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> LayerLattice:
    """Describe atoms at (y, x) [Å] in the box from `low` to `high`."""
    from scipy.spatial import KDTree

    nothing = LayerLattice(layer, len(positions), 0, *[float("nan")] * 3)
    if len(positions) <= BONDS:
        return nothing
    distances, neighbours = (found[:, 1:] for found in KDTree(positions).query(positions, k=BONDS + 1))
    reach = REACH * float(np.median(distances[:, 0]))
    interior = ((positions > low + reach) & (positions < high - reach)).all(axis=1)
    if not interior.any():
        return nothing
    y, x = (positions[neighbours[interior]] - positions[interior, None]).T
    order = np.exp(1j * SYMMETRY * np.arctan2(y, x)).mean()
    lengths = distances[interior]
    bonds = lengths[lengths <= reach]
    return LayerLattice(
        layer,
        len(positions),
        int(interior.sum()),
        coherence=float(abs(order)),
        bond_length=float(bonds.mean()) if len(bonds) else float("nan"),
        orientation=float(np.degrees(np.angle(order)) / SYMMETRY),
    )
