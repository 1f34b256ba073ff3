"""Writes whole slices of codes into a Labels layer as one step that napari can undo."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.layer_data import full_data

if TYPE_CHECKING:
    from napari.layers import Labels

Slices = Iterable[tuple[tuple[int, ...], AnyArray]]
"""Place of each slice along the leading axes, () in an array (y, x), and its codes, shape (y, x)."""


def write_step(labels: "Labels", slices: Slices) -> int:
    """Write codes as one undo step, all of them or none.

    Indices are kept in the smallest type that holds them, because napari keeps those of every step.

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

    Raises
    ------
    LabelsError
        If the layer cannot be written to.
    """
    data = full_data(labels)
    if isinstance(data, np.ndarray) and not data.flags.writeable:
        raise LabelsError(f"{labels.name} can be read only.", remedy="Duplicate the layer and change the copy.")
    parts = [part for place, codes in slices if len((part := _changes(data, place, codes))[1])]
    with sliced(labels), labels.block_history():
        for index, codes in parts:
            labels.data_setitem(index, codes, refresh=False)
        labels.refresh(extent=False)
    return sum(len(codes) for _index, codes in parts)


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


def _changes(data: AnyArray, place: tuple[int, ...], codes: AnyArray) -> tuple[tuple[AnyArray, ...], AnyArray]:
    """Return the indices of the pixels of a slice that get another code, and those codes."""
    rows, columns = np.nonzero(np.asarray(data[place]) != codes)
    index = (*(np.full(len(rows), axis) for axis in place), rows, columns)
    small = tuple(axis.astype(np.min_scalar_type(length)) for axis, length in zip(index, data.shape, strict=True))
    return small, codes[rows, columns]
