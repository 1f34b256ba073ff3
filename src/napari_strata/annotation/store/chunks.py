"""Which parts of labels may have changed: chunks, noted at almost no cost while somebody paints."""

import itertools
import threading
import time
from collections.abc import Iterator

SIDE = 512
"""Side of a chunk [px]."""
SETTLING = 0.2
"""napari tells of a stroke before it writes its pixels; what was noted more recently is looked at twice [s]."""

Chunk = tuple[int, ...]
"""Index of a chunk along each axis."""
Box = tuple[slice, ...]
"""A part of an array, one slice per axis."""


class ChunkGrid:
    """Cuts an array into chunks, one slice thick along all axes but the last two.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.chunk_shape = tuple(1 if axis < len(shape) - 2 else min(SIDE, n) for axis, n in enumerate(shape))

    def __len__(self) -> int:
        """Return how many chunks there are."""
        number = 1
        for n, side in zip(self.shape, self.chunk_shape, strict=True):
            number *= -(-n // side)
        return number

    def chunks(self, box: Box | None = None) -> Iterator[Chunk]:
        """Return the chunks that meet a box, or all, in the order of memory."""
        slices = box or tuple(slice(None) for _ in self.shape)
        ranges = []
        for part, n, side in zip(slices, self.shape, self.chunk_shape, strict=True):
            start, stop, _ = part.indices(n)
            ranges.append(range(start // side, -(-stop // side)) if stop > start else range(0))
        return itertools.product(*ranges)

    def box(self, chunk: Chunk) -> Box:
        """Return the part of the array that a chunk covers."""
        starts = [index * side for index, side in zip(chunk, self.chunk_shape, strict=True)]
        ends = [min(start + side, n) for start, side, n in zip(starts, self.chunk_shape, self.shape, strict=True)]
        return tuple(slice(start, end) for start, end in zip(starts, ends, strict=True))


class DirtyChunks:
    """Chunks to look at; noted by one thread, taken by another.

    Parameters
    ----------
    grid : ChunkGrid
        The chunks of the array.
    """

    def __init__(self, grid: ChunkGrid) -> None:
        self.grid = grid
        self._lock = threading.Lock()
        self._noted: dict[Chunk, float] = {}
        self._all = False

    def note(self, box: Box) -> None:
        """Note that a part of the array is changing."""
        now = time.monotonic()
        with self._lock:
            for chunk in self.grid.chunks(box):
                self._noted[chunk] = now

    def note_all(self) -> None:
        """Note that something has changed, nobody knows where."""
        with self._lock:
            self._all = True

    @property
    def is_noted(self) -> bool:
        """Whether there is anything to look at."""
        return self._all or bool(self._noted)

    def take(self) -> tuple[list[Chunk], bool]:
        """Return the noted chunks, and whether all should be looked at."""
        settled = time.monotonic() - SETTLING
        with self._lock:
            noted = list(self._noted)
            self._noted = {chunk: when for chunk, when in self._noted.items() if when > settled}
            look_at_all, self._all = self._all, False
        return noted, look_at_all
