"""The one thread that writes labels to disk; nothing that somebody paints waits for it."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from napari_strata.annotation.store.journal import SetJournal
from napari_strata.errors import OutputError

INTERVAL = 0.5
"""Time between two passes over what may have changed [s]."""
PATIENCE = 20.0
"""Longest time that closing waits for the disk [s]."""
T = TypeVar("T")


class WriterThread:
    """Runs the journals, one pass after the other, and what it is asked to between them."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._journals: list[SetJournal] = []
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def add(self, journal: SetJournal) -> None:
        """Run a journal from now on."""
        self.call(lambda: self._journals.append(journal))

    def remove(self, journal: SetJournal) -> "Future[None]":
        """Close a journal."""

        def close() -> None:
            self._journals.remove(journal)
            journal.close()

        return self.call(close)

    def call(self, function: Callable[[], T]) -> "Future[T]":
        """Run a function in the thread, before the next pass; without one, it begins."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(function())
            except BaseException as error:  # noqa: BLE001 (whoever waits for the result gets it)
                future.set_exception(error)

        self._calls.put(run)
        self._wake.set()
        if self._thread is None:
            self._is_stopping = False
            self._thread = threading.Thread(target=self._run, name="napari-strata journal", daemon=True)
            self._thread.start()
        return future

    def stop(self, patience: float = PATIENCE) -> None:
        """Do what was asked for, and end; what the thread has not written by then it goes on writing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._is_stopping = True
            self._wake.set()
            thread.join(patience)

    def _run(self) -> None:
        last = time.monotonic()
        while not (self._is_stopping and self._calls.empty()):
            self._wake.wait(max(last + INTERVAL - time.monotonic(), 0.0))
            self._wake.clear()
            while not self._calls.empty():
                self._calls.get()()
            if time.monotonic() >= last + INTERVAL:
                last = time.monotonic()
                for journal in self._journals:
                    journal.tick()


def result_of(future: "Future[Any]") -> Any:
    """Wait for what the thread was asked to do.

    Raises
    ------
    TimeoutError
        If the disk does not answer.
    """
    return future.result(PATIENCE)


def answer_of(future: "Future[Any]") -> Any:
    """Wait for what a user asked the thread to do.

    Raises
    ------
    OutputError
        If the disk does not answer or cannot be written.
    StrataError
        What else is wrong.
    """
    try:
        return result_of(future)
    except OSError as error:  # also where the time is over
        reason = error.strerror or "the disk does not answer"
        raise OutputError(
            f"The labels cannot be written ({reason}).",
            remedy="Make room on the disk, or see that its folder can be reached, and try again.",
        ) from error
