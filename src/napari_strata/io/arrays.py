"""Reading the one array that a file holds: tif, npy, npz or png; never a pickle."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_strata.errors import ImageError, StrataError
from napari_strata.io.calibration import in_angstrom
from napari_strata.io.tif import read_tif
from napari_strata.types import AnyArray, LabelArray

NPZ_KEY = "im_array"


@dataclass(frozen=True, slots=True)
class FileArray:
    """What a file holds.

    Attributes
    ----------
    data : ndarray
        Numbers in the machine's byte order; colour samples on the last axis.
    is_colour : bool
        Whether the last axis holds colour samples.
    pixel_size : float or None
        Pixel size in the file's header [Å/px].
    warnings : tuple of str
        What was passed over, each without the file's name.
    indices : ndarray of uint8, shape (y, x), or None
        Of a picture with a palette, where each pixel's colour stands in it: the codes of a label picture.
    """

    data: AnyArray
    is_colour: bool
    pixel_size: float | None
    warnings: tuple[str, ...] = ()
    indices: LabelArray | None = None

    @property
    def codes(self) -> AnyArray:
        """What the file holds if it holds labels: indices rather than the colours that they are shown in."""
        return self.data if self.indices is None else self.indices


def read_array(path: Path, *, error_type: type[StrataError] = ImageError) -> FileArray:
    """Read an array and what its header says about it.

    Parameters
    ----------
    path : Path
        A .tif, .tiff, .npy, .npz or .png file.
    error_type : type of StrataError
        What to raise: images and labels come in the same files.

    Raises
    ------
    StrataError
        Of type `error_type`, if there is no such file, or it is of another kind, damaged, or holds no numbers.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise error_type(
            f"{path} is of a kind that is not read here.", remedy=f"Save it as one of {', '.join(_READERS)}."
        )
    try:
        array = reader(path)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise error_type(f"{path} cannot be read ({error.strerror}).", remedy="Check the path.") from error
    except Exception as error:  # the readers raise nearly anything on a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise error_type(f"{path} cannot be read ({reason}).", remedy=_remedy(error)) from error
    if array.data.dtype.kind not in "biufc":
        raise error_type(f"{path} holds {array.data.dtype} and no numbers.", remedy="Save numbers only.")
    return array


def _remedy(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "It does not fit into memory; save a part of the stack."
    if "imagecodecs" in str(error):
        return "Install imagecodecs, or save the file without compression."
    if isinstance(error, _NoSingleArray):
        return f"Save the image in it under the name {NPZ_KEY}."
    return "The file is damaged or was cut short; copy it again."


class _NoSingleArray(ValueError):
    """An npz file does not tell which of its arrays is meant."""


def _native(data: AnyArray) -> AnyArray:
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _looks_like_colour(data: AnyArray) -> bool:
    return data.ndim >= 3 and data.shape[-1] in (3, 4) and min(data.shape[-3:-1]) > 4


def _tif(path: Path) -> FileArray:
    data, axes, pixel_size, warnings = read_tif(path)
    is_colour = "S" in axes
    if is_colour:
        data = np.moveaxis(data, axes.index("S"), -1)
    return FileArray(_native(data), is_colour, pixel_size, warnings)


def _npy(path: Path) -> FileArray:
    data = np.load(path, allow_pickle=False)
    return FileArray(_native(data), _looks_like_colour(data), None)


def _npz(path: Path) -> FileArray:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        data = archive[_key(archive)]
        stated = archive.get("pixel_size")
    pixel_size, warnings = _metres(stated)
    return FileArray(_native(data), _looks_like_colour(data), pixel_size, warnings)


def _key(archive: "np.lib.npyio.NpzFile") -> str:
    if NPZ_KEY in archive:
        return NPZ_KEY
    candidates = [key for key in archive if archive[key].ndim in (2, 3)]
    if len(candidates) == 1:
        return candidates[0]
    found = ", ".join(candidates) or "none"
    raise _NoSingleArray(f"it holds no {NPZ_KEY} and not exactly one 2D or 3D array, but {found}")


def _metres(stated: AnyArray | None) -> tuple[float | None, tuple[str, ...]]:
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


def _png(path: Path) -> FileArray:
    from PIL import Image

    with Image.open(path) as picture:
        if picture.mode == "P":
            return FileArray(np.asarray(picture.convert("RGB")), True, None, indices=np.asarray(picture))
        data = np.asarray(picture.getchannel("L") if picture.mode == "LA" else picture)
    return FileArray(_native(data), data.ndim == 3, None)


_READERS: dict[str, Callable[[Path], FileArray]] = {
    ".tif": _tif,
    ".tiff": _tif,
    ".npy": _npy,
    ".npz": _npz,
    ".png": _png,
}
