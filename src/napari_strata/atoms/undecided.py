"""Candidates of which a person has not decided yet."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

if TYPE_CHECKING:
    from pandas import DataFrame

SAME = 0.5
"""Distance within which an atom is that of an extra or empty candidate [px]."""
APART = 1e6
"""Distance that keeps frames, and layers, apart as further coordinates."""


def undecided(
    candidates: "DataFrame", atoms: "DataFrame", removed: "DataFrame", *, tolerance: float
) -> "DataFrame":
    """Return the candidates of which a person has not decided.

    A missing atom is decided where one lies now, or was removed; an extra or empty one where it was removed,
    moved or changed.

    Parameters
    ----------
    candidates : DataFrame
        Columns frame, layer, kind, y_px, x_px and others.
    atoms : DataFrame
        The atoms with all that the person did, columns frame, layer, y_px, x_px and edited.
    removed : DataFrame
        Places at which the person removed an atom that is not found any more, columns frame, layer, y_px, x_px.
    tolerance : float
        Distance within which two atoms are the same [px].
    """
    is_missing = (candidates["kind"] == "missing").to_numpy()
    is_as_found = (atoms["edited"] == "").to_numpy()
    is_taken = _are_near(candidates, atoms, tolerance) | _are_near(candidates, removed, tolerance)
    is_open = np.where(is_missing, ~is_taken, _are_near(candidates, atoms[is_as_found], SAME))
    left: DataFrame = candidates[is_open].reset_index(drop=True)
    return left


def _are_near(ones: "DataFrame", others: "DataFrame", distance: float) -> NDArray[np.bool_]:
    """Tell which of some atoms have one of others within a distance [px], in their frame and layer."""
    if ones.empty or others.empty:
        return np.zeros(len(ones), bool)
    near = KDTree(_places(others)).query(_places(ones), distance_upper_bound=distance)[0]
    is_near: NDArray[np.bool_] = np.isfinite(near)
    return is_near


def _places(atoms: "DataFrame") -> NDArray[np.float64]:
    scaled = atoms[["frame", "layer", "y_px", "x_px"]].to_numpy(np.float64) * (APART, APART, 1, 1)
    places: NDArray[np.float64] = scaled
    return places
