"""What of a Labels layer differs from what a running training knows of it, found a few milliseconds at a time."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.annotation.provenance import Provenance, provenance_of_codes, without
from napari_strata.annotation.store.chunks import Box, Chunk, ChunkGrid, DirtyChunks
from napari_strata.requests import Correction
from napari_strata.types import NOT_LABELLED, LabelArray
from napari_strata.widgets.journal.watch import EditNotes
from napari_strata.widgets.layers.label_birth import birth_of
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.world import from_world

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

QUIET = 0.3
"""A stroke is over when nothing has been painted for so long [s]."""
Known = Callable[[int], LabelArray | None]
"""Gives what was known of a slice at first, shape (y, x); None where nothing was labelled."""


class LabelChanges:
    """Compares a Labels layer with what was learned of it, chunk by chunk.

    Parameters
    ----------
    viewer : Viewer
        Where it is shown.
    labels : Labels
        The layer, (y, x) or (frame, y, x).
    layer : int
        Its crystal layer.
    largest : int
        Largest code that the network knows; larger ones are taken for not labelled.
    without_model : bool
        Whether labels that a network drew, and nobody corrected, are taken for not labelled.
    known : callable or None
        What the training knows of it; None takes what the layer holds now, which is learned only where it changes.

    Attributes
    ----------
    strange : int
        A code larger than the largest that was found; 0 where there is none.
    """

    def __init__(
        self,
        viewer: "Viewer",
        labels: "Labels",
        *,
        layer: int,
        largest: int,
        without_model: bool = False,
        known: Known | None = None,
    ) -> None:
        self.napari_layer, self.layer = labels, layer
        self.strange = 0
        self._viewer = viewer
        self._largest = largest
        self._without_model = without_model
        self._grid = ChunkGrid(full_data(labels).shape)
        self._dirty = DirtyChunks(self._grid)
        self._notes = EditNotes(viewer, labels, self._dirty)
        self._queue: dict[Chunk, None] = {}
        self._known: dict[Chunk, LabelArray] = {}
        self._at_first: Known = known or (lambda _frame: None)
        if known is None:
            self._know_all()
        else:
            self._dirty.note_all()

    @property
    def fits(self) -> bool:
        """Whether the layer still has data of the shape that it had."""
        return full_data(self.napari_layer).shape == self._grid.shape

    def end(self) -> None:
        """Follow the layer no longer."""
        self._notes.end()

    def find(self, until: float) -> Iterator[Correction]:
        """Compare chunks until a time, the noted ones and the slice on the screen first.

        Nothing is compared while a stroke is drawn.

        Parameters
        ----------
        until : float
            By `time.monotonic` [s].
        """
        if time.monotonic() - self._notes.last < QUIET or not self.fits:
            return
        self._take_notes()
        while self._queue and time.monotonic() < until:
            chunk = next(iter(self._queue))
            del self._queue[chunk]
            found = self._compare(chunk)
            if found is not None:
                yield found

    def _take_notes(self) -> None:
        if not self._dirty.is_noted:
            return
        noted, look_at_all = self._dirty.take()
        everything = self._from_the_shown() if look_at_all else []
        self._queue = dict.fromkeys([*noted, *self._queue, *everything])

    def _from_the_shown(self) -> list[Chunk]:
        """Return all chunks, those of the slice on the screen first, then those of its neighbours."""
        if len(self._grid.shape) < 3:
            return list(self._grid.chunks())
        shown = int(np.rint(from_world(self.napari_layer, self._viewer, self._viewer.dims.point)[0]))
        return sorted(self._grid.chunks(), key=lambda chunk: abs(chunk[0] - shown))

    def _compare(self, chunk: Chunk) -> Correction | None:
        box = self._grid.box(chunk)
        frame, (rows, columns) = box[0].start if len(box) > 2 else 0, box[-2:]
        before = self._before(chunk, frame, (rows, columns))
        if (np.asarray(full_data(self.napari_layer)[box]) == before).all():  # as most chunks are
            return None
        now = self._codes(box)
        differs = before != now
        if not differs.any():
            return None
        self._known[chunk] = now
        y, x = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
        inner = slice(y[0], y[-1] + 1), slice(x[0], x[-1] + 1)
        return Correction(frame, self.layer, rows.start + int(y[0]), columns.start + int(x[0]), now[inner].copy())

    def _before(self, chunk: Chunk, frame: int, box: Box) -> LabelArray:
        if chunk in self._known:
            return self._known[chunk]
        at_first = self._at_first(frame)
        return np.zeros((), np.uint8) if at_first is None else at_first[box]

    def _codes(self, box: Box) -> LabelArray:
        """Copy the codes of a chunk, shape (y, x), as far as they are learned from."""
        codes = np.asarray(full_data(self.napari_layer)[box]).reshape(
            [part.stop - part.start for part in box[-2:]]
        )
        if self._without_model:
            birth = birth_of(self.napari_layer)
            born = None if birth.codes is None else birth.codes[box].reshape(codes.shape)
            codes = without(codes, provenance_of_codes(codes, birth, born), (Provenance.MODEL,))
        unknown = (codes > self._largest) | (codes < NOT_LABELLED)
        if unknown.any():
            self.strange = int(codes.max())
            codes = np.where(unknown, NOT_LABELLED, codes)
        return codes.astype(np.uint8)

    def _know_all(self) -> None:
        for chunk in self._grid.chunks():
            if np.any(full_data(self.napari_layer)[self._grid.box(chunk)]):
                self._known[chunk] = self._codes(self._grid.box(chunk))
