"""Candidates for missing, extra and empty atoms are accepted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from napari_strata.atoms.edits import NEW
from napari_strata.widgets.layers.atom_layers import candidate_symbols
from napari_strata.widgets.layers.results import is_edited, let_be_replaced, role_of

if TYPE_CHECKING:
    from napari.layers import Points
    from pandas import DataFrame, Series

_NEAR = 0.5
"""An extra or empty atom is the one within this distance of its candidate [px]."""
_FILLED = 0.5
"""Where an atom lies within this part of the usual distance of neighbours none is missing any more."""
_APART = 1e6
"""Distance that keeps crystal layers, as one more coordinate, apart."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting candidates did.

    Attributes
    ----------
    added, deleted : int
        How many atoms were.
    take_back : callable
        Puts the candidates on their layer again; the atoms are left to whoever undoes the edit.
    """

    added: int
    deleted: int
    take_back: Callable[[], None]


def accept(points: "Points", candidates: "Points") -> Accepted:
    """Add missing atoms and delete extra and empty ones; the candidates that are selected, or all where none is.

    Places that a person has filled since, by adding an atom or moving one there, are filled already. Candidates
    that were accepted are taken off their layer.

    Returns
    -------
    added, deleted : int
        How many atoms were.
    """
    chosen = sorted(candidates.selected_data) or list(range(len(candidates.data)))
    features = candidates.features.iloc[chosen].reset_index(drop=True)
    places = _apart(candidates.data[chosen], features["layer"])
    is_missing = (features["kind"] == "missing").to_numpy(copy=True)
    extra = _extra(points, places[~is_missing])
    is_missing[is_missing] = _is_free(points, places[is_missing])
    points.selected_data = set()
    points.remove(extra)
    if is_missing.any():
        wanted = features[is_missing]
        _add(points, candidates.data[np.array(chosen)[is_missing]], wanted["layer"], wanted["species"])
    take_back = partial(_put_back, candidates, np.array(candidates.data[chosen]), features)
    candidates.selected_data = set()
    with _as_result(candidates):
        candidates.remove(chosen)
    return Accepted(int(is_missing.sum()), len(extra), take_back)


@contextmanager
def _as_result(candidates: "Points") -> Iterator[None]:
    """Change candidates so that the next ones still replace them: what was accepted lives on in the atoms."""
    is_replaced = role_of(candidates) != "" and not is_edited(candidates)
    yield
    if is_replaced:
        let_be_replaced(candidates)


def _put_back(candidates: "Points", places: np.ndarray, features: "DataFrame") -> None:
    with _as_result(candidates):
        candidates.add(places)
        candidates.selected_data = set()
        fresh = candidates.features.copy()
        new = fresh.index[-len(places) :]
        for name in fresh:
            fresh.loc[new, name] = features[name].to_numpy()
        candidates.features = fresh
        candidates.symbol = candidate_symbols(fresh["kind"])


def _apart(places: np.ndarray, layers: "Series") -> np.ndarray:
    return np.column_stack([places, _APART * layers.to_numpy(np.float64)])


def _extra(points: "Points", places: np.ndarray) -> list[int]:
    """Return the indices of the atoms at places, each in its crystal layer."""
    if not len(places) or not len(points.data):
        return []
    here = _apart(points.data, points.features["layer"])
    distances, found = KDTree(here).query(places, distance_upper_bound=_NEAR)
    return sorted({int(index) for index in found[np.isfinite(distances)]})


def _is_free(points: "Points", places: np.ndarray) -> np.ndarray:
    """Tell of places, each in its crystal layer, where no atom lies."""
    here = _apart(points.data, points.features["layer"])
    if not len(places) or not len(here):
        return np.ones(len(places), bool)
    tree = KDTree(here)
    nearest = tree.query(here, k=[2], distance_upper_bound=_APART / 2)[0]
    usual = np.median(nearest[np.isfinite(nearest)]) if np.isfinite(nearest).any() else 0.0
    free: np.ndarray = tree.query(places)[0] > _FILLED * usual
    return free


def _add(points: "Points", places: np.ndarray, layers: np.ndarray, species: np.ndarray) -> None:
    points.add(places)
    features = points.features.copy()
    new = features.index[-len(places) :]
    features.loc[new, "layer"] = np.asarray(layers)
    features.loc[new, "species"] = np.asarray(species)
    features.loc[new, "atom"] = NEW
    points.features = features
    points.selected_data = set()
