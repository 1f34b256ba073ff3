"""What an image layer, and the file that it was opened from, state about the size of a pixel."""

import math
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import StrataError
from napari_strata.io.calibration import COARSEST, agree

if TYPE_CHECKING:
    from napari.layers import Layer


def size_in_layer(napari_layer: "Layer") -> float | None:
    """Return the side of a square pixel [Å]; None where it is no length, not square, or a printer's dot."""
    y, x = (
        float((scale * unit).to("angstrom").magnitude) if unit.is_compatible_with("angstrom") else math.nan
        for scale, unit in zip(napari_layer.scale[-2:], napari_layer.units[-2:], strict=True)
    )
    return x if agree(y, x) and 0 < x < COARSEST else None


def is_oblong(napari_layer: "Layer") -> bool:
    """Tell whether the sides of a pixel differ, in whatever unit, lengths or not."""
    y, x = (1 * unit for unit in napari_layer.units[-2:])
    aspect = np.divide(*napari_layer.scale[-2:])
    return bool(y.is_compatible_with(x) and not agree(aspect * (y / x).to("dimensionless").magnitude, 1))


def is_calibrated(napari_layer: "Layer") -> bool:
    """Tell whether a layer states the sides of a pixel as lengths, equal or not; a printer's dot is none."""
    is_length = napari_layer.units[-1].is_compatible_with("angstrom")
    return size_in_layer(napari_layer) is not None or (is_length and is_oblong(napari_layer))


def size_in_file(path: str | None) -> float | None:
    """Return the pixel size in a file's header [Å]; None where there is no such file or statement."""
    try:
        saved = Path(path).stat() if path else None
    except OSError:  # an address, or gone meanwhile
        return None
    return None if path is None or saved is None else _in_header(path, saved.st_mtime_ns, saved.st_size)


@lru_cache(maxsize=64)
def _in_header(path: str, _mtime: int, _size: int) -> float | None:
    from napari_strata.io.arrays import read_header

    try:
        return read_header(Path(path)).pixel_size
    except StrataError:  # a format that only napari's other readers know, or that needs what is not installed
        return None
