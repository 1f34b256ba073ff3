"""All maps of one image as columns beside its table of atoms."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import LatticeError
from napari_strata.lattice.fitted import FittedLayer
from napari_strata.lattice.frame import FrameLattices
from napari_strata.lattice.neighbours import mean_bonds
from napari_strata.lattice.stacking import measure_stacking
from napari_strata.lattice.strain import displacements, measure_strain

if TYPE_CHECKING:
    from pandas import DataFrame

MAP_UNITS = {
    "displacement_y": "Å",
    "displacement_x": "Å",
    "exx": "",
    "eyy": "",
    "exy": "",
    "rotation": "degrees",
    "bond": "Å",
    "bonds": "",
    "stacking_y": "Å",
    "stacking_x": "Å",
    "stacking_distance": "Å",
    "stacking": "",
}
"""Columns of the maps, and their units."""


def atom_maps(frame: FrameLattices, *, without_field: bool = False, radius: float | None = None) -> "DataFrame":
    """Measure displacement, strain, bonds and stacking of every atom in a layer that has a lattice.

    Parameters
    ----------
    frame : FrameLattices
        The lattices of one image.
    without_field : bool
        Take the smooth distortion that the layers share out of the positions first; by default it is in the maps.
    radius : float, optional
        Neighbours within this distance decide the strain [Å]; by default 1.8 a.

    Returns
    -------
    DataFrame
        Columns `MAP_UNITS`; its index is that of the atoms in the table that was fitted. Displacement and strain
        are against the fitted lattice of the atom's own layer. The stacking is that over the layer before; NaN, or
        empty, in the first layer and between layers of different families.
    """
    import pandas as pd

    tables = []
    for i, layer in enumerate(frame.layers):
        below = frame.layers[i - 1] if i else None
        tables.append(_layer_maps(layer, below, frame if without_field else None, radius))
    return pd.concat(tables)


def _layer_maps(
    layer: FittedLayer, below: FittedLayer | None, of_field: FrameLattices | None, radius: float | None
) -> "DataFrame":
    import pandas as pd

    field = np.zeros_like(layer.positions)
    if of_field is not None and of_field.field is not None:
        field = of_field.field(layer.positions)
    moved = displacements(layer.fit, field)
    positions = layer.positions - field
    strain = measure_strain(positions, layer.fit.index, layer.fit.cell, radius=radius)
    bond, bonds = mean_bonds(positions, layer.fit.index)
    columns = {
        "displacement_y": moved[:, 0],
        "displacement_x": moved[:, 1],
        "exx": strain.exx,
        "eyy": strain.eyy,
        "exy": strain.exy,
        "rotation": strain.rotation,
        "bond": bond,
        "bonds": bonds,
        **_stacking(layer, below),
    }
    return pd.DataFrame(columns, index=layer.rows)


def _stacking(layer: FittedLayer, below: FittedLayer | None) -> dict[str, object]:
    unknown = {"stacking_y": np.nan, "stacking_x": np.nan, "stacking_distance": np.nan, "stacking": ""}
    if below is None:
        return unknown
    try:
        found = measure_stacking(below.positions, below.fit, layer.positions, layer.fit)
    except LatticeError:
        return unknown
    y, x = found.vectors.T
    return {"stacking_y": y, "stacking_x": x, "stacking_distance": found.distances, "stacking": found.names}
