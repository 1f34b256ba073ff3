"""TIFF files: frames and their calibration in, arrays of named axes out."""

import contextlib
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from napari_strata.io.calibration import PixelSides, agree, in_angstrom, words_for_oblong
from napari_strata.io.files import replacing
from napari_strata.io.tif_vendors import vendor_sides
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    import numpy as np
    from tifffile import TiffFile

PixelSize = float | tuple[float, float] | None
_FINEST_IN_TAG = 0.03
"""Pixel size [Å/px] below which the tag, a fraction of 32-bit numbers per cm, would overflow."""

_UNIT_OF_TAG = {3: "cm", 4: "mm", 5: "um"}


class TruncatedTif(ValueError):
    """The chain of pages leads beyond the end of the file."""


@dataclass(frozen=True, slots=True)
class TifHeader:
    """What a TIFF file says of its first image series.

    Attributes
    ----------
    shape : tuple of int
        Length of each axis.
    axes : str
        One letter per axis as in tifffile; S stands for colour samples.
    dtype : dtype
        Type of the pixels.
    pixel_size : float or None
        Pixel size [Å/px]; None where the file states none in metric units.
    warnings : tuple of str
        What was passed over.
    sides : tuple of float or None
        Height and width of pixels that are not square [Å].
    """

    shape: tuple[int, ...]
    axes: str
    dtype: "np.dtype[Any]"
    pixel_size: float | None
    warnings: tuple[str, ...]
    sides: PixelSides | None = None


def read_tif(path: Path) -> tuple[AnyArray, TifHeader]:
    """Read the first image series of a TIFF file.

    Returns
    -------
    ndarray
        The pixels, with the axes that the header declares.
    TifHeader
        The header.

    Raises
    ------
    TruncatedTif
        If pages are missing at the end.
    Exception
        Whatever tifffile raises on a damaged file.
    """
    with _opened(path) as (tif, complaints):
        data = tif.series[0].asarray()
        return data, _header(tif, complaints)


def read_tif_header(path: Path) -> TifHeader:
    """Read what a TIFF file says of its first image series, and none of its pixels.

    Raises
    ------
    TruncatedTif
        If pages are missing at the end.
    Exception
        Whatever tifffile raises on a damaged file.
    """
    with _opened(path) as (tif, complaints):
        return _header(tif, complaints)


def write_tif(
    path: Path,
    data: AnyArray,
    axes: str,
    *,
    pixel_size: float | None = None,
    about: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write an array so that ``tifffile.imread`` returns it in the same shape, axes of length 1 included.

    Parameters
    ----------
    path : Path
        File to write.
    data : ndarray
        Any real number type.
    axes : str
        One letter per axis: T frame, Z crystal layer, C class, Y, X.
    pixel_size : float, optional
        Pixel size [Å/px]: exact in the description, and as resolution per cm for other programs.
    about : mapping
        What else the description says, ready for JSON.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import tifffile

    metadata: dict[str, Any] = {"axes": axes, **about}
    options: dict[str, Any] = {"compression": "zlib"} if data.dtype.itemsize == 1 else {}
    if pixel_size is not None:
        metadata["pixel_size_A"] = pixel_size
        if pixel_size > _FINEST_IN_TAG:
            options |= {"resolution": (1e8 / pixel_size,) * 2, "resolutionunit": "CENTIMETER"}
    with replacing(path) as temporary:
        tifffile.imwrite(temporary, data, photometric="minisblack", metadata=metadata, **options)


@contextlib.contextmanager
def _opened(path: Path) -> "Iterator[tuple[TiffFile, list[str]]]":
    """Open a file and the list of what tifffile complains of."""
    import tifffile

    with _complaints() as complaints, tifffile.TiffFile(path) as tif:
        yield tif, complaints


def _header(tif: "TiffFile", complaints: list[str]) -> TifHeader:
    series = tif.series[0]
    shape, axes = series.shape, series.axes
    pixel_size, sides = _square(_pixel_size(tif))
    warnings: tuple[str, ...] = () if sides is None else (words_for_oblong(sides),)
    if any("invalid page offset" in complaint for complaint in complaints):
        raise TruncatedTif("pages are missing at its end")
    if any("invalid value offset" in complaint for complaint in complaints):
        warnings += ("part of its header is missing or damaged",)
    if series.kind == "shaped" and axes == "SYX":  # what tifffile makes of any 3 or 4 frames of integers
        axes = "TYX"
        warnings += (f"it calls its {shape[0]} frames colours; they are taken as frames",)
    if len(tif.series) > 1:
        warnings += (f"it holds {len(tif.series)} image series, of which the first is used",)
    return TifHeader(shape, axes, series.dtype, pixel_size, warnings, sides)


def _pixel_size(tif: "TiffFile") -> PixelSize:
    shaped = tif.shaped_metadata
    if shaped and "pixel_size_A" in shaped[0]:
        return in_angstrom(float(shaped[0]["pixel_size_A"]), "Å")
    if tif.ome_metadata:
        return _from_ome(tif.ome_metadata)
    if tif.imagej_metadata:
        return _from_tags(tif, _imagej_unit(tif.imagej_metadata))
    if (sides := vendor_sides(tif)) is not None:
        return sides
    tag = tif.pages[0].tags.get("ResolutionUnit")
    return _from_tags(tif, _UNIT_OF_TAG.get(int(tag.value), "") if tag else "")


def _from_ome(xml: str) -> PixelSize:
    pixels = next((e for e in ElementTree.fromstring(xml).iter() if e.tag.endswith("}Pixels")), None)
    if pixels is None or "PhysicalSizeX" not in pixels.attrib:
        return None
    sizes = (
        in_angstrom(float(pixels.get(f"PhysicalSize{axis}", "nan")), pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        for axis in "YX"
    )
    y, x = sizes
    return x if y is None or x is None else (y, x)


def _imagej_unit(metadata: dict[str, Any]) -> str:
    unit = str(metadata.get("unit", ""))
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), unit)


def _from_tags(tif: "TiffFile", unit: str) -> PixelSize:
    tags = tif.pages[0].tags
    if "XResolution" not in tags or "YResolution" not in tags:
        return None
    fractions = (tags["YResolution"].value, tags["XResolution"].value)
    if any(numerator == 0 for numerator, _ in fractions):
        return None
    y, x = (in_angstrom(denominator / numerator, unit) for numerator, denominator in fractions)
    return None if y is None or x is None else (y, x)


def _square(size: PixelSize) -> tuple[float | None, PixelSides | None]:
    """Return the side of square pixels, or both sides of others."""
    if not isinstance(size, tuple):
        return size, None
    return (size[1], None) if agree(*size) else (None, size)


@contextlib.contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what tifffile would log: it reports missing pages nowhere else."""
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("tifffile")
    propagate = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
