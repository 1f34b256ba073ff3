"""Heatmaps as OME-Zarr 0.5 images.

The few lines of OME metadata are written here: the ome-zarr library brings dask, fsspec and a pyramid of smaller
images along, of which one map on the image's own grid has no use.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.errors import OutputError
from napari_strata.io.files import replacing
from napari_strata.types import FloatImage

ENDING = ".zarr"
KEY = "heatmap"
"""Attribute of the group that holds the map's metadata."""
_LEVEL = "0"


def write_zarr(data: FloatImage, metadata: Mapping[str, Any], path: Path) -> None:
    """Write a map, or those of all frames, and their metadata; a zarr that is there is replaced once it is whole.

    Parameters
    ----------
    data : ndarray of float32, shape (y, x) or (frame, y, x)
        The map.
    metadata : mapping
        Ready for JSON; ``pixel_size_A`` is also the scale of the image.
    path : Path
        Folder to write.

    Raises
    ------
    OutputError
        If the folder cannot be written, or is there and is no zarr.
    """
    import zarr

    if path.exists() and not (path / "zarr.json").is_file():
        raise OutputError(f"{path} is there and is no zarr.", remedy="Choose another name, or take it away.")
    with replacing(path) as temporary:
        group: Any = zarr.open_group(temporary, mode="w", zarr_format=3)
        names = ["t", "y", "x"][-data.ndim :]
        array = group.create_array(_LEVEL, shape=data.shape, dtype="float32", dimension_names=names)
        array[...] = data
        group.attrs["ome"] = {"version": "0.5", "multiscales": [_multiscale(metadata, names)]}
        group.attrs[KEY] = dict(metadata)


def read_zarr(path: Path) -> tuple[FloatImage, dict[str, Any]]:
    """Return a map and its metadata; anything may be raised where there is none."""
    import zarr

    group: Any = zarr.open_group(path, mode="r")
    return np.asarray(group[_LEVEL][...], np.float32), dict(group.attrs[KEY])


def _multiscale(metadata: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    side = metadata.get("pixel_size_A")
    unit = {} if side is None else {"unit": "angstrom"}
    axes = [
        {"name": "t", "type": "time"} if name == "t" else {"name": name, "type": "space", **unit} for name in names
    ]
    scale = [1.0 if name == "t" else side or 1.0 for name in names]
    return {
        "name": f"{metadata.get('method', KEY)} of {metadata.get('image', '')}",
        "axes": axes,
        "datasets": [{"path": _LEVEL, "coordinateTransformations": [{"type": "scale", "scale": scale}]}],
    }
