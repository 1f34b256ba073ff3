"""Shows files of atoms that were written here, dropped on napari, as points beside or on their image.

They are there to be looked at: only the Atoms dock, which checks that they belong to an image, edits them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_info

from napari_strata.errors import TableError
from napari_strata.io.atom_tables import read_atoms
from napari_strata.io.atoms.blocks import pixel_size_of
from napari_strata.io.atoms.cif import MARK as CIF_MARK
from napari_strata.io.atoms.columns import TRUTH_COLUMNS
from napari_strata.io.atoms.csv import MARK
from napari_strata.types import LAYER_COLOURS
from napari_strata.widgets.layers.atom_layers import ATOM_DIAMETER

if TYPE_CHECKING:
    from pandas import DataFrame

LayerData = list[tuple[Any, dict[str, Any], str]]
MOST_IMAGES = 20
"""Images whose atoms are opened at once; more would flood the layer list."""
_MARKS = {
    ".csv": ",".join(TRUTH_COLUMNS),
    ".extxyz": "y_px",
    ".cif": CIF_MARK,
    ".geojson": '"columns": ["image", "frame", "layer"',
}
"""What stands near the beginning of files that were written here, and of few others."""
_BEGINNING = 2**16
_UNKNOWN_DIAMETER = 6.0
"""Diameter of a marker where the pixel size is not known [px]."""


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], LayerData] | None:
    """Return a reader for atoms that this plugin wrote, as npe2 asks for.

    Parameters
    ----------
    path : str or sequence of str
        File to open.

    Returns
    -------
    callable or None
        None for files of others.
    """
    if not isinstance(path, str) or not _is_ours(Path(path)):
        return None
    return lambda _path: _layers(Path(path))


def _is_ours(path: Path) -> bool:
    mark = _MARKS.get(path.suffix.lower())
    if mark is None:
        return False
    try:
        with path.open("rb") as file:
            text = file.read(_BEGINNING).decode("utf-8-sig", "ignore")
    except OSError:
        return False
    if path.suffix.lower() != ".csv":
        return mark in text
    header = next((line for line in text.splitlines() if not line.startswith(MARK)), "")
    return header.startswith(mark)


def _layers(path: Path) -> LayerData:
    table = read_atoms(path)
    names = list(dict.fromkeys(table["image"]))
    if not 0 < len(names) <= MOST_IMAGES:
        raise TableError(
            f"{path.name} holds atoms of {len(names)} images, not 1 to {MOST_IMAGES}.",
            remedy="Open it in the Atoms dock, on one of its images.",
        )
    show_info("These atoms are shown only. To edit and measure them: Atoms dock, 'Open atoms…'.")
    return [_layer(table[table["image"] == name], path, str(name)) for name in names]


def _layer(rows: "DataFrame", path: Path, name: str) -> tuple[Any, dict[str, Any], str]:
    """Place atoms where their image lies, unless that was shifted."""
    size = pixel_size_of(rows)
    leading = ["frame"] if (rows["frame"] > 0).any() else []
    features = rows.drop(columns=["image", "frame", "y_px", "x_px", "y_A", "x_A"]).reset_index(drop=True)
    unit = "pixel" if size is None else "angstrom"
    settings = {
        "name": f"{path.stem} - {name}",
        "features": features,
        "face_color": {"color_mode": "cycle", "color_properties": "layer"},
        "face_color_cycle": {
            layer: LAYER_COLOURS[layer % len(LAYER_COLOURS)] for layer in range(int(rows["layer"].max()) + 1)
        },
        "border_color": "black",
        "border_width": 0.06,
        "opacity": 0.65,
        "size": _UNKNOWN_DIAMETER if size is None else ATOM_DIAMETER / size,
        "scale": (1.0,) * len(leading) + (size or 1.0,) * 2,
        "units": ("pixel",) * len(leading) + (unit,) * 2,
        "axis_labels": (*leading, "y", "x"),
    }
    return rows[[*leading, "y_px", "x_px"]].to_numpy(), settings, "points"
