"""Reading npz files: the one image in them, and its pixel size in metres."""

from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.io.calibration import in_angstrom
from napari_strata.types import AnyArray

NPZ_KEY = "im_array"
"""Name of the image in a file that holds several arrays."""
Warnings = tuple[str, ...]
"""What was passed over, each without the file's name."""


class NoSingleArrayError(ValueError):
    """An npz file does not tell which of its arrays is meant."""


def read_npz(path: Path) -> tuple[AnyArray, float | None, Warnings]:
    """Read the image of an npz file, its pixel size [Å/px] if it states one, and what was passed over.

    Raises
    ------
    NoSingleArrayError
        If it holds no `NPZ_KEY`, and not exactly one array of two or three dimensions.
    """
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        data = archive[_key(archive)]
        pixel_size, warnings = _metres(archive.get("pixel_size"))
    return data, pixel_size, warnings


def read_npz_header(path: Path) -> "tuple[tuple[int, ...], np.dtype[Any], float | None]":
    """Read shape, type and pixel size [Å/px] of that image, and no pixel of it.

    Raises
    ------
    NoSingleArrayError
        Where `read_npz` raises one.
    """
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        shape, dtype = _member_header(archive, _key(archive))
        pixel_size, _ = _metres(archive.get("pixel_size"))
    return shape, dtype, pixel_size


def _member_header(archive: "np.lib.npyio.NpzFile", key: str) -> "tuple[tuple[int, ...], np.dtype[Any]]":
    """Read shape and type of one array of an npz file, without unpacking it."""
    assert archive.zip is not None, "the archive is open"
    with archive.zip.open(f"{key}.npy") as member:
        is_first = np.lib.format.read_magic(member) == (1, 0)
        read = np.lib.format.read_array_header_1_0 if is_first else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(member)
    return shape, dtype


def _key(archive: "np.lib.npyio.NpzFile") -> str:
    if NPZ_KEY in archive:
        return NPZ_KEY
    assert archive.zip is not None, "the archive is open"
    members = [key for key in archive if f"{key}.npy" in archive.zip.namelist()]
    candidates = [key for key in members if len(_member_header(archive, key)[0]) in (2, 3)]
    if len(candidates) == 1:
        return candidates[0]
    found = ", ".join(candidates) or "none"
    raise NoSingleArrayError(f"it holds no {NPZ_KEY} and not exactly one 2D or 3D array, but {found}")


def _metres(stated: AnyArray | None) -> tuple[float | None, Warnings]:
    """Read the pixel size of an npz file, which is in metres, a number or a string."""
    if stated is None:
        return None, ()
    try:
        pixel_size = in_angstrom(float(stated.item()), "m")
    except ValueError:
        pixel_size = None
    if pixel_size is None:
        return None, (f"its pixel_size {stated} is no credible length in metres; it is not used",)
    return pixel_size, ()
