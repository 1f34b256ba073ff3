"""Opens calibrated npz and tif files with their pixel size; leaves all others to napari."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_warning

from napari_strata.errors import ImageError
from napari_strata.io.arrays import FileArray, read_array

LayerData = list[tuple[Any, dict[str, Any], str]]


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], LayerData] | None:
    """Return a reader for a file that states its pixel size, as npe2 asks for.

    Parameters
    ----------
    path : str or sequence of str
        File to open; several that shall become one stack are left to napari.

    Returns
    -------
    callable or None
        None for anything that is no grey image (y, x) or stack (frame, y, x) with a pixel size.
    """
    if not isinstance(path, str):
        return None
    try:
        content = read_array(Path(path))
    except ImageError:
        return None
    if content.pixel_size is None or content.is_colour or content.data.ndim not in (2, 3):
        return None
    return lambda _path: _layer_data(content, Path(path))


def _layer_data(content: FileArray, path: Path) -> LayerData:
    for warning in content.warnings:
        show_warning(f"{path.name}: {warning}.")
    assert content.pixel_size is not None, "files without one are declined"
    leading = content.data.ndim - 2
    settings = {
        "name": path.stem,
        "scale": (1.0,) * leading + (content.pixel_size,) * 2,
        "units": ("pixel",) * leading + ("angstrom",) * 2,
        "axis_labels": ("frame", "y", "x")[-content.data.ndim :],
    }
    return [(content.data, settings, "image")]
