"""The thread of a job: how it is begun, what it leaves to the window, how it ends.

Only `runner` uses it; the two are the only place in the project that knows threads.
"""

import atexit
import functools
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from napari.qt.threading import GeneratorWorker, create_worker
from qtpy.QtCore import QThreadPool

from napari_strata.control import JobControl, JobState
from napari_strata.events import FinishReason, JobEnded, JobEvent, StateChanged
from napari_strata.jobs.job import Job

CLOSING_PATIENCE = 20.0
"""Longest time that closing a window waits for a stopped job to save what it has [s]."""
NICENESS = 5
"""Of threads that run jobs; the window's is 0."""
_lock = threading.Lock()
_freezing: list[bool] = []
"""An item for each running job that keeps the garbage collector from collecting fully."""


class JobWorker(GeneratorWorker):
    """A napari worker that is quit through the job's control, so that the job still ends in a stated way."""

    def prepare(self, control: JobControl, stop_wanted: threading.Event, done: threading.Event) -> None:
        """Take what the worker needs to stop its job; called once, before it starts."""
        self._control, self._stop_wanted, self._done = control, stop_wanted, done

    def request_stop(self) -> None:
        """Ask the job to stop; one that has not begun stops as soon as it does."""
        self._stop_wanted.set()
        self._control.request_stop()

    def quit(self) -> None:
        """Stop the job and wait until it has ended; napari calls it when a window with running jobs is closed."""
        self.request_stop()
        if self.is_running:
            self._done.wait(CLOSING_PATIENCE)


@atexit.register
def _end_workers() -> None:
    """Let jobs end before Python does: Qt would take away the signals by which they report."""
    with suppress(RuntimeError):  # one that does not stop in time
        JobWorker.await_workers(round(CLOSING_PATIENCE * 1000))


def _give_way() -> None:
    """Let the window go before this thread, and before those that its libraries will start from it.

    Only Linux gives a thread a niceness of its own, which Qt's thread priorities do not set there. It cannot be
    taken back, so a thread of the pool keeps it.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):  # forbidden, for example in a sandbox
            os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


class _NamedCall(functools.partial):  # type: ignore[type-arg]
    """A partial that shows itself as the job's name where napari prints what it executes."""

    def __repr__(self) -> str:
        return str(self.keywords["name"])


def make_worker(make_job: Callable[[JobControl], Job], control: JobControl, name: str) -> JobWorker:
    """Make the worker of a job; `make_job` is called in its thread."""
    stop_wanted, done = threading.Event(), threading.Event()
    call = _NamedCall(_events, [make_job], control, stop_wanted, done, name=name)
    worker: JobWorker = create_worker(call, _worker_class=JobWorker)
    worker.prepare(control, stop_wanted, done)
    return worker


def _events(
    makers: list[Callable[[JobControl], Job]],
    control: JobControl,
    stop_wanted: threading.Event,
    done: threading.Event,
    *,
    name: str,
) -> Iterator[JobEvent]:
    """Run in the worker thread: pass the job's events on, and end with `JobEnded` even if it cannot be made.

    What makes the job is taken out of `makers`: napari keeps this call for good, and the job's arrays hang on it.
    """
    with _thread_of_its_own(), _no_full_collections() as begin:
        try:
            for event in makers.pop()(control):
                if stop_wanted.is_set():
                    control.request_stop()
                if event == StateChanged(JobState.RUNNING):
                    begin()
                yield event
        except Exception as error:  # noqa: BLE001 (superqt would swallow a RuntimeError and nothing would end it)
            yield JobEnded(FinishReason.FAILED, error=error)
        finally:
            done.set()


@contextmanager
def _thread_of_its_own() -> Iterator[None]:
    """Let the pool, which has one thread per core, start others beside this one; let the window go before it."""
    _change_pool(by=1)
    _give_way()
    try:
        yield
    finally:
        _change_pool(by=-1)


def _change_pool(*, by: int) -> None:
    pool = QThreadPool.globalInstance()
    with _lock:
        pool.setMaxThreadCount(pool.maxThreadCount() + by)


@contextmanager
def _no_full_collections() -> Iterator[Callable[[], None]]:
    """Give a function that puts all that is in memory beyond the reach of the garbage collector, until the end.

    A full collection walks over all of torch and napari and stalls the window for 0.2 to 0.4 s.
    """
    frozen: list[bool] = []

    def begin() -> None:
        frozen.append(True)
        with _lock:
            _freezing.append(True)
            gc.freeze()

    try:
        yield begin
    finally:
        if frozen:
            with _lock:
                _freezing.pop()
                if not _freezing:
                    gc.unfreeze()
