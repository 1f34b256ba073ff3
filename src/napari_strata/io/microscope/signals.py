"""The images in a file of a microscope, with their axes; their pixels are read when they are asked for."""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.errors import ExtraError, ImageError, StrataError
from napari_strata.io.calibration import PixelSides
from napari_strata.io.microscope.axes import Axis, axis_of, pixel_sides
from napari_strata.io.microscope.endings import reader_of
from napari_strata.io.microscope.guard import LARGEST_FRAME, check_file
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    from dask.array import Array

_DAMAGED = "The file is damaged or was cut short; copy it again."
_LONGEST_TITLE = 80
_MAPPED = (".dm3", ".dm4", ".mrc")
"""Endings of files whose images lie in them as in memory: RosettaSciIO maps them."""
_OF_FIRST_PIXEL = ("Offset", "Delta", "Element")
"""What TIA says of an axis: the place of a pixel, the step to the next one, and which pixel it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """One image, stack or series of stacks in a file.

    Attributes
    ----------
    name : str
        Its title in the file, made different from all others there.
    data : ndarray, memmap or dask array
        The last two axes are y and x; mapped or lazy, except from ser and emi files.
    axes : tuple of Axis
        One per axis of `data`.
    """

    name: str
    data: "AnyArray | Array"
    axes: tuple[Axis, ...]

    @property
    def sides(self) -> PixelSides | None:
        """Height and width of a pixel [Å]; None where they are no lengths, as in a diffraction pattern."""
        return pixel_sides(self.axes)

    def __str__(self) -> str:
        return f"{self.name} ({' x '.join(map(str, self.data.shape))})"


def read_signals(path: Path) -> tuple[tuple[Signal, ...], tuple[str, ...]]:
    """Open the images in a file; spectra and tables are passed over.

    Parameters
    ----------
    path : Path
        A file, or for zspy a folder, with one of `napari_strata.io.microscope.endings.ENDINGS`.

    Returns
    -------
    tuple of Signal
        At least one, in the order of the file.
    tuple of str
        What the user should know about the file, each without its name.

    Raises
    ------
    ImageError
        If it cannot be read, claims what no honest file does, or holds no image.
    ExtraError
        If a package that it needs is not installed.
    """
    if not path.exists():
        raise ImageError(f"{path} cannot be read (No such file or directory).", remedy="Check the path.")
    reader = reader_of(path)
    try:
        check_file(path)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", UserWarning)
            stated = _opened(reader, path)
        signals = tuple(_images(stated, path))
    except StrataError:
        raise
    except ModuleNotFoundError as error:
        raise ExtraError(
            f"{path.name} holds something that needs the package {error.name or 'sparse'}: {error}",
            remedy=f"Install it: pip install {error.name or 'sparse'}",
        ) from error
    except Exception as error:  # the readers raise nearly anything on a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"{path} cannot be read ({reason[:200]}).", remedy=_DAMAGED) from error
    if not signals:
        raise ImageError(f"{path} holds no image.", remedy="Spectra and tables are not read here.")
    return signals, tuple(dict.fromkeys(str(one.message).rstrip(".") for one in caught))


def read_signal(path: Path, name: str | None = None) -> tuple[Signal, tuple[str, ...]]:
    """Open one image of a file.

    Parameters
    ----------
    path : Path
        The file.
    name : str, optional
        Which; it may be left out where there is only one.

    Returns
    -------
    Signal
        The image.
    tuple of str
        What the user should know about the file, each without its name.

    Raises
    ------
    ImageError
        Where `read_signals` raises one, and if the file holds none of that name, or several and none is named.
    ExtraError
        If a package that it needs is not installed.
    """
    signals, said = read_signals(path)
    if name is None:
        if len(signals) == 1:
            return signals[0], said
        raise ImageError(
            f"{path} holds {len(signals)} images: {_listed(signals)}.",
            remedy="Name one: --signal NAME on the command line. napari asks which to open.",
        )
    alike = [one for one in signals if one.name == name] or [
        one for one in signals if one.name.casefold() == name.casefold()
    ]
    if len(alike) != 1:
        raise ImageError(
            f"{path} holds no image named {name!r}, but {_listed(signals)}.", remedy="Give one of these names."
        )
    return alike[0], said


def _opened(reader: Any, path: Path) -> list[dict[str, Any]]:
    """Return what RosettaSciIO makes of a file: a dictionary per signal."""
    options: dict[str, Any] = {}
    match path.suffix.lower():
        case ".dm3" | ".dm4":
            options = {"lazy": True, "chunks": -1}
        case ".mrc":  # files beside it could state other shapes: they are not looked at
            options = {"lazy": True, "chunks": -1, "metadata_file": None}
        case ".emd":  # else groups are stacked whose names begin alike
            options = {"lazy": True, "stack_group": False}
        case ".zspy":
            options = {"lazy": True, "mode": "r"}
        case ".hspy":
            options = {"lazy": True}
    found: list[dict[str, Any]] = reader.file_reader(str(path), **options)
    return found


def _images(stated: list[dict[str, Any]], path: Path) -> Iterator[Signal]:
    taken: set[str] = set()
    for one in stated:
        if "data" not in one:  # a model of HyperSpy that belongs to no signal
            continue
        data, axes = one["data"], tuple(axis_of(axis) for axis in one["axes"])
        if path.suffix.lower() in _MAPPED and not isinstance(data, np.ndarray):
            data = _mapped(data)
        if not _is_image(data, axes):
            continue
        if data.shape[-1] * data.shape[-2] > LARGEST_FRAME:
            raise ImageError(
                f"{path} claims an image of {data.shape[-2]} x {data.shape[-1]} pixels.",
                remedy=f"Images have at most {LARGEST_FRAME:,} pixels; crop it.",
            )
        name = _different(_title(one) or path.stem, taken)
        taken.add(name.casefold())
        yield Signal(name, data, _with_true_offsets(one, _without_false_scale(one, axes)))


def _mapped(data: "Array") -> AnyArray:
    """Map a file into memory, which reads no pixel but shows whether the file is as long as it says."""
    (block,) = data.to_delayed().ravel()  # computing the array itself would copy it
    mapped: AnyArray = block.compute(scheduler="synchronous")
    return mapped


def _is_image(data: Any, axes: Sequence[Axis]) -> bool:
    """Tell whether an array of numbers has two axes of places or of a detector last, and none of energies."""
    if data.ndim < 2 or data.ndim != len(axes) or data.dtype.kind not in "biufc" or 0 in data.shape:
        return False
    is_spectrum = any(axis.is_energy for axis in axes) or sum(axis.is_signal for axis in axes) == 1
    return not is_spectrum


def _title(stated: dict[str, Any]) -> str:
    title = stated.get("metadata", {}).get("General", {}).get("title", "")
    return " ".join(title.split())[:_LONGEST_TITLE] if isinstance(title, str) else ""


def _different(title: str, taken: set[str]) -> str:
    name, number = title, 1
    while name.casefold() in taken:
        number += 1
        name = f"{title} ({number})"
    return name


def _without_false_scale(stated: dict[str, Any], axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """Drop the nanometre per pixel that RosettaSciIO gives MRC files that state no sampling."""
    header = stated.get("original_metadata", {}).get("std_header", {})
    if 0 in (header.get("MX", 1), header.get("MY", 1)):
        return tuple(Axis(axis.name, is_signal=axis.is_signal) for axis in axes)
    return axes


def _with_true_offsets(stated: dict[str, Any], axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """Tell the offsets of TIA's images in the unit of their steps: RosettaSciIO leaves them in metres."""
    header = stated.get("original_metadata", {}).get("ser_header_parameters", {})
    true = list(axes)
    for place, axis in ((-2, "Y"), (-1, "X")):
        offset, step, pixel = (np.ravel(header.get(f"Calibration{of}{axis}", 0.0))[:1] for of in _OF_FIRST_PIXEL)
        with np.errstate(all="ignore"):
            first = float(((offset / step - pixel) * axes[place].scale)[0])
        if math.isfinite(first):
            true[place] = replace(axes[place], offset=float(f"{first:.7g}"))
    return tuple(true)


def _listed(signals: Sequence[Signal]) -> str:
    most = 20
    more = f", and {len(signals) - most} more" if len(signals) > most else ""
    return ", ".join(map(str, signals[:most])) + more
