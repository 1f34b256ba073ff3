"""What the store has of an open layer, and what it lacks: compared by chunks, written where they differ."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable
from itertools import groupby

import numpy as np

from napari_strata.annotation.provenance import EMPTY, Birth, provenance_of_codes
from napari_strata.annotation.store.card import LayerCard
from napari_strata.annotation.store.chunks import Box, Chunk, ChunkGrid, DirtyChunks
from napari_strata.annotation.store.label_set import LabelSet
from napari_strata.annotation.store.points import PointTable, write_points
from napari_strata.types import NOT_LABELLED, AnyArray

SCAN_TIME = 0.25
"""Longest look at all chunks after a change at an unknown place, per pass [s]."""
IDLE_SCAN_TIME = 0.005
"""Look at some chunks in every pass, for what napari told nobody of, as pixels written by a script [s]."""
_EMPTY_MARK = b""


class FollowedLabels:
    """The codes of a Labels layer, followed by the thread that writes.

    Parameters
    ----------
    card : LayerCard
        What the layer says of itself; whoever watches the layer replaces it.
    codes : ndarray of integers
        Its codes, which somebody changes in place.
    birth : Birth
        How they began.

    Attributes
    ----------
    dirty : DirtyChunks
        Where whoever watches the layer notes what may have changed.
    """

    def __init__(self, card: LayerCard, codes: AnyArray, birth: Birth = EMPTY) -> None:
        self.card, self.codes, self.birth = card, codes, birth
        self._grid = ChunkGrid(codes.shape)
        self.dirty = DirtyChunks(self._grid)
        self._rows = sorted({chunk[:-1] for chunk in self._grid.chunks()})
        self._next_row = self._rows_left = 0
        self._marks: dict[Chunk, bytes] = {}
        self._other_mark: bytes | None = _EMPTY_MARK
        self._with_birth: set[Chunk] = set()
        self._touched: set[Chunk] = set()
        self._painted: dict[Chunk, Counter[int]] = {}

    @property
    def painted(self) -> dict[int, int]:
        """Pixels per mask code, without those not labelled, as they are in the store."""
        counts = sum(self._painted.values(), Counter())
        return dict(sorted(counts.items()))

    @property
    def is_known(self) -> bool:
        """Whether anything of it was compared with the store, or taken for what the store has."""
        return bool(self._marks)

    def has_news(self) -> bool:
        """Return whether anything is labelled since something was noted."""
        return self.dirty.is_noted and bool(np.any(self.codes))

    def assume_written(self) -> None:
        """Take what the layer holds now as what the store has of it."""
        for chunk in self._grid.chunks():
            block = np.array(self.codes[self._grid.box(chunk)])
            self._remember(chunk, block, _mark(block))

    def forget(self) -> None:
        """Take nothing for granted that was written, as after a fault."""
        self._marks.clear()
        self._with_birth.clear()
        self._other_mark = None
        self.dirty.note_all()

    def begin_anew(self, birth: Birth) -> None:
        """Take note that the labels began otherwise, as after an import or when classes get other codes."""
        self.birth = birth
        self.forget()

    def save(self, label_set: LabelSet, *, everything: bool = False) -> bool:
        """Write the chunks that differ from what the store has.

        Parameters
        ----------
        label_set : LabelSet
            Where to.
        everything : bool
            Look at every chunk, however long it takes.

        Returns
        -------
        bool
            Whether anything was written.

        Raises
        ------
        OSError
            If it cannot be; call `forget` then.
        """
        noted, look_at_all = self.dirty.take()
        self._touched.update(noted)
        if look_at_all or everything:
            noted, self._rows_left = list(self._touched), len(self._rows)
        wrote = self._save(noted, label_set)
        end = time.monotonic() + (SCAN_TIME if self._rows_left else IDLE_SCAN_TIME)
        for _ in self._rows:
            wrote |= self._save(self._row(), label_set)
            self._rows_left = max(self._rows_left - 1, 0)
            if (time.monotonic() > end and not everything) or (everything and not self._rows_left):
                break
        return wrote

    def _row(self) -> list[Chunk]:
        row = self._rows[self._next_row]
        self._next_row = (self._next_row + 1) % len(self._rows)
        return [(*row, x) for x in range(-(-self._grid.shape[-1] // self._grid.chunk_shape[-1]))]

    def _save(self, chunks: Iterable[Chunk], label_set: LabelSet) -> bool:
        wrote = False
        for _, row in groupby(sorted(chunks), key=lambda chunk: chunk[:-1]):
            for run in _runs([chunk for chunk in row if self._differs(chunk)]):
                self._write(run, label_set)
                wrote = True
        return wrote

    def _differs(self, chunk: Chunk) -> bool:
        box = self._grid.box(chunk)
        if self.birth.codes is not None and chunk not in self._with_birth and np.any(self.birth.codes[box]):
            return True
        return _mark(np.array(self.codes[box])) != self._marks.get(chunk, self._other_mark)

    def _write(self, run: list[Chunk], label_set: LabelSet) -> None:
        """Write neighbours along a row, with the pixels as they are now."""
        boxes = [self._grid.box(chunk) for chunk in run]
        box: Box = (*boxes[0][:-1], slice(boxes[0][-1].start, boxes[-1][-1].stop))
        codes = np.array(self.codes[box])
        born = None if self.birth.codes is None else self.birth.codes[box]
        provenance = provenance_of_codes(codes, self.birth, born)
        label_set.arrays.write(self.card.key, box, codes, provenance, born)
        first = box[-1].start
        for chunk, (*_, columns) in zip(run, boxes, strict=True):
            block = np.ascontiguousarray(codes[..., columns.start - first : columns.stop - first])
            self._remember(chunk, block, _mark(block))

    def _remember(self, chunk: Chunk, block: AnyArray, mark: bytes) -> None:
        self._marks[chunk] = mark
        self._with_birth.add(chunk)
        self._painted[chunk] = _count(block)


class FollowedPoints:
    """A Points layer, followed by the thread that writes.

    Parameters
    ----------
    card : LayerCard
        What the layer says of itself.
    points : PointTable
        A copy of its points; whoever watches the layer replaces it.
    """

    def __init__(self, card: LayerCard, points: PointTable) -> None:
        self.card, self.points = card, points
        self._written: PointTable | None = None

    @property
    def is_known(self) -> bool:
        """Whether the store was brought up to date with it."""
        return self._written is not None

    @property
    def painted(self) -> dict[int, int]:
        """Number of points, under 0."""
        return {0: 0 if self._written is None else len(self._written.positions)}

    def has_news(self) -> bool:
        """Return whether there are points that were not written."""
        return self.points is not self._written and len(self.points.positions) > 0

    def assume_written(self) -> None:
        """Take what the layer holds now as what the store has of it."""
        self._written = self.points

    def forget(self) -> None:
        """Take nothing for granted that was written, as after a fault."""
        self._written = None

    def save(self, label_set: LabelSet, *, everything: bool = False) -> bool:
        """Write the points if they are others than those written.

        Raises
        ------
        OutputError
            If they cannot be written.
        """
        points = self.points
        if points is self._written:
            return False
        write_points(label_set.folder, self.card.key, points)
        self._written = points
        return True


Followed = FollowedLabels | FollowedPoints


def _mark(block: AnyArray) -> bytes:
    """Return what changes when a pixel of a contiguous block does."""
    if not block.any():
        return _EMPTY_MARK
    return hashlib.sha1(block.data, usedforsecurity=False).digest()


def _count(block: AnyArray) -> "Counter[int]":
    if not block.any():
        return Counter()
    if block.dtype == np.uint8:
        counts = np.bincount(block.ravel())
        return Counter({code: int(n) for code, n in enumerate(counts) if n and code != NOT_LABELLED})
    codes, numbers = np.unique(block, return_counts=True)
    return Counter({int(code): int(n) for code, n in zip(codes, numbers, strict=True) if code != NOT_LABELLED})


def _runs(chunks: list[Chunk]) -> Iterable[list[Chunk]]:
    """Cut a row of chunks into runs of neighbours."""
    runs: list[list[Chunk]] = []
    for chunk in chunks:
        if runs and runs[-1][-1][-1] + 1 == chunk[-1]:
            runs[-1].append(chunk)
        else:
            runs.append([chunk])
    return runs
