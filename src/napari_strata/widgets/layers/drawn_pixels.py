"""Pixels that were drawn together with a note on them, and what undo makes of both."""

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.types import NOT_LABELLED, AnyArray
from napari_strata.widgets.layers.layer_data import full_data

if TYPE_CHECKING:
    from napari.layers import Labels


class DrawnPixels:
    """Pixels of a Labels layer, and what they were before something was drawn.

    Undo makes them that again, and redo brings them back; napari tells of neither, so they are looked at whenever
    the layer is drawn. What somebody paints there after undo is not what was drawn.

    Parameters
    ----------
    labels : Labels
        The layer; nothing keeps it alive here.
    indices : tuple of ndarray
        Where they are in its data.
    before : ndarray of int
        What they were.
    told : callable, optional
        Called when they go and when they come back, with the layer, the indices of those that nobody had labelled,
        and whether they are there.
    """

    def __init__(
        self,
        labels: "Labels",
        indices: tuple[AnyArray, ...],
        before: AnyArray,
        told: "Callable[[Labels, tuple[AnyArray, ...], bool], None] | None" = None,
    ) -> None:
        self._labels, self._told = weakref.ref(labels), told
        self._shape = full_data(labels).shape
        self._indices = tuple(
            axis.astype(np.min_scalar_type(length)) for axis, length in zip(indices, self._shape, strict=True)
        )
        self._before = np.array(before)
        self._drawn = np.array(full_data(labels)[self._indices])
        self._are_gone = False
        labels.events.set_data.connect(self._look)

    @property
    def are_there(self) -> bool:
        """Whether they are still drawn, or nobody can tell."""
        self._look()
        return not self._are_gone

    def is_lost_in(self, labels: "Labels") -> bool:
        """Tell whether undo took them out of a layer in which something else is to be drawn: no redo follows."""
        return self._labels() is labels and not self.are_there

    def _look(self, _event: Any = None) -> None:
        labels = self._labels()
        if labels is None or not len(self._indices[0]) or full_data(labels).shape != self._shape:
            return
        now = np.asarray(full_data(labels)[self._indices])
        was_gone = self._are_gone
        if was_gone:
            self._are_gone = not np.array_equal(now, self._drawn)
        else:
            self._are_gone = bool(((now == self._before) | (now == NOT_LABELLED)).all())
        if self._told is not None and self._are_gone != was_gone:
            fresh = self._before == NOT_LABELLED
            self._told(labels, tuple(axis[fresh] for axis in self._indices), not self._are_gone)
