"""Counts the painted pixels of a Labels layer while somebody paints on it."""

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_strata.annotation.counts import PixelCounts
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.label_history import Change
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.world import from_world
from napari_strata.widgets.parts.connections import LayerFollower, connect_while_alive

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

TELL_AFTER = 100
"""Time in which several strokes are told of together [ms]."""
_BREATH = 20
"""Pause in a long count, in which napari draws and takes strokes [ms]."""
_BUDGET = 0.008
"""Time after which a long count pauses [s]."""


class PaintCounter(QObject):
    """Knows how many pixels of the shown slice, and of all slices, carry each code.

    A stroke is followed by the pixels that it changed. Undo, redo and other data are not told of, so the shown
    slice is counted again, and then, a few milliseconds at a time, all others.

    Parameters
    ----------
    viewer : Viewer
        The viewer that shows the slice.
    parent : QObject
        The object to whose life the counter is tied.
    """

    counted = Signal(object, object)
    """Numbers by code, shape (256,), of the shown slice, and of all slices or None while those are counted."""

    def __init__(self, viewer: "Viewer", parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._counts = PixelCounts(1)
        self._largest = 0
        self._waiting: list[int] = []
        self._shown = 0
        self._strokes = LayerFollower(self, self._on_paint, "paint")
        self._refreshes = LayerFollower(self, self._on_refresh, "set_data")
        self._teller = self._timer(TELL_AFTER, self._tell)
        self._worker = self._timer(_BREATH, self._work)
        connect_while_alive(self, self._on_slice, viewer.dims.events.current_step)

    def follow(self, labels: "Labels | None", *, largest: int = 0) -> None:
        """Count another layer, whose codes go up to `largest`, or none."""
        self._largest = largest
        self._strokes.follow(labels)
        self._refreshes.follow(labels)
        self._counts, self._waiting = PixelCounts(1), []
        if labels is not None:
            self._counts = PixelCounts(_slices(labels))
            self._count_anew()

    def _on_paint(self, event: Any) -> None:
        shape = full_data(self._strokes.layer).shape
        for change in map(Change, event.value):
            slices, old, new = _pixels(change, shape)
            self._counts.change(slices, old, new)
        self._teller.start()

    def _on_refresh(self, _event: object = None) -> None:
        if self._slice() != self._shown:
            self._on_slice()
        else:
            self._count_anew()

    def _on_slice(self, _event: object = None) -> None:
        """Tell of another slice; none has changed by being shown."""
        if self._strokes.layer is not None:
            self._shown = self._slice()
            self._teller.start()

    def _count_anew(self) -> None:
        slices = _slices(self._strokes.layer)
        if len(self._counts.table) != slices:  # other data altogether
            self._counts = PixelCounts(slices)
        self._shown = self._slice()
        self._waiting = [index for index in range(slices - 1, -1, -1) if index != self._shown] + [self._shown]
        self._worker.start()

    def _work(self) -> None:
        """Count slices for a few milliseconds, the shown one first."""
        labels, start = self._strokes.layer, perf_counter()
        if labels is None:
            return
        data = full_data(labels)
        while self._waiting and perf_counter() - start < _BUDGET:
            index = self._waiting.pop()
            codes = np.asarray(data[np.unravel_index(index, data.shape[:-2])] if data.ndim > 2 else data)
            self._counts.count(index, codes, largest=self._largest)
        if self._waiting:
            self._worker.start()
        self._teller.start()

    def _tell(self) -> None:
        if self._strokes.layer is not None:
            table = self._counts.table
            is_complete = not self._waiting and bool(self._counts.is_counted.all())
            self.counted.emit(table[self._shown].copy(), table.sum(axis=0) if is_complete else None)

    def _slice(self) -> int:
        labels = self._strokes.layer
        shape = full_data(labels).shape[:-2]
        if not shape or self._viewer.dims.ndim < labels.ndim:  # the latter while layers come or go
            return 0
        place = np.rint(from_world(labels, self._viewer, self._viewer.dims.point)[: len(shape)]).astype(int)
        return int(np.ravel_multi_index(tuple(np.clip(place, 0, np.array(shape) - 1)), shape))

    def _timer(self, interval: int, slot: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(slot)
        return timer


def _slices(labels: "Labels") -> int:
    return int(np.prod(full_data(labels).shape[:-2]))


def _pixels(change: Change, shape: tuple[int, ...]) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return the slice, the old code and the new code of each pixel that changed."""
    if isinstance(change.index[0], slice):
        box = tuple(s.stop - s.start for s in change.index)
        mask = np.ones(box, bool) if change.mask is None else change.mask
        places = [axis + s.start for axis, s in zip(np.nonzero(mask), change.index, strict=True)]
        old = change.old.ravel() if change.mask is None else change.old
    else:
        places, old = [np.asarray(axis) for axis in change.index], change.old
    leading = shape[:-2]
    slices = np.zeros(len(places[0]), np.int64)
    for axis, length in zip(places, leading, strict=False):
        slices = slices * length + axis
    return slices, old, np.broadcast_to(change.new, old.shape)
