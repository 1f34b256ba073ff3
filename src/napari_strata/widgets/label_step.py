"""Writes whole slices of codes into a Labels layer as one step that napari can undo."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.types import AnyArray
from napari_strata.widgets.layer_data import full_data

if TYPE_CHECKING:
    from napari.layers import Labels

Slices = Iterable[tuple[tuple[int, ...], AnyArray]]
"""Place of each slice along the leading axes, () in an array (y, x), and its codes, shape (y, x)."""


def write_step(labels: "Labels", slices: Slices) -> int:
    """Write codes as one undo step.

    Indices are kept in the smallest type that holds them, because napari keeps those of every step, and slices are
    written one by one, so that they may be made only when they are needed.

    Parameters
    ----------
    labels : Labels
        The layer; one that is hidden stays hidden.
    slices : iterable of (place, codes)
        What to write.

    Returns
    -------
    int
        How many pixels have another code now.
    """
    data, changed = full_data(labels), 0
    with sliced(labels), labels.block_history():
        for place, codes in slices:
            rows, columns = np.nonzero(data[place] != codes)
            changed += len(rows)
            if len(rows):
                index = (*(np.full(len(rows), axis) for axis in place), rows, columns)
                small = tuple(_smallest(axis, length) for axis, length in zip(index, data.shape, strict=True))
                labels.data_setitem(small, codes[rows, columns], refresh=False)
        labels.refresh(extent=False)
    return changed


def slices_of(labels: "Labels") -> Iterator[tuple[tuple[int, ...], AnyArray]]:
    """Yield the place and the codes of each slice, shape (y, x)."""
    data = full_data(labels)
    for place in np.ndindex(data.shape[:-2]):
        yield place, np.asarray(data[place])


@contextmanager
def sliced(labels: "Labels") -> Iterator[None]:
    """Show a layer meanwhile: `data_setitem` writes into the slice on the screen, which a hidden layer has not."""
    was_visible = labels.visible
    labels.visible = True
    try:
        yield
    finally:
        labels.visible = was_visible


def _smallest(index: AnyArray, length: int) -> AnyArray:
    return index.astype(np.min_scalar_type(length))
