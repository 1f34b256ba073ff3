"""Masks as runs of equal pixels, so that what was asked fits into a map's metadata."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import TargetError


def to_runs(codes: NDArray[Any]) -> dict[str, Any]:
    """Return a mask of shape (y, x) as runs, row after row, ready for JSON: shape, values and lengths."""
    flat = codes.ravel().astype(np.uint8)
    starts = np.flatnonzero(np.diff(flat, prepend=flat[:1] + 1))
    lengths = np.diff(starts, append=flat.size)
    return {"shape": list(codes.shape), "values": flat[starts].tolist(), "lengths": lengths.tolist()}


def from_runs(runs: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Return the mask of runs.

    Raises
    ------
    TargetError
        If they do not make one.
    """
    try:
        height, width = (int(side) for side in runs["shape"])
        values, lengths = np.asarray(runs["values"], np.uint8), np.asarray(runs["lengths"], np.int64)
        if values.shape != lengths.shape or (lengths < 1).any() or lengths.sum() != height * width:
            raise ValueError("the lengths do not fill the shape")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise TargetError(
            f"A mask in the map's metadata cannot be read: {error}.",
            remedy="Explain the region anew; the metadata were changed by another program.",
        ) from error
    return np.repeat(values, lengths).reshape(height, width)
