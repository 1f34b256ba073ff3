"""Shapes drawn on an image: which atoms lie in them, and the statistics of all maps there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import Positions
from napari_strata.lattice.frame_maps import FrameMaps
from napari_strata.lattice.map_columns import map_columns
from napari_strata.lattice.statistics import summarise

EVERYWHERE = "all atoms"
ELLIPSE_CORNERS = 64
WITHOUT_INSIDE = ("line", "path")
"""Kinds of shapes that have no inside."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A drawn shape.

    Attributes
    ----------
    name : str
        What it is called.
    kind : str
        As napari says: rectangle, ellipse or polygon; others have no inside.
    corners : ndarray, shape (n, 2)
        Corners (y, x) [px]; of an ellipse those of the box around it.
    frame : int or None
        The frame on which it was drawn; None for all.
    """

    name: str
    kind: str
    corners: Positions
    frame: int | None = None

    def holds(self, places: Positions) -> NDArray[np.bool_]:
        """Tell which places (y, x) [px] lie inside, shape (n,)."""
        from skimage.measure import points_in_poly

        outline = _ellipse(self.corners) if self.kind == "ellipse" else self.corners
        return np.asarray(points_in_poly(places, outline))


def region_statistics(
    maps: FrameMaps, inside: Mapping[str, NDArray[np.bool_]], *, without_field: bool = False
) -> list[dict[str, Any]]:
    """Describe all maps in all regions, layer by layer.

    Parameters
    ----------
    maps : FrameMaps
        The maps of one frame. Of vectors the length is described, too, and of words the part of each in %.
    inside : mapping of str to ndarray of bool
        Name of each region, and which of the mapped atoms lie in it.
    without_field : bool
        Whether the smooth distortion that the layers share is taken out of the positions first.

    Returns
    -------
    list of dict
        ``region``, ``layer``, ``map``, ``unit``, ``atoms`` with a value, ``left_out`` without one, ``mean``,
        ``median``, ``std``, ``standard_error``, ``p5`` and ``p95`` (percentiles); None where there are too few.
        The standard error is that of independent values, which neighbours that share their strain are not.
    """
    columns = map_columns(maps, without_field=without_field)
    layers = maps.atoms.loc[maps.maps.index, "layer"].to_numpy()
    numbers = {name: (columns.units[name], columns.table[name].to_numpy(np.float64)) for name in columns.numbers}
    for key, one in maps.quantities.items():
        if one.kind == "vector":
            y, x = (numbers[name][1] for name in one.columns)
            numbers[f"{key} length"] = one.unit, np.hypot(y, x)
    words = {name: columns.table[name].to_numpy() for name in columns.table if name not in numbers}
    found: list[dict[str, Any]] = []
    for region, where in inside.items():
        for layer in np.unique(layers).tolist():
            chosen = where & (layers == layer)
            at = {"region": region, "layer": layer}
            found += [at | {"map": name, "unit": unit} | _row(v, chosen) for name, (unit, v) in numbers.items()]
            found += [at | row for name, values in words.items() for row in _parts(name, values[chosen])]
    return found


def statistics_in(
    maps: FrameMaps, regions: Sequence[Region], frame: int, *, without_field: bool = False
) -> list[dict[str, Any]]:
    """Describe all maps of all atoms of a frame, and in the regions that were drawn on it.

    It returns what `region_statistics` does. Shapes without an inside are passed over.
    """
    atoms = maps.atoms.loc[maps.maps.index]
    places = atoms[["y_px", "x_px"]].to_numpy(np.float64)
    inside = {EVERYWHERE: np.ones(len(atoms), dtype=bool)}
    for one in regions:
        if one.kind not in WITHOUT_INSIDE and one.frame in (None, frame):
            inside[one.name] = one.holds(places)
    return region_statistics(maps, inside, without_field=without_field)


def _row(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> dict[str, Any]:
    one = summarise(values, chosen)
    figures = {
        "mean": one.mean,
        "median": one.median,
        "std": one.deviation,
        "standard_error": one.standard_error,
        "p5": one.low,
        "p95": one.high,
    }
    counts = {"atoms": one.count, "left_out": int(chosen.sum()) - one.count}
    return counts | {name: value if np.isfinite(value) else None for name, value in figures.items()}


def _parts(name: str, words: NDArray[np.object_]) -> list[dict[str, Any]]:
    """Tell which part of the atoms has each word [%]."""
    counts = Counter(str(word) for word in words if word)
    total = sum(counts.values())
    left_out = len(words) - total
    return [
        {"map": f"{name} {word}", "unit": "%", "atoms": total, "left_out": left_out, "mean": 100 * count / total}
        for word, count in sorted(counts.items())
    ]


def _ellipse(corners: Positions) -> Positions:
    """Trace the ellipse in a parallelogram of four corners."""
    centre, a, b = corners.mean(axis=0), (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    angle = np.linspace(0, 2 * np.pi, ELLIPSE_CORNERS, endpoint=False)[:, None]
    return np.asarray(centre + np.cos(angle) * a + np.sin(angle) * b)
