"""Opens npz and tif files as images, with their pixel size where the file states it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_warning

from napari_strata.errors import ImageError
from napari_strata.io.arrays import read_array, read_header

LayerData = list[tuple[Any, dict[str, Any], str]]


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], LayerData] | None:
    """Return a reader for an npz or tif file, as npe2 asks for; only the reader reads the pixels.

    Images without a pixel size are read too, so that whoever lets napari remember this reader can open all.

    Parameters
    ----------
    path : str or sequence of str
        File to open; several that shall become one stack are left to napari.

    Returns
    -------
    callable or None
        None for what holds no image.
    """
    if not isinstance(path, str):
        return None
    try:
        header = read_header(Path(path))
    except ImageError:
        return None
    return None if header.ndim < 2 else lambda _path: _layer_data(Path(path))


def _layer_data(path: Path) -> LayerData:
    content = read_array(path)
    for warning in content.warnings:
        show_warning(f"{path.name}: {warning}.")
    axes = content.data.ndim - content.is_colour
    leading = ("frame",) if axes == 3 else tuple(f"axis {k}" for k in range(axes - 2))
    sides = content.sides if content.pixel_size is None else (content.pixel_size,) * 2
    unit = "pixel" if sides is None else "angstrom"
    settings = {
        "name": path.stem,
        "rgb": content.is_colour,
        "scale": (1.0,) * (axes - 2) + (sides or (1.0, 1.0)),
        "units": ("pixel",) * (axes - 2) + (unit,) * 2,
        "axis_labels": (*leading, "y", "x"),
    }
    return [(content.data, settings, "image")]
