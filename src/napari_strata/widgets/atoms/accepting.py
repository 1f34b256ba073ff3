"""Candidates for missing and extra atoms are accepted."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from napari_strata.atoms.edits import NEW

if TYPE_CHECKING:
    from napari.layers import Points

_NEAR = 0.5
"""An extra atom is the one within this distance of its candidate [px]."""


def accept(points: "Points", candidates: "Points") -> tuple[int, int]:
    """Add missing atoms and delete extra ones; the candidates that are selected, or all where none is.

    Candidates that were accepted are taken off their layer.

    Returns
    -------
    added, deleted : int
        How many atoms were.
    """
    chosen = sorted(candidates.selected_data) or list(range(len(candidates.data)))
    features = candidates.features.iloc[chosen]
    places = candidates.data[chosen]
    is_missing = (features["kind"] == "missing").to_numpy()
    extra = _extra(points, places[~is_missing], features["layer"].to_numpy()[~is_missing])
    points.selected_data = set()
    points.remove(extra)
    if is_missing.any():
        _add(points, places[is_missing], features[is_missing]["layer"], features[is_missing]["species"])
    candidates.selected_data = set()
    candidates.remove(chosen)
    return int(is_missing.sum()), len(extra)


def _extra(points: "Points", places: np.ndarray, layers: np.ndarray) -> list[int]:
    """Return the indices of the atoms at places, each in its crystal layer."""
    if not len(places) or not len(points.data):
        return []
    here = np.column_stack([points.data, 1e6 * points.features["layer"].to_numpy(np.float64)])
    wanted = np.column_stack([places, 1e6 * layers])
    distances, found = KDTree(here).query(wanted, distance_upper_bound=_NEAR)
    return sorted({int(index) for index in found[np.isfinite(distances)]})


def _add(points: "Points", places: np.ndarray, layers: np.ndarray, species: np.ndarray) -> None:
    points.add(places)
    features = points.features.copy()
    new = features.index[-len(places) :]
    features.loc[new, "layer"] = np.asarray(layers)
    features.loc[new, "species"] = np.asarray(species)
    features.loc[new, "atom"] = NEW
    points.features = features
    points.selected_data = set()
