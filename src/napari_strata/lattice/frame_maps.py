"""All that is mapped of one frame, atom by atom, and which maps there are."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.fitted import FittedLayer
from napari_strata.lattice.frame import FrameLattices
from napari_strata.lattice.maps import atom_maps
from napari_strata.lattice.quantities import FRACTION, QUANTITIES, Quantity, fraction_of
from napari_strata.lattice.surroundings import local_fraction, nearest_distances

if TYPE_CHECKING:
    from pandas import DataFrame

AROUND = 2.2
"""Atoms up to so many lengths of the longer vector away decide the fraction of a species around an atom."""


@dataclass(frozen=True, slots=True, eq=False)
class Intensities:
    """How bright the columns of all atoms of a table are; `unit` is that of the values."""

    values: NDArray[np.float64]
    unit: str


@dataclass(frozen=True, slots=True, eq=False)
class FrameMaps:
    """The maps of one frame.

    Attributes
    ----------
    atoms : DataFrame
        The atoms that were measured.
    maps, freed : DataFrame
        Maps of every atom in a layer with a lattice, columns those of `quantities` and of
        `napari_strata.lattice.maps.MAP_UNITS`; the index is that of the atoms. In `freed` the smooth distortion
        that the layers share was taken out of the positions first. Atoms that the image's border cuts have no
        values.
    quantities : dict of str to Quantity
        The maps that there are, by their keys.
    """

    atoms: "DataFrame"
    maps: "DataFrame"
    freed: "DataFrame"
    quantities: dict[str, Quantity]


def map_frame(lattices: FrameLattices, atoms: "DataFrame", intensities: Intensities | None = None) -> FrameMaps:
    """Map displacement, strain, stacking, distances, intensities and species of one frame.

    Parameters
    ----------
    lattices : FrameLattices
        What was fitted.
    atoms : DataFrame
        The atoms to which it was fitted.
    intensities : Intensities, optional
        Those of these atoms.
    """
    maps, freed = (_all_maps(lattices, atoms, intensities, without_field=w) for w in (False, True))
    quantities = {key: one for key, one in QUANTITIES.items() if _has_values(maps, one)}
    if intensities is not None and "intensity" in quantities:
        quantities["intensity"] = replace(quantities["intensity"], unit=intensities.unit)
    fractions = {name: fraction_of(name.removeprefix(FRACTION)) for name in maps if name.startswith(FRACTION)}
    return FrameMaps(atoms, maps, freed, quantities | fractions)


def _all_maps(
    lattices: FrameLattices, atoms: "DataFrame", intensities: Intensities | None, *, without_field: bool
) -> "DataFrame":
    import pandas as pd

    maps = atom_maps(lattices, without_field=without_field)
    for i, layer in enumerate(lattices.layers):
        for name, values in _layer_maps(lattices, i, atoms.loc[layer.rows]).items():
            maps.loc[layer.rows, name] = values
    if intensities is not None:
        maps = maps.assign(intensity=pd.Series(intensities.values, index=atoms.index))
    cut = np.concatenate([layer.rows[layer.cut] for layer in lattices.layers])
    measured = [name for name in ("nearest", "intensity", *maps.filter(like=FRACTION)) if name in maps]
    maps.loc[cut, measured] = np.nan
    return maps


def _layer_maps(lattices: FrameLattices, i: int, rows: "DataFrame") -> dict[str, NDArray[np.float64]]:
    """Return the maps of one layer that need no other one."""
    layer: FittedLayer = lattices.layers[i]
    residuals = layer.fit.residuals if lattices.field is None else lattices.field.residuals[i]
    columns = {
        "nearest": nearest_distances(layer.positions),
        "residual_y": residuals[:, 0],
        "residual_x": residuals[:, 1],
    }
    species = rows["species"].astype(str).to_numpy()
    names = np.unique(species)
    for name in names if len(names) > 1 else ():
        columns[FRACTION + str(name)] = local_fraction(layer.positions, species == name, AROUND * layer.longest)
    return columns


def _has_values(maps: "DataFrame", quantity: Quantity) -> bool:
    """Tell whether at least one atom has a value."""
    columns = list(quantity.columns)
    return set(columns) <= set(maps) and bool((maps[columns].notna() & (maps[columns] != "")).any(axis=None))
