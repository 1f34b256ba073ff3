r"""Whether the atoms of each layer form one crystal: bonds, coherence, orientation and twist.

A bond at angle :math:`\theta` counts as :math:`e^{6 i \theta}`: the three bonds of a honeycomb's two sublattices,
and the six of a hexagonal crystal, then all agree.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import CalibrationError, TableError

if TYPE_CHECKING:
    from pandas import DataFrame

Positions = NDArray[np.float64]

SYMMETRY = 6
BONDS = 3
"""Bonds of an atom in a honeycomb."""
CUTOFF = 1.35
"""Neighbours are bonded up to so many median nearest-neighbour distances; second neighbours are at 1.73."""
MARGIN = 1.5
"""An atom is interior if it is so many bond lengths from the border of the field of view."""


@dataclass(frozen=True, slots=True)
class LayerLattice:
    r"""The lattice of one layer.

    Attributes
    ----------
    layer : int
        The layer.
    atoms : int
        Atoms in the field of view.
    interior : int
        Atoms at least `MARGIN` bonds from its border.
    bonds : int
        Pairs of atoms no farther apart than the cutoff, each counted once.
    mean_bond : float
        Mean length of these pairs [Å]: all orientations together, so that a stretch of the scan along one axis
        averages out to first order. NaN without any.
    coherence : float
        :math:`|\langle e^{6 i \theta} \rangle|` over the three nearest neighbours of every interior atom, however
        far they are: 1 for a perfect honeycomb, about 0 without order; a missing or an extra atom costs. NaN
        without interior atoms.
    orientation : float
        :math:`\arg \langle e^{6 i \theta} \rangle / 6`, from -30 to 30 [degrees], anticlockwise from the x axis
        with y pointing up. NaN without interior atoms.
    """

    layer: int
    atoms: int
    interior: int
    bonds: int
    mean_bond: float
    coherence: float
    orientation: float


def describe_layers(
    atoms: "DataFrame", *, pixel_size: float, shape: tuple[int, int], cutoff: float | None = None
) -> tuple[LayerLattice, ...]:
    """Describe the lattice of every layer of one image.

    Parameters
    ----------
    atoms : DataFrame
        Atom table of one image and frame.
    pixel_size : float
        Pixel size [Å/px].
    shape : tuple of int
        Shape (y, x) of the image [px]: the field of view.
    cutoff : float, optional
        Greatest length of a bond [Å]; by default `CUTOFF` times the layer's median nearest-neighbour distance.

    Returns
    -------
    tuple of LayerLattice
        One for each layer in the table, in order.

    Raises
    ------
    CalibrationError
        If the pixel size is not positive.
    TableError
        If the table holds several images or frames.
    """
    if not (math.isfinite(pixel_size) and pixel_size > 0):
        raise CalibrationError(
            f"The pixel size {pixel_size:g} Å is not positive.", remedy="State the pixel size in Å."
        )
    if len(atoms[["image", "frame"]].drop_duplicates()) > 1:
        raise TableError(
            "The atom table holds several images or frames.", remedy="Describe the layers of one frame at a time."
        )
    border = (np.array(shape) - 0.5) * pixel_size
    return tuple(
        _describe(int(layer), rows[["y_px", "x_px"]].to_numpy(np.float64) * pixel_size, pixel_size, border, cutoff)
        for layer, rows in atoms.groupby("layer")
    )


def twist(first: LayerLattice, second: LayerLattice) -> float:
    """Return the angle between two layers modulo 60 degrees, folded to 0 to 30 [degrees].

    A honeycomb repeats after 60 degrees, and mirrored after 30: a twist of 31.1 degrees is told as 28.9.
    """
    angle = (first.orientation - second.orientation) % (360 / SYMMETRY)
    return min(angle, 360 / SYMMETRY - angle)


def _describe(
    layer: int, positions: Positions, pixel_size: float, border: Positions, cutoff: float | None
) -> LayerLattice:
    from scipy.spatial import KDTree

    if len(positions) <= BONDS:
        return LayerLattice(layer, len(positions), 0, 0, math.nan, math.nan, math.nan)
    tree = KDTree(positions)
    distances, neighbours = tree.query(positions, k=BONDS + 1)
    nearest = float(np.median(distances[:, 1]))
    pairs = tree.query_pairs(CUTOFF * nearest if cutoff is None else cutoff, output_type="ndarray")
    lengths = np.hypot(*(positions[pairs[:, 1]] - positions[pairs[:, 0]]).T)
    length = float(lengths.mean()) if len(lengths) else math.nan
    margin = MARGIN * (length if len(lengths) else nearest)
    inside = ((positions > margin - pixel_size / 2) & (positions < border - margin)).all(axis=1)
    steps = positions[neighbours[inside, 1:]] - positions[inside, None]
    order = np.exp(1j * SYMMETRY * np.arctan2(-steps[..., 0], steps[..., 1])).mean() if inside.any() else math.nan
    orientation = float(np.rad2deg(np.angle(order)) / SYMMETRY)
    return LayerLattice(
        layer, len(positions), int(inside.sum()), len(pairs), length, float(abs(order)), orientation
    )
