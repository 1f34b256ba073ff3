"""Atoms as GeoJSON: a point per atom, for programs that draw on images.

Coordinates are (x, y) in px, y pointing down, and (0, 0) is the centre of the first pixel; programs that put the
corner of the first pixel there are off by half a pixel.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.errors import TableError
from napari_strata.io.atoms.columns import TRUTH_COLUMNS, UNITS, known_columns, refuse, table_of
from napari_strata.io.atoms.csv import with_angstrom
from napari_strata.io.atoms.origin import KEY, from_plain
from napari_strata.io.atoms.text import read_text

if TYPE_CHECKING:
    from pandas import DataFrame

_PLACES = ("y_px", "x_px")
_MEANING = "Coordinates are x, y [px], y pointing down; (0, 0) is the centre of the first pixel."


def write_geojson(table: "DataFrame", path: Path, origin: AtomOrigin | None = None) -> None:
    """Write a table and its origin; numbers exactly, those that are not known as null."""
    columns = {name: _plain(table[name]) for name in table}
    y, x = (columns.pop(name) for name in _PLACES)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        head = {"type": "FeatureCollection", "meaning": _MEANING, "columns": list(table), "units": UNITS}
        if origin is not None:
            head[KEY] = origin.model_dump(mode="json")
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [\n')
        separator = ""
        for place, values in zip(zip(x, y, strict=True), zip(*columns.values(), strict=True), strict=True):
            feature = {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": place},
                "properties": dict(zip(columns, values, strict=True)),
            }
            file.write(separator + json.dumps(feature, ensure_ascii=False, allow_nan=False))
            separator = ",\n"
        file.write("\n]}\n")


def read_geojson(path: Path, pixel_size: float | None = None) -> "DataFrame":
    """Read points, written here or elsewhere.

    Parameters
    ----------
    path : Path
        The file. Points of another program are atoms of the species ``atom``, unless a property says otherwise.
    pixel_size : float, optional
        Pixel size [Å/px], for positions in Å where the file states none.

    Raises
    ------
    TableError
        If the file cannot be read, holds other shapes than points, or a value that cannot be.
    """
    content = _parsed(path)
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        refuse(path, "it is no collection of features", "Export the points as GeoJSON.")
    stated = content.get("columns") if not features else None
    names = [name for name in stated if isinstance(name, str)] if isinstance(stated, list) else []
    columns: dict[str, list[Any]] = {name: [] for name in (*TRUTH_COLUMNS, *known_columns(names))}
    details = known_columns(sorted({key for one in features for key in _properties(one)}))
    columns |= {name: [] for name in details if name not in columns}
    fallback = {"image": path.stem, "frame": 0, "layer": 0, "species": "atom"}
    for feature in features:
        x, y = _place(feature, path)
        row = fallback | {key: value for key, value in _properties(feature).items() if value is not None}
        row |= {"y_px": y, "x_px": x}
        for name, values in columns.items():
            values.append(row.get(name))
    return with_angstrom(table_of(columns, path), pixel_size)


def read_geojson_origin(path: Path) -> AtomOrigin | None:
    """Return where the atoms of a file come from; None where it does not say."""
    content = _parsed(path)
    return from_plain(content.get(KEY)) if isinstance(content, dict) else None


def _plain(column: Any) -> list[Any]:
    return [None if value != value else value for value in column.tolist()]


def _parsed(path: Path) -> Any:
    try:
        return json.loads(read_text(path), parse_constant=_refuse_constant)
    except RecursionError:
        refuse(path, "it is nested too deep", "Export it again.")
    except ValueError as error:
        refuse(path, f"it is no JSON: {error}", "Export it again.")


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"it holds the number {word}")


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties")
    return properties if isinstance(properties, dict) else {}


def _place(feature: dict[str, Any], path: Path) -> tuple[float, float]:
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        refuse(path, "it holds other shapes than points", "Export only the points.")
    try:
        x, y = geometry["coordinates"][:2]
        return float(x), float(y)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise TableError(f"{path}: a point has no coordinates x, y.", remedy="Export it again.") from error
