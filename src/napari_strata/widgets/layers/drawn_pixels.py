"""Pixels that were drawn together with a note on them, and what undo makes of both."""

import weakref
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.types import AnyArray
from napari_strata.widgets.layers.layer_data import full_data

if TYPE_CHECKING:
    from napari.layers import Labels


class DrawnPixels:
    """Pixels of a Labels layer that were 0 before something was drawn.

    Undo makes them 0 again, and redo brings them back; napari tells of neither, so they are looked at.

    Parameters
    ----------
    labels : Labels
        The layer; nothing keeps it alive here.
    indices : tuple of ndarray
        Where they are in its data.
    """

    def __init__(self, labels: "Labels", indices: tuple[AnyArray, ...]) -> None:
        self._labels = weakref.ref(labels)
        self._shape = full_data(labels).shape
        self._indices = tuple(
            axis.astype(np.min_scalar_type(length)) for axis, length in zip(indices, self._shape, strict=True)
        )

    @property
    def are_there(self) -> bool:
        """Whether anything is drawn there, or nobody can tell."""
        labels = self._labels()
        if labels is None or not len(self._indices[0]) or full_data(labels).shape != self._shape:
            return True
        return bool(np.any(full_data(labels)[self._indices]))
