"""An explanation: a map on the image's own grid, and all that is needed to compute it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.errors import OutputError, TargetError
from napari_strata.explain.heatmap_zarr import ENDING, read_zarr, write_zarr
from napari_strata.io.tif import write_tif
from napari_strata.types import FloatImage

TIFS = (".tif", ".tiff")


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """What mattered for a target.

    Attributes
    ----------
    data : ndarray of float32, shape (y, x)
        Not scaled; its meaning and unit are those of the method.
    metadata : mapping
        ``method`` and its ``parameters``, ``feature_map`` (the one that was looked at, also where the parameters
        leave it to the method; only of methods that look at one), ``target`` (kind and footprint), ``against``,
        ``layer``, ``decoder``, ``class``, ``position`` (y, x) [px], ``score`` (mean log-odds in the target, or the
        difference of two), ``done`` (part of the work), ``figures`` (the method's own), ``model``,
        ``weights_sha256``, ``image``, ``image_sha256`` (of shape and intensities), ``frame`` and ``pixel_size_A``;
        ready for JSON.
    covers : bool
        As of `napari_strata.explain.attribution.Attribution`.
    """

    data: FloatImage
    metadata: Mapping[str, Any]
    covers: bool = True


def check_heatmap_file(path: Path) -> None:
    """Check, before any work, that a heatmap can have this name.

    Raises
    ------
    OutputError
        If its ending is none of the known ones, or it is a folder.
    """
    ending = path.suffix.lower()
    if ending != ENDING and path.is_dir():
        raise OutputError(f"{path} is a folder.", remedy="Give the name of a tif file, as heat.tif in it.")
    if ending not in (*TIFS, ENDING):
        raise OutputError(
            f"{path.name} does not tell its format.",
            remedy=f"Let its name end in .tif, or in {ENDING} for OME-Zarr.",
        )


def write_heatmap(heatmap: Heatmap, path: Path) -> None:
    """Write a heatmap as a float32 tif with its metadata as JSON in the description, or as OME-Zarr.

    Parameters
    ----------
    heatmap : Heatmap
        The map.
    path : Path
        File to write; a folder where its name ends in .zarr.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    told = _told(heatmap)
    if path.suffix.lower() == ENDING:
        write_zarr(heatmap.data, told, path)
        return
    write_tif(path, heatmap.data, "YX", pixel_size=told.get("pixel_size_A"), about=told)


def write_heatmaps(
    heatmaps: Sequence[Heatmap | None], shape: tuple[int, int], path: Path, *, more: Mapping[str, Any]
) -> None:
    """Write the maps of all frames as one file (frame, y, x), as `write_heatmap` does those of one.

    Parameters
    ----------
    heatmaps : sequence of Heatmap or None
        By frame; at least one. The file is 0 where there is none.
    shape : tuple of int
        Height and width of the image [px].
    path : Path
        File to write; a folder where its name ends in .zarr.
    more : mapping
        What else the metadata say of all of them, ready for JSON.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    data = np.stack([np.zeros(shape, np.float32) if one is None else one.data for one in heatmaps])
    told: list[dict[str, Any]] = [{} if one is None else _told(one) for one in heatmaps]
    shared: dict[str, Any] = next((one for one in told if one), {})
    metadata: dict[str, Any] = {n: shared[n] for n in ("method", "image", "pixel_size_A") if n in shared}
    metadata |= {"frames": told, **more}
    if path.suffix.lower() == ENDING:
        write_zarr(data, metadata, path)
        return
    write_tif(path, data, "TYX", pixel_size=metadata.get("pixel_size_A"), about=metadata)


def _told(heatmap: Heatmap) -> dict[str, Any]:
    return {name: value for name, value in heatmap.metadata.items() if value is not None}


def metadata_of(path: Path) -> dict[str, Any]:
    """Return the metadata of a file that `write_heatmap` or `write_heatmaps` wrote; empty for any other file."""
    import tifffile

    try:
        if path.suffix.lower() == ENDING:
            return read_zarr(path)[1]
        with tifffile.TiffFile(path) as tif:
            return dict((tif.shaped_metadata or ({},))[0])
    except Exception:  # noqa: BLE001 (a damaged file may raise anything)
        return {}


def read_heatmap(path: Path) -> Heatmap:
    """Read a heatmap that `write_heatmap` wrote.

    Raises
    ------
    TargetError
        If it cannot be read, or is no heatmap.
    """
    import tifffile

    if not path.exists():
        raise TargetError(f"{path} does not exist.", remedy="Check the path.")
    try:
        if path.suffix.lower() == ENDING:
            data, metadata = read_zarr(path)
        else:
            with tifffile.TiffFile(path) as tif:
                data, (metadata, *_) = tif.asarray(), tif.shaped_metadata or ({},)
    except Exception as error:  # a damaged file may raise anything
        raise TargetError(
            f"{path} cannot be read as a heatmap ({type(error).__name__}: {error}).",
            remedy="Give a tif or .zarr that explain wrote.",
        ) from error
    if "frames" in metadata:
        raise TargetError(
            f"{path} holds the maps of several frames.",
            remedy="Give the map of one: explain writes it with --frame.",
        )
    if "method" not in metadata or data.ndim != 2:
        raise TargetError(f"{path} is no heatmap.", remedy="Give a tif or .zarr that explain wrote.")
    own = {name: value for name, value in metadata.items() if name not in ("shape", "axes")}
    return Heatmap(data.astype(np.float32), own)
