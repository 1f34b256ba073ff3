"""The mask pictures of Pascal VOC: what occurs in them, counted, whether they hold indices or colours."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_strata.io.labels.guard import refuse
from napari_strata.io.labels.mask_stacks import voc_color
from napari_strata.io.labels.mask_values import whole_numbers
from napari_strata.io.labels.pictures import MaskPicture, read_picture
from napari_strata.types import AnyArray

LARGEST = 2**26
"""Pixels of a mask: 8192 x 8192."""
_MOST_VALUES = 2**15
_ROWS = 512
"""Rows that are counted at a time, to save memory."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value that occurs in a mask.

    Attributes
    ----------
    index : int or None
        The index, or which of VOC's colours it is; None for any other colour.
    color : str
        Its colour, #rrggbb; empty where indices have no colours.
    """

    index: int | None
    color: str


@dataclass(frozen=True, slots=True)
class VocPicture:
    """A mask.

    Attributes
    ----------
    places : ndarray of uint16, shape (y, x)
        Which of `values` each pixel has.
    values : tuple of Value
        What occurs.
    """

    places: NDArray[np.uint16]
    values: tuple[Value, ...]


def read_voc_picture(path: Path) -> VocPicture:
    """Read a mask.

    Raises
    ------
    LabelsError
        If it cannot be read, is larger than 8192 x 8192, is a stack, or has more values than masks have.
    """
    picture = read_picture(path)
    if len(picture.frames) != 1:
        refuse(path, f"it has {len(picture.frames)} frames", "Masks of VOC are single pictures.")
    height, width = picture.frames.shape[1:3]
    if height * width > LARGEST:
        refuse(path, f"it has more than {LARGEST:,} pixels", "Cut the image into parts.")
    places, found = _counted(picture)
    return VocPicture(places, tuple(_value(number, picture) for number in found))


def _value(number: int, picture: MaskPicture) -> Value:
    if picture.is_colour:
        color = f"#{number:06x}"
        return Value(_voc_indices().get(color), color)
    return Value(number, picture.palette[number] if number < len(picture.palette) else "")


def _counted(picture: MaskPicture) -> tuple[NDArray[np.uint16], list[int]]:
    """Return which of the numbers that occur each pixel has, and these numbers in the order of their indices."""
    span = 2**24 if picture.is_colour else 2**16
    occurs = np.zeros(span, bool)
    for rows in _rows(picture):
        if rows.max() >= span:
            refuse(picture.path, f"it holds values up to {rows.max():,}", "Number classes and objects from 1 on.")
        occurs[rows] = True
    found = np.flatnonzero(occurs).tolist()
    if len(found) > _MOST_VALUES:
        refuse(picture.path, f"it has {len(found):,} colours", "It is a photograph; name the mask.")
    if picture.is_colour:
        found.sort(key=lambda number: _voc_indices().get(f"#{number:06x}", len(_voc_indices()) + number))
    place = np.zeros(span, np.uint16)
    place[found] = np.arange(len(found))
    places = np.empty(picture.frames.shape[1:3], np.uint16)
    for number, rows in enumerate(_rows(picture)):
        places[number * _ROWS : (number + 1) * _ROWS] = place[rows]
    return places, found


def _rows(picture: MaskPicture) -> Iterator[AnyArray]:
    """Yield the numbers of a mask a few rows at a time; a colour is the number 0xrrggbb."""
    pixels = picture.frames[0]
    for start in range(0, len(pixels), _ROWS):
        rows = pixels[start : start + _ROWS]
        if not picture.is_colour:
            yield whole_numbers(rows, picture.path)
            continue
        packed = rows[..., 0].astype(np.uint32)
        for sample in (1, 2):
            packed = packed << np.uint32(8) | rows[..., sample]
        yield packed


@cache
def _voc_indices() -> dict[str, int]:
    return {voc_color(index): index for index in range(256)}
