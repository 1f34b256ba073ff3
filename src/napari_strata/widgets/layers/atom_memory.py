"""What a Points layer of located atoms remembers: the atoms as they were computed, so that every edit is known.

Nothing has to watch the layer for that. Each point bears the number of the atom that it was, and what differs from
the computed atom of that number was edited, be it with the mouse, in the Atoms dock, or by a script.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.edits import ATOM, DELETED, NEW, apply_edits, find_edits, layer_order, mark_edits
from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.types import ATOM_DETAILS, AnyArray

if TYPE_CHECKING:
    from napari.layers import Layer, Points
    from pandas import DataFrame, Series

MEMORY = "napari_strata_atoms"
"""Key in the metadata of a layer of located atoms."""
EDITED = "edited"
WORDS = ("flag", EDITED)
"""Features that are words, and mostly empty."""
DECIMALS = {"probability": 3, "sigma_y": 4, "sigma_x": 4, "width": 4, "chi2": 3}
"""Decimals that the features show; more would say nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class AtomMemory:
    """What a layer of atoms began with.

    Attributes
    ----------
    computed : DataFrame
        The atoms as they were computed; the row is an atom's number.
    layers : int
        Crystal layers of the model.
    species : tuple of str
        Classes of the model.
    left : DataFrame or None
        Deletions that found no atom this time; they are remembered.
    origin : AtomOrigin or None
        Which model found them, and how; None where nobody knows.
    """

    computed: "DataFrame"
    layers: int
    species: tuple[str, ...]
    left: "DataFrame | None" = None
    origin: AtomOrigin | None = None


def memory_of(points: "Layer") -> AtomMemory | None:
    """Return what a layer of located atoms began with; None for other layers."""
    memory: AtomMemory | None = points.metadata.get(MEMORY)
    return memory


def features_of(atoms: "DataFrame") -> "DataFrame":
    """Return the features of atoms that bear numbers, in the order in which they are shown.

    Words that are empty are None, which napari does not show under the mouse.
    """
    details = [name for name in ATOM_DETAILS if name in atoms and name != EDITED]
    features = atoms[["layer", "species", "probability", *details, EDITED, ATOM]].reset_index(drop=True)
    features = features.round({name: places for name, places in DECIMALS.items() if name in features})
    words = {name: _or_none(features[name]) for name in WORDS if name in features}
    return features.assign(**words)


def _or_none(words: "Series") -> AnyArray:
    array: AnyArray = np.array([word or None for word in words], dtype=object)
    return array


def defaults_of(features: "DataFrame", species: str) -> dict[str, Any]:
    """Return the features of an atom that a person adds."""
    from pandas.api.types import is_numeric_dtype

    known = {"layer": 0, "species": species, "probability": 1.0, EDITED: "added", ATOM: NEW}
    return {name: known.get(name, np.nan if is_numeric_dtype(features[name]) else None) for name in features}


def points_table(points: "Points") -> "DataFrame":
    """Return the points in pixels: columns frame, y_px, x_px, and their features."""
    data = np.asarray(points.data, dtype=np.float64)
    frame = np.rint(data[:, 0]) if points.ndim == 3 else np.zeros(len(data))
    place = {"frame": frame.astype(np.int64), "y_px": data[:, -2], "x_px": data[:, -1]}
    table = _as_exact_as_computed(points.features.reset_index(drop=True).assign(**place), memory_of(points))
    return table.assign(**{name: table[name].astype(object).fillna("") for name in WORDS if name in table})


def _as_exact_as_computed(table: "DataFrame", memory: AtomMemory | None) -> "DataFrame":
    """Give back the digits that features do not show, where nobody typed another value."""
    if memory is None or ATOM not in table:
        return table
    computed = memory.computed.reindex(table[ATOM].fillna(NEW).astype(np.int64))
    exact = {}
    for name, places in DECIMALS.items():
        if name in table and name in computed:
            shown, full = table[name].to_numpy(np.float64), computed[name].to_numpy(np.float64)
            exact[name] = np.where(np.round(full, places) == shown, full, shown)
    return table.assign(**exact)


def marked_table(points: "Points") -> "DataFrame":
    """Return the points as `points_table` does, what was done to each included, where it is known."""
    table, memory = points_table(points), memory_of(points)
    if memory is None or ATOM not in table:
        return table
    table[ATOM] = table[ATOM].fillna(NEW).astype(np.int64)
    marked: DataFrame = mark_edits(memory.computed, table)
    return marked


def edits_of(points: "Points") -> "DataFrame | None":
    """Return what a person did to the atoms of a layer, deletions of earlier computations included.

    None for layers whose computed atoms are not known.
    """
    import pandas as pd

    memory = memory_of(points)
    if memory is None or ATOM not in points.features:
        return None
    edits: DataFrame = find_edits(memory.computed, marked_table(points))
    return (
        edits if memory.left is None or memory.left.empty else pd.concat([edits, memory.left], ignore_index=True)
    )


def names_lost_species(edits: "DataFrame", known: Collection[str], now: Collection[str]) -> NDArray[np.bool_]:
    """Tell which edits name a species of an earlier model that another one does not know, shape (edit,).

    Deletions name none, and species that neither model knows are a person's own.

    Parameters
    ----------
    edits : DataFrame
        Columns edited and species.
    known, now : collection of str
        Classes of the earlier model, and of the new one. A number behind a class, as in "C 2", does not matter.
    """
    lost = {_class_of(name) for name in known} - {_class_of(name) for name in now}
    is_lost = np.array([_class_of(name) in lost for name in edits["species"].astype(str)], dtype=bool)
    return np.asarray(is_lost & (edits["edited"] != DELETED).to_numpy())


def _class_of(species: str) -> str:
    name, _, number = species.rpartition(" ")
    return name if name and number.isdigit() else species


def edit_again(
    earlier: "Points", computed: "DataFrame", layers: int, classes: Collection[str], *, tolerance: float
) -> "tuple[DataFrame, DataFrame] | None":
    """Do to newly computed atoms what a person did to earlier ones.

    Parameters
    ----------
    earlier : Points
        The earlier atoms of the same image.
    computed : DataFrame
        The new ones.
    layers : int
        Crystal layers of the model that found the new ones.
    classes : collection of str
        Its classes; edits that name species which only the earlier model knew are not done again.
    tolerance : float
        Distance within which two atoms are the same [px].

    Returns
    -------
    atoms, left : DataFrame
        As `napari_strata.atoms.edits.apply_edits` returns them; None if there is nothing to do, or the model that
        found the earlier ones has other layers.
    """
    memory, edits = memory_of(earlier), edits_of(earlier)
    if memory is None or edits is None or memory.layers != layers:
        return None
    edits = edits[~names_lost_species(edits, memory.species, classes)]
    if edits.empty:
        return None
    order = layer_order(memory.computed, computed, layers, tolerance=tolerance)
    renumbered = edits.assign(
        layer=[order[layer] if layer < layers else layer for layer in edits["layer"]],
        from_layer=[np.nan if np.isnan(layer) else float(order[int(layer)]) for layer in edits["from_layer"]],
    )
    return apply_edits(computed, renumbered, tolerance=tolerance)
