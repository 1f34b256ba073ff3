"""Reading one array of a file, or only its header: tif, npy, npz, png or a microscope's file; never a pickle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from napari_strata.errors import ImageError, StrataError
from napari_strata.io.calibration import PixelSides, side_of_square, words_for_oblong
from napari_strata.io.microscope.endings import ENDINGS as MICROSCOPE_ENDINGS
from napari_strata.io.microscope.signals import Signal, read_signal
from napari_strata.io.npz import NPZ_KEY, NoSingleArrayError, read_npz, read_npz_header
from napari_strata.io.tif import read_tif, read_tif_header
from napari_strata.types import AnyArray, LabelArray

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What a file says about the array that it holds.

    Attributes
    ----------
    shape : tuple of int
        Length of each axis; colour samples on the last one.
    dtype : dtype
        Type of the numbers.
    is_colour : bool
        Whether the last axis holds colour samples.
    pixel_size : float or None
        Pixel size [Å/px].
    """

    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    is_colour: bool
    pixel_size: float | None

    @property
    def ndim(self) -> int:
        """Number of axes, without that of colour."""
        return len(self.shape) - self.is_colour


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
    sides : tuple of float or None
        Height and width of pixels that are not square [Å]; then there is no pixel size.
    """

    data: AnyArray
    is_colour: bool
    pixel_size: float | None
    warnings: tuple[str, ...] = ()
    indices: LabelArray | None = None
    sides: PixelSides | None = None

    @property
    def codes(self) -> AnyArray:
        """What the file holds if it holds labels: indices rather than the colours that they are shown in."""
        return self.data if self.indices is None else self.indices


def read_array(path: Path, *, signal: str | None = None, error_type: type[StrataError] = ImageError) -> FileArray:
    """Read an array and what its header says about it.

    Parameters
    ----------
    path : Path
        A .tif, .tiff, .npy, .npz or .png file, or one of a microscope (`napari_strata.io.microscope.endings`).
    signal : str, optional
        Which image to read of a microscope's file that holds several.
    error_type : type of StrataError
        What to raise: images and labels come in the same files.

    Raises
    ------
    StrataError
        Of type `error_type`, if there is no such file, or it is of another kind, damaged, or holds no numbers; or
        several images, and none is named.
    ExtraError
        If RosettaSciIO is needed and not installed.
    """
    if signal is not None and path.suffix.lower() not in MICROSCOPE_ENDINGS:
        raise error_type(f"{path} holds no named images.", remedy="Leave --signal out.")
    array = _read(_READERS | dict.fromkeys(MICROSCOPE_ENDINGS, partial(_signal, name=signal)), path, error_type)
    _check_numbers(array.data.dtype, path, error_type)
    return array


def read_header(path: Path) -> FileHeader:
    """Read what a file says about its array, and nothing of the array, however large.

    Parameters
    ----------
    path : Path
        A .tif, .tiff, .npy, .npz or .png file, or one of a microscope that holds one image.

    Raises
    ------
    ImageError
        Where `read_array` raises one, except that damage to the array itself goes unnoticed.
    ExtraError
        If RosettaSciIO is needed and not installed.
    """
    header = _read(_HEADERS, path, ImageError)
    _check_numbers(header.dtype, path, ImageError)
    return header


def _read(readers: Mapping[str, Callable[[Path], T]], path: Path, error_type: type[StrataError]) -> T:
    reader = readers.get(path.suffix.lower())
    if reader is None:
        if path.is_dir():
            raise error_type(f"{path} is a folder.", remedy="Name the files in it.")
        raise error_type(
            f"{path} is of a kind that is not read here.", remedy=f"Save it as one of {', '.join(readers)}."
        )
    try:
        return reader(path)
    except ImageError as error:
        raise error_type(error.message, remedy=error.remedy) from error
    except StrataError:
        raise
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise error_type(f"{path} cannot be read ({error.strerror}).", remedy="Check the path.") from error
    except Exception as error:  # the readers raise nearly anything on a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise error_type(f"{path} cannot be read ({reason}).", remedy=_remedy(error)) from error


def _check_numbers(dtype: "np.dtype[Any]", path: Path, error_type: type[StrataError]) -> None:
    if dtype.kind not in "biufc":
        raise error_type(f"{path} holds {dtype} and no numbers.", remedy="Save numbers only.")


def _remedy(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "It does not fit into memory; save a part of the stack."
    if "imagecodecs" in str(error):
        return "Install imagecodecs, or save the file without compression."
    if isinstance(error, NoSingleArrayError):
        return f"Save the image in it under the name {NPZ_KEY}."
    return "The file is damaged or was cut short; copy it again."


def _native(data: AnyArray) -> AnyArray:
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _looks_like_colour(shape: tuple[int, ...]) -> bool:
    return len(shape) >= 3 and shape[-1] in (3, 4) and min(shape[-3:-1]) > 4


def _tif(path: Path) -> FileArray:
    data, header = read_tif(path)
    is_colour = "S" in header.axes
    if is_colour:
        data = np.moveaxis(data, header.axes.index("S"), -1)
    return FileArray(_native(data), is_colour, header.pixel_size, header.warnings, sides=header.sides)


def _tif_header(path: Path) -> FileHeader:
    header = read_tif_header(path)
    samples_last = sorted(range(len(header.axes)), key=lambda axis: header.axes[axis] == "S")
    shape = tuple(header.shape[axis] for axis in samples_last)
    return FileHeader(shape, header.dtype, "S" in header.axes, header.pixel_size)


def _npy(path: Path) -> FileArray:
    data = np.load(path, allow_pickle=False)
    return FileArray(_native(data), _looks_like_colour(data.shape), None)


def _npy_header(path: Path) -> FileHeader:
    data = np.load(path, mmap_mode="r", allow_pickle=False)
    return FileHeader(data.shape, data.dtype, _looks_like_colour(data.shape), None)


def _npz(path: Path) -> FileArray:
    data, pixel_size, warnings = read_npz(path)
    return FileArray(_native(data), _looks_like_colour(data.shape), pixel_size, warnings)


def _npz_header(path: Path) -> FileHeader:
    shape, dtype, pixel_size = read_npz_header(path)
    return FileHeader(shape, dtype, _looks_like_colour(shape), pixel_size)


def _png(path: Path) -> FileArray:
    from PIL import Image

    with Image.open(path) as picture:
        if picture.mode == "P":
            return FileArray(np.asarray(picture.convert("RGB")), True, None, indices=np.asarray(picture))
        data = np.asarray(picture.getchannel("L") if picture.mode == "LA" else picture)
    return FileArray(_native(data), data.ndim == 3, None)


def _png_header(path: Path) -> FileHeader:
    from PIL import Image, ImageMode

    with Image.open(path) as picture:
        mode = ImageMode.getmode(picture.mode)
        samples = 3 if mode.mode == "P" else 1 if mode.mode == "LA" else len(mode.bands)
        shape = (picture.height, picture.width, samples)
    return FileHeader(shape if samples > 1 else shape[:2], np.dtype(mode.typestr), samples > 1, None)


def _signal(path: Path, name: str | None) -> FileArray:
    import psutil

    signal, said = read_signal(path, name)
    is_mapped = isinstance(signal.data, np.memmap)
    if not is_mapped and signal.data.nbytes > psutil.virtual_memory().available:
        raise MemoryError(f"it holds {signal.data.nbytes / 2**30:.1f} GB")
    warnings, sides = said, _oblong(signal)
    if sides is not None:
        warnings += (words_for_oblong(sides),)
    return FileArray(_native(np.asarray(signal.data)), False, side_of_square(signal.sides), warnings, sides=sides)


def _signal_header(path: Path) -> FileHeader:
    signal, _ = read_signal(path)
    return FileHeader(signal.data.shape, signal.data.dtype, False, side_of_square(signal.sides))


def _oblong(signal: Signal) -> PixelSides | None:
    return signal.sides if side_of_square(signal.sides) is None else None


_READERS: dict[str, Callable[[Path], FileArray]] = {
    ".tif": _tif,
    ".tiff": _tif,
    ".npy": _npy,
    ".npz": _npz,
    ".png": _png,
}
_HEADERS: dict[str, Callable[[Path], FileHeader]] = {
    ".tif": _tif_header,
    ".tiff": _tif_header,
    ".npy": _npy_header,
    ".npz": _npz_header,
    ".png": _png_header,
    **dict.fromkeys(MICROSCOPE_ENDINGS, _signal_header),
}
