"""Draws the next batch in a thread of its own while the network learns from the one before."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from napari_strata.training.patches.batches import Batch, PatchSource


class Feeder:
    """Keeps one batch ahead; a context manager that ends its thread.

    The source is drawn from between `prepare` and `take` only, so that corrections may change it between `take`
    and the next `prepare`.

    Parameters
    ----------
    source : PatchSource
        Where patches come from.
    items : sequence of int
        Places of the batch that are drawn here; all of them unless several processes share the batch.

    Attributes
    ----------
    waited : float
        Time for which the last `take` had to wait [s].
    """

    def __init__(self, source: PatchSource, items: Sequence[int]) -> None:
        self.waited = 0.0
        self._source = source
        self._items = items
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="strata-feed")
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="strata-held-out")
        self._next: Future[Batch] | None = None
        self._held_out: Future[list[Batch]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._aside.shutdown(wait=False, cancel_futures=True)  # what it draws may take longer than a stop

    def prepare(self, step: int) -> None:
        """Begin to draw the batch of a step."""
        self._next = self._thread.submit(self._draw, step, self._items)

    def take(self) -> Batch:
        """Return the batch that was prepared."""
        assert self._next is not None, "prepare first"
        start = time.perf_counter()
        batch = self._next.result()
        self.waited = time.perf_counter() - start
        self._next = None
        return batch

    def prepare_held_out(self) -> None:
        """Begin to draw what is validated on, once; whoever asks the source for it earlier waits."""
        if self._held_out is None:
            self._held_out = self._aside.submit(self._source.held_out)

    @property
    def has_held_out(self) -> bool:
        """Whether what is validated on is there already."""
        return self._held_out is not None and self._held_out.done()

    def draw(self, step: int, items: Sequence[int]) -> Batch:
        """Return places of the batch of any step, after the one that is being prepared."""
        return self._thread.submit(self._draw, step, items).result()

    def _draw(self, step: int, items: Sequence[int]) -> Batch:
        return Batch.of([self._source.patch(step, item) for item in items])
