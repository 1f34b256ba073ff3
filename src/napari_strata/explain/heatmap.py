"""An explanation: a map on the image's own grid, and all that is needed to compute it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_strata.io.files import replacing
from napari_strata.types import FloatImage


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """What mattered for a target.

    Attributes
    ----------
    data : ndarray of float32, shape (y, x)
        Not scaled; its meaning and unit are those of the method.
    metadata : mapping
        ``method`` and its ``parameters``, ``target`` (kind and footprint), ``against``, ``layer``, ``decoder``,
        ``class``, ``position`` (y, x) [px], ``score`` (mean log-odds in the target, or the difference of two),
        ``done`` (part of the work), ``figures`` (the method's own), ``model``, ``weights_sha256``, ``image``,
        ``frame`` and ``pixel_size_A``; ready for JSON.
    """

    data: FloatImage
    metadata: Mapping[str, Any]


def write_heatmap(heatmap: Heatmap, path: Path) -> None:
    """Write a heatmap as a float32 tif with its metadata as JSON in the description.

    Parameters
    ----------
    heatmap : Heatmap
        The map.
    path : Path
        File to write.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import tifffile

    metadata = {"axes": "YX", **{name: value for name, value in heatmap.metadata.items() if value is not None}}
    with replacing(path) as temporary:
        tifffile.imwrite(temporary, heatmap.data, photometric="minisblack", metadata=metadata)
