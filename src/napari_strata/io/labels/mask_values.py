"""The areas of a mask file, one per value."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_strata.io.labels.guard import refuse
from napari_strata.io.labels.rle import MaskBudget
from napari_strata.io.labels.shapes import PixelMask
from napari_strata.numbers import plain
from napari_strata.types import AnyArray

MOST_CLASSES = 64
"""Values of masks that are classes; where there are more, they are objects."""
_MOST_OBJECTS = 200_000
_ROWS = 512
"""Rows that are numbered at a time."""


def whole_numbers(frames: AnyArray, path: Path) -> AnyArray:
    """Return the values of a mask file as unsigned integers.

    Raises
    ------
    LabelsError
        If they are no whole numbers from 0 to 2^32 - 1.
    """
    if frames.dtype.kind == "b":
        return frames.astype(np.uint8)
    if frames.dtype.kind not in "iuf":
        refuse(path, f"it holds {frames.dtype} values", "Save the mask as integers.")
    low, high = float(frames.min()), float(frames.max())
    if not (low >= 0 and high < 2**32):
        refuse(
            path,
            f"it holds values from {plain(low, 6)} to {plain(high, 6)}",
            "Masks hold whole numbers from 0 on.",
        )
    if frames.dtype.kind == "u" and frames.dtype.itemsize <= 4:
        return frames
    codes = frames.astype(np.uint32)
    if frames.dtype.kind == "f" and not np.array_equal(codes, frames):
        refuse(path, "it holds values that are no whole numbers", "It is an image; name the mask.")
    return codes


def value_masks(codes: AnyArray, budget: MaskBudget, path: Path) -> Iterator[tuple[int, PixelMask]]:
    """Yield each value of a mask and its pixels, in ascending order.

    Parameters
    ----------
    codes : ndarray of unsigned integers, shape (y, x)
        The mask.
    budget : MaskBudget
        What the masks that are read together may still take.
    path : Path
        The file, for messages.

    Raises
    ------
    LabelsError
        If the values are spread as those of images are, or take more memory than is left.
    """
    from scipy.ndimage import find_objects

    values = _values(codes, path)
    windows = find_objects(_numbered(codes, values))
    spread = sum((window[0].stop - window[0].start) * (window[1].stop - window[1].start) for window in windows)
    if len(values) > MOST_CLASSES and spread > MOST_CLASSES * codes.size:
        refuse(path, f"its {len(values):,} values are spread as those of images", "Name the mask.")
    budget.spend(pixels=spread)
    for value, window in zip(values.tolist(), windows, strict=True):
        yield value, PixelMask(window[0].start, window[1].start, codes[window] == value)


def _values(codes: AnyArray, path: Path) -> AnyArray:
    """Return the different values, a few rows at a time; numpy's unique takes a minute where nearly all differ."""
    values = codes[:0].ravel()
    for start in range(0, len(codes), _ROWS):
        found = np.sort(codes[start : start + _ROWS], axis=None)
        found = np.sort(np.concatenate([values, found[_is_new(found)]]))
        values = found[_is_new(found)]
        if len(values) > _MOST_OBJECTS:
            refuse(path, f"it holds more than {_MOST_OBJECTS:,} values", "It is an image; name the mask.")
    return values


def _is_new(ascending: AnyArray) -> NDArray[np.bool_]:
    return np.concatenate([[True], ascending[1:] != ascending[:-1]])


def _numbered(codes: AnyArray, values: AnyArray) -> AnyArray:
    """Return the place of each pixel's value among the values, from 1, a few rows at a time to save memory."""
    kind = np.uint8 if len(values) < 2**8 else np.uint16 if len(values) < 2**16 else np.int32
    numbered = np.empty(codes.shape, kind)
    if codes.dtype.itemsize <= 2:
        place = np.zeros(int(values[-1]) + 1, kind)
        place[values] = np.arange(1, len(values) + 1)
    for start in range(0, len(codes), _ROWS):
        rows = codes[start : start + _ROWS]
        known = codes.dtype.itemsize <= 2
        numbered[start : start + _ROWS] = place[rows] if known else np.searchsorted(values, rows) + 1
    return numbered
