"""What picture files claim to hold, checked before their pixels are decoded."""

import base64
import binascii
import math
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import ImageError, LabelsError
from napari_strata.io.arrays import read_header
from napari_strata.io.labels.guard import refuse
from napari_strata.io.labels.rle import MaskBudget

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffFrame, TiffPage

_LARGEST_BYTES = 2**27
"""Bytes of the pixels of one mask file: 11585 x 11585 codes, or 128 frames of 1024 x 1024."""
_DEFLATED = (8, 32946)
"""TIFF's numbers for zlib."""


def check_claims(path: Path) -> None:
    """Refuse a mask file that would unfold to more pixels than a mask has, or than it claims.

    Raises
    ------
    LabelsError
        If it would, or cannot be read.
    """
    _claimed(path)
    if path.suffix.lower() != ".png":
        _check_segments(path)


def check_together(files: Sequence[Path], budget: MaskBudget) -> None:
    """Refuse mask files that claim more pixels together than can be read, before any is decoded.

    Raises
    ------
    LabelsError
        If they do, or the header of one cannot be read.
    """
    claimed = sum(_claimed(file) for file in files)
    if claimed > budget.pixels:
        refuse(budget.path, f"its masks have {claimed:,} pixels, more than {budget.pixels:,}", "Read it in parts.")


def claimed_pixels(encoded: str) -> int:
    """Return how many pixels a PNG in base64 claims; none where it is none."""
    head = encoded[:32].encode("ascii", "replace")
    try:
        width, height = struct.unpack(">II", base64.b64decode(head)[16:24])
    except (binascii.Error, struct.error):
        return 0
    return int(width * height)


@contextmanager
def large_pictures() -> Iterator[None]:
    """Keep Pillow from warning of pictures that are large but were checked here."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def _claimed(path: Path) -> int:
    """Return how many pixels a mask file claims to have, if that is credible."""
    with large_pictures():
        try:
            header = read_header(path)
        except ImageError as error:
            raise LabelsError(error.message, remedy=error.remedy) from error
    if float(np.prod(header.shape, dtype=np.float64)) * header.dtype.itemsize > _LARGEST_BYTES:
        shape = " x ".join(str(length) for length in header.shape)
        refuse(path, f"it claims {shape} numbers of {header.dtype}", "Save it in parts, or as 8-bit codes.")
    return math.prod(header.shape[: len(header.shape) - header.is_colour])


def _check_segments(path: Path) -> None:
    """Refuse a TIFF whose packed segments unfold to more than their pixels: tifffile would unfold them whole."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as tif:
            for page in tif.series[0].pages:
                if page is not None and int(page.compression) in _DEFLATED:
                    most = math.prod(page.chunks) * page.dtype.itemsize + 64
                    _check_unfolded(tif, page, most)
    except LabelsError:
        raise
    except Exception as error:  # tifffile raises nearly anything on a damaged file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise LabelsError(
            f"{path} cannot be read ({reason}).", remedy="The file is damaged or was cut short; copy it again."
        ) from error


def _check_unfolded(tif: "TiffFile", page: "TiffPage | TiffFrame", most: int) -> None:
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        tif.filehandle.seek(offset)
        unfolding = zlib.decompressobj()
        unfolding.decompress(tif.filehandle.read(count), most)
        if unfolding.unconsumed_tail:
            refuse(Path(tif.filehandle.path), "a part of it unfolds to more than its pixels", "Do not trust it.")
