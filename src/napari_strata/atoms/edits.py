"""What a person changed in located atoms, and how it is done again to atoms that were located anew.

Every atom bears a number, its row in the table that was computed; what a person adds bears -1. What was edited
follows from the numbers alone, whatever way the table went in between.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree

from napari_strata.types import ATOM_DETAILS

if TYPE_CHECKING:
    from pandas import DataFrame

ATOM = "atom"
"""Column of the number of each atom."""
NEW = -1
ADDED, MOVED, CHANGED, DELETED = EDITS = ("added", "moved", "changed", "deleted")
"""What can have been done; an atom that was moved may have been changed, too."""
COLUMNS = ("edited", "frame", "layer", "species", "y_px", "x_px", "from_layer", "from_y_px", "from_x_px")
"""Columns of a table of edits; ``from`` is where the atom was computed, NaN of one that was added. One that was
deleted is still where it was."""

_STILL = 1e-6
"""Shift below which an atom was not moved [px]."""
_FITTED = tuple(name for name in ATOM_DETAILS if name not in ("flag", "edited"))
"""What was measured at one place and means nothing at another one."""


def mark_edits(computed: "DataFrame", atoms: "DataFrame") -> "DataFrame":
    """Say of each atom what a person did to it.

    Parameters
    ----------
    computed : DataFrame
        The atoms as they were computed; the row is an atom's number. Columns frame, layer, species, y_px, x_px.
    atoms : DataFrame
        The atoms as they are now, with these columns, `ATOM`, and perhaps others. Of several with one number, as
        copies have, the first bears it by right.

    Returns
    -------
    DataFrame
        `atoms` with the column ``edited``, empty where nothing was done, neither now nor before they came from a
        file, which then says so in that column of `computed`. Atoms that were added have the number -1 and the
        probability 1: a person says so. What was measured elsewhere is NaN.
    """
    marked = atoms.reset_index(drop=True).copy()
    number = marked[ATOM].to_numpy(np.int64, copy=True)
    number[marked.duplicated(ATOM).to_numpy() | (number < 0) | (number >= len(computed))] = NEW
    is_new = number == NEW
    edited = np.where(is_new, ADDED, "").astype(object)
    before, now = computed.iloc[number[~is_new]], marked[~is_new]
    is_changed = [before[name].to_numpy() != now[name].to_numpy() for name in ("frame", "layer", "species")]
    shifts = before[["y_px", "x_px"]].to_numpy(np.float64) - now[["y_px", "x_px"]].to_numpy(np.float64)
    is_moved = np.abs(shifts).max(axis=1, initial=0) > _STILL
    earlier = before["edited"].to_numpy(object) if "edited" in before else ""
    edited[~is_new] = np.where(is_moved, MOVED, np.where(np.any(is_changed, axis=0), CHANGED, earlier))
    marked[ATOM], marked["edited"] = number, edited
    elsewhere = is_new.copy()
    elsewhere[~is_new] = is_moved
    for name in _FITTED:
        if name in marked:
            marked.loc[elsewhere, name] = np.nan
    if "flag" in marked:
        marked.loc[elsewhere, "flag"] = ""
    if "probability" in marked:
        marked.loc[is_new, "probability"] = 1.0
    return marked


def find_edits(computed: "DataFrame", atoms: "DataFrame") -> "DataFrame":
    """Return what a person did, columns `COLUMNS`; parameters as in `mark_edits`."""
    import pandas as pd

    marked = mark_edits(computed, atoms)
    changed = marked[marked["edited"] != ""]
    number = changed[ATOM].to_numpy()
    before = computed.iloc[np.where(number == NEW, 0, number)] if len(computed) else computed.reindex(number)
    origin = {
        f"from_{name}": np.where(number == NEW, np.nan, before[name].to_numpy(np.float64))
        for name in ("layer", "y_px", "x_px")
    }
    gone = computed[~np.isin(np.arange(len(computed)), marked[ATOM])]
    deleted = gone.assign(edited=DELETED, from_layer=gone["layer"], from_y_px=gone["y_px"], from_x_px=gone["x_px"])
    tables = [changed.assign(**origin)[list(COLUMNS)], deleted[list(COLUMNS)]]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def apply_edits(computed: "DataFrame", edits: "DataFrame", *, tolerance: float) -> "tuple[DataFrame, DataFrame]":
    """Do again to newly computed atoms what a person did to earlier ones.

    An edit is of the atom nearest to where the earlier one was computed, or to where it is now. Where there is
    none any more, an atom that was moved or changed is added: a person saw it there. Computed atoms that coincide
    with an edited one give way.

    Parameters
    ----------
    computed : DataFrame
        The new atoms, columns frame, layer, species, y_px, x_px and perhaps others.
    edits : DataFrame
        Columns `COLUMNS`, layers numbered as in `computed`.
    tolerance : float
        Distance within which two atoms are the same [px].

    Returns
    -------
    atoms : DataFrame
        The atoms with the columns `ATOM` and ``edited``.
    left : DataFrame
        Deletions of atoms that were not found this time, to be remembered.
    """
    numbered = computed.reset_index(drop=True).assign(**{ATOM: np.arange(len(computed))})
    search = _Search(numbered, tolerance)
    is_deletion = (edits["edited"] == DELETED).to_numpy()
    # every edit takes the atom it was made on before any other makes way: two may have changed places
    origins = [search.take(row.frame, row.from_layer, row.from_y_px, row.from_x_px) for row in edits.itertuples()]
    kept = np.ones(len(numbered), bool)
    gone = [origin for origin, is_gone in zip(origins, is_deletion, strict=True) if is_gone]
    kept[[origin for origin in gone if origin is not None]] = False
    stayed = [origin for origin, is_gone in zip(origins, is_deletion, strict=True) if not is_gone]
    atoms = _redo(numbered, kept, edits[~is_deletion], stayed, search)
    left = np.array([origin is None for origin in gone], bool)
    return mark_edits(computed, atoms), edits[is_deletion][left].reset_index(drop=True)


def _redo(
    numbered: "DataFrame",
    kept: NDArray[np.bool_],
    edits: "DataFrame",
    origins: "list[int | None]",
    search: "_Search",
) -> "DataFrame":
    """Return the kept atoms with all edits but deletions done, each to the row in `origins`."""
    import pandas as pd

    columns = {name: numbered[name].to_numpy(np.float64, copy=True) for name in ("layer", "y_px", "x_px")}
    columns["species"] = numbered["species"].to_numpy(object, copy=True)
    added = []
    for row, origin in zip(edits.itertuples(), origins, strict=True):
        new = {"layer": row.layer, "species": row.species, "y_px": row.y_px, "x_px": row.x_px}
        found = search.take(row.frame, row.layer, row.y_px, row.x_px) if origin is None else origin
        if found is None:
            added.append(new | {"frame": row.frame, ATOM: NEW})
        else:  # of an atom that was not moved the new position is as good as the old one
            for name in list(new)[: 2 if row.edited == CHANGED else 4]:
                columns[name][found] = new[name]
        while (double := search.take(row.frame, row.layer, row.y_px, row.x_px)) is not None:
            kept[double] = False
    atoms = numbered.assign(**columns).astype({"species": numbered["species"].dtype})[kept]
    if added:
        atoms = pd.concat([atoms, pd.DataFrame(added)], ignore_index=True)
    whole_numbers: DataFrame = atoms.astype({"frame": np.int64, "layer": np.int64, ATOM: np.int64})
    return whole_numbers


def layer_order(before: "DataFrame", after: "DataFrame", layers: int, *, tolerance: float) -> NDArray[np.intp]:
    """Return which layer of new atoms each layer of earlier ones is; decoders may have changed their roles.

    Parameters
    ----------
    before, after : DataFrame
        Columns frame, layer, y_px, x_px.
    layers : int
        Number of layers of both.
    tolerance : float
        Distance within which two atoms are the same [px].

    Returns
    -------
    ndarray of int, shape (layer,)
        The permutation under which most atoms stay where they are; the identity where none is better.
    """
    common = 0.5 * np.eye(layers)
    for frame, old in before.groupby("frame"):
        new = after[after["frame"] == frame]
        for one, of_old in old.groupby("layer"):
            for other, of_new in new.groupby("layer"):
                tree = KDTree(of_new[["y_px", "x_px"]].to_numpy())
                near = tree.query(of_old[["y_px", "x_px"]].to_numpy(), distance_upper_bound=tolerance)[0]
                common[one, other] += np.isfinite(near).sum()
    order: NDArray[np.intp] = linear_sum_assignment(common, maximize=True)[1]
    return order


class _Search:
    """Finds the nearest atom of a frame and layer, each once."""

    def __init__(self, atoms: "DataFrame", tolerance: float) -> None:
        self._tolerance = tolerance
        self._rows = dict(atoms.groupby(["frame", "layer"]).indices.items())
        self._trees = {
            key: KDTree(atoms[["y_px", "x_px"]].to_numpy(np.float64)[rows]) for key, rows in self._rows.items()
        }
        self._taken: set[int] = set()

    def take(self, frame: int, layer: float, y: float, x: float) -> int | None:
        """Return the row of the nearest atom within the tolerance that nobody took, or None."""
        if not np.isfinite(layer) or (key := (frame, int(layer))) not in self._trees:
            return None
        near = self._trees[key].query_ball_point((y, x), self._tolerance)
        shifts = self._trees[key].data[near] - (y, x)
        for one in np.argsort(np.linalg.norm(shifts, axis=1)):
            row = int(self._rows[key][near[one]])
            if row not in self._taken:
                self._taken.add(row)
                return row
        return None
