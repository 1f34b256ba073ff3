"""Scores of atoms as features of their points, and points coloured by them."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.explain.many.atom_scores import HALF, NETS, PARTS
from napari_strata.types import LAYER_COLOURS
from napari_strata.widgets.layers.atom_memory import memory_of, points_table

if TYPE_CHECKING:
    from napari.layers import Points
    from napari.utils.colormaps import Colormap
    from pandas import DataFrame

SCORED = "napari_strata_scores"
"""Key in the metadata of atoms under which lies how their scores were made."""
COLUMNS = (*PARTS, HALF, *NETS)
WORDS = {
    "why_own": "own lattice",
    "why_itself": "the atom itself",
    "why_neighbours": "its own layer's other atoms",
    "why_other": "other layers",
    "why_background": "background",
    HALF: "distance that holds half [Å]",
    "why_net_own": "own lattice, for less against",
    "why_net_other": "other layers, for less against",
    "why_net_background": "background, for less against",
}
_UNKNOWN = "#7f7f7f60"
"""Colour of atoms without a score."""
_PLACE = ["frame", "y_px", "x_px", "layer"]


def put_scores(points: "Points", scored: "DataFrame", scores: "DataFrame", how: dict[str, Any]) -> int:
    """Give points their scores as features; return how many were found again.

    Points that were moved or deleted meanwhile have none. Earlier scores that were made in the same way stay.

    Parameters
    ----------
    points : Points
        Located atoms.
    scored : DataFrame
        What `napari_strata.widgets.layers.atom_memory.points_table` gave when the scoring began.
    scores : DataFrame
        Some of its rows.
    how : dict
        How the scores were made.
    """
    table = points_table(points)
    rows = {place: row for row, place in enumerate(map(tuple, table[_PLACE].to_numpy(np.float64).tolist()))}
    places = map(tuple, scored.loc[scores.index, _PLACE].to_numpy(np.float64).tolist())
    found = np.array([(at, rows[place]) for at, place in enumerate(places) if place in rows], np.intp).reshape(
        -1, 2
    )
    is_same = points.metadata.get(SCORED) == how
    features = points.features.drop(columns=[name for name in COLUMNS if name in points.features and not is_same])
    columns = {}
    for name in scores:
        known = features.get(name, np.nan)
        columns[name] = np.array(np.broadcast_to(known, len(table)), np.float64)
        columns[name][found[:, 1]] = scores[name].to_numpy(np.float64)[found[:, 0]]
    defaults = dict.fromkeys(columns, np.nan) | {
        name: values.iloc[0] for name, values in points.feature_defaults.items() if name not in columns
    }
    points.features = features.assign(**columns)
    points.feature_defaults = {name: defaults[name] for name in points.features}
    points.metadata = {**points.metadata, SCORED: how}
    return len(found)


def scores_of(points: "Points | None") -> list[str]:
    """Return the scores that points have."""
    return [] if points is None else [name for name in COLUMNS if name in points.features]


def colour_by(points: "Points", column: str) -> tuple[float, float]:
    """Colour points by a score, from its least to its greatest value or about 0; return those two."""
    values = points.features[column].to_numpy(np.float64)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if column in NETS:
        low, high = -max(-low, high), max(-low, high)
    ends = (low, high) if high > low else (low - 0.5, low + 0.5)  # napari takes no empty range
    points.face_color = _UNKNOWN  # else napari first looks the scores up among the colours of the layers
    points.face_color = column
    points.face_colormap = _colormap("coolwarm" if column in NETS else "viridis")
    points.face_contrast_limits = ends
    return ends


def colour_by_layer(points: "Points") -> None:
    """Colour located atoms by crystal layer, as they are at first."""
    memory = memory_of(points)
    layers = 1 + int(points.features["layer"].max()) if memory is None else memory.layers
    points.face_color = _UNKNOWN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # whole numbers are taken for categories, as wanted
        points.face_color = "layer"
    points.face_color_cycle = {layer: LAYER_COLOURS[layer % len(LAYER_COLOURS)] for layer in range(layers)}


def _colormap(name: str) -> "Colormap":
    from napari.utils.colormaps import Colormap, ensure_colormap

    base = ensure_colormap(name)
    return Colormap(
        base.colors,
        controls=base.controls,
        interpolation=base.interpolation,
        nan_color=_UNKNOWN,
        name=f"{name}, grey unknown",
    )
