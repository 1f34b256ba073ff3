"""The lattice of every layer of one frame, each fitted by itself: what measurements, maps and plots begin with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError, TableError
from napari_strata.lattice.agreement import doubt_of_family
from napari_strata.lattice.cells import Family, Positions, is_honeycomb
from napari_strata.lattice.coincidence import coinciding_layers
from napari_strata.lattice.fit import LatticeFit, fit_lattice
from napari_strata.lattice.indexing import index_atoms
from napari_strata.lattice.neighbours import bonds
from napari_strata.lattice.order import LayerLattice, describe_layers
from napari_strata.lattice.translations import find_cell

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class FittedLayer:
    """One layer.

    Attributes
    ----------
    layer : int
        Its number.
    rows : ndarray of int
        Labels of its atoms in the table's index.
    positions : ndarray, shape (n, 2)
        Its atoms (y, x) [Å].
    order : LayerLattice
        Interior atoms, coherence and bond length, those of a honeycomb.
    fit : LatticeFit
        Its lattice.
    cut : ndarray of bool, shape (n,)
        Atoms that the image's border cuts; they have no place in the lattice.
    """

    layer: int
    rows: NDArray[np.intp]
    positions: Positions
    order: LayerLattice
    fit: LatticeFit
    cut: NDArray[np.bool_]

    @property
    def longest(self) -> float:
        """Length of the longer vector [Å]."""
        return float(np.linalg.norm(self.fit.vectors, axis=1).max())

    @property
    def bond(self) -> float:
        """Mean distance of nearest neighbours [Å], the one that is told of the layer; NaN where there are none.

        Of a honeycomb it is that of interior atoms, `LayerLattice.bond_length`, and of other lattices that of all
        pairs of nearest neighbours with a place.
        """
        if is_honeycomb(self.fit.index.cell) and np.isfinite(self.order.bond_length):
            return self.order.bond_length
        lengths = bonds(self.positions, self.fit.index).lengths
        return float(lengths.mean()) if len(lengths) else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class FittedLayers:
    """All layers of one frame.

    Attributes
    ----------
    layers : tuple of FittedLayer
        Layers in which a lattice was found.
    orders : tuple of LayerLattice
        Interior atoms, coherence and bond length of all layers that have atoms.
    gaps : tuple of str
        Why others have none, and which contradict their family.
    coinciding : tuple of (int, int)
        Numbers of layers that lie on the same atoms.
    """

    layers: tuple[FittedLayer, ...]
    orders: tuple[LayerLattice, ...]
    gaps: tuple[str, ...]
    coinciding: tuple[tuple[int, int], ...] = ()

    def of(self, number: int) -> FittedLayer | None:
        """Return a layer by its number; None where it has no lattice."""
        return next((one for one in self.layers if one.layer == number), None)


def fit_layers(atoms: "DataFrame", *, family: Family | None = None) -> FittedLayers:
    """Fit the lattice of every layer of one frame.

    Atoms that the image's border cuts, flagged ``border``, help to find which atom stands where, and are left out
    of all that follows: their positions are less certain than others, and off to one side.

    Parameters
    ----------
    atoms : DataFrame
        Atom table of one frame of one image: columns layer, y_A, x_A, and sigma_y, sigma_x [Å] and flag where
        known.
    family : Family, optional
        What the lattices are without distortion; by default each is the most symmetric one that fits.

    Raises
    ------
    TableError
        If the table holds several images or frames, or no atoms.
    CalibrationError
        If an atom has a position in px only.
    """
    orders = describe_layers(atoms).layers
    layers, gaps = [], []
    for order, (number, rows) in zip(orders, atoms.groupby("layer"), strict=True):
        positions, cut = rows[["y_A", "x_A"]].to_numpy(np.float64), cut_atoms(rows)
        try:
            cell = find_cell(positions, family, kinds=_kinds(rows))
            fit = fit_lattice(positions, index_atoms(positions, cell).without(cut), _sigma(rows))
        except (LatticeError, TableError) as error:
            gaps.append(f"Layer {number}: {error.message}")
            continue
        if doubt := doubt_of_family(fit):
            gaps.append(f"Layer {number}: {doubt}")
        layers.append(FittedLayer(order.layer, rows.index.to_numpy(), positions, order, fit, cut))
    return FittedLayers(tuple(layers), orders, tuple(gaps), coinciding_layers(atoms))


def cut_atoms(rows: "DataFrame") -> NDArray[np.bool_]:
    """Tell which atoms the image's border cuts; none where nobody told."""
    if "flag" not in rows:
        return np.zeros(len(rows), dtype=bool)
    return np.array(["border" in str(words).split() for words in rows["flag"]], dtype=bool)


def _kinds(rows: "DataFrame") -> NDArray[np.intp] | None:
    """Return a number for each species, where species are told."""
    return np.unique(rows["species"].astype(str), return_inverse=True)[1] if "species" in rows else None


def _sigma(rows: "DataFrame") -> Positions | None:
    """Return the stated uncertainties where half of the atoms have some; those without do not count then."""
    if not {"sigma_y", "sigma_x"} <= set(rows.columns):
        return None
    sigma: Positions = rows[["sigma_y", "sigma_x"]].to_numpy(np.float64)
    known = (np.isfinite(sigma) & (sigma > 0)).all(axis=1)
    return sigma if known.mean() >= 0.5 else None
