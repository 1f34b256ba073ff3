"""Runs one job at a time in a worker thread; the only place in the project that knows threads.

The job reports by events; they arrive here on the GUI thread, in order, and end with `JobEnded`. Stop, pause and
resume go through the `JobControl`, never through the worker, whose own ``quit`` would drop the job's ending.
"""

import functools
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from napari.qt.threading import GeneratorWorker, create_worker
from napari.utils import progress
from qtpy.QtCore import QObject, QThreadPool, QTimer, Signal, Slot
from qtpy.QtWidgets import QApplication, QLabel, QToolButton

from napari_strata.control import JobControl, JobState, JobStateError
from napari_strata.events import BatchEnded, FinishReason, JobEnded, JobEvent, Progress, StateChanged
from napari_strata.jobs.job import Job

CLOSING_PATIENCE = 20.0
"""Longest time that closing a window waits for a stopped job to save what it has [s]."""

NICENESS = 5
"""Of threads that run jobs; the window's is 0."""

REFRESH = 3000
"""Time between two changes of the bar in the activity dock [ms]."""


class JobRunner(QObject):
    """Starts jobs in a thread and tells the GUI thread what they report.

    Parameters
    ----------
    parent : QObject, optional
        Widget that owns the runner. A job whose runner is destroyed is stopped and keeps what is worth keeping.
    """

    reported = Signal(object)
    """Every `JobEvent` of the job, `JobEnded` included. (A signal cannot be called ``event`` in a QObject.)"""
    state_changed = Signal(object)
    """The new `JobState`, whenever it differs from the one before."""
    ended = Signal(object)
    """The `JobEnded` of the job; the runner is idle again and may start the next."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._control = JobControl()
        self._worker: JobWorker | None = None
        self._state = JobState.IDLE
        self._bar: Any = None
        self._name = ""
        self._progress = (0.0, "")
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH)
        self._timer.timeout.connect(self._show_progress)

    @property
    def state(self) -> JobState:
        """State of the job as far as the GUI has been told."""
        return self._state

    @property
    def is_busy(self) -> bool:
        """Whether a job has been started that has not ended."""
        return self._state is not JobState.IDLE

    def check_idle(self) -> None:
        """Do nothing if a job can be started.

        Raises
        ------
        JobStateError
            If one is still running.
        """
        if self.is_busy:
            raise JobStateError(
                f"{self._name} is still {self._state.value}.", remedy="Stop it, or wait until it has ended."
            )

    def start(self, make_job: Callable[[JobControl], Job], *, name: str) -> None:
        """Start a job in a worker thread.

        Parameters
        ----------
        make_job : callable
            Makes the job from its control. It is called in the worker thread, so that imports made in it do not
            hold the GUI up; it must not touch viewer, layers or widgets.
        name : str
            What the job does, for the activity dock and the question before a window is closed.

        Raises
        ------
        JobStateError
            If a job is still running.
        """
        self.check_idle()
        self._name = name
        self._control = JobControl()
        self._worker = _make_worker(make_job, self._control, name)
        self._worker.yielded.connect(self._on_event)
        self.destroyed.connect(self._worker.request_stop)
        self._set_state(JobState.PREPARING)  # before the bar, which lets Qt deliver the second of a double click
        self._bar = progress(total=_STEPS, desc=name)
        self._progress = (0.0, name)
        _still_spinner()
        self._timer.start()
        self._worker.start()

    def stop(self) -> None:
        """Ask the job to finish its step, keep what is worth keeping, and end; nothing happens when idle."""
        if self._worker is not None and self.is_busy:
            self._worker.request_stop()
            self._set_state(JobState.STOPPING)

    def pause(self) -> None:
        """Let a running job wait.

        Raises
        ------
        JobStateError
            If the job is not running.
        """
        self._control.pause()
        self._set_state(JobState.PAUSED)

    def resume(self) -> None:
        """Let a paused job go on.

        Raises
        ------
        JobStateError
            If the job is not paused.
        """
        self._control.resume()
        self._set_state(JobState.RUNNING)

    @Slot(object)
    def _on_event(self, event: JobEvent) -> None:
        match event:
            case StateChanged(state=state) if self._state is not JobState.STOPPING:
                # The event may be older than the last click, which the control knows; it is idle once all is over.
                now = self._control.state
                self._set_state(state if now is JobState.IDLE else now)
            case Progress(fraction=fraction, message=message):
                self._progress = fraction, f"{self._name}: {message}"
            case BatchEnded(elapsed=elapsed, seconds_left=left):
                self._progress = elapsed / max(elapsed + left, 1e-9), self._name
        self.reported.emit(event)
        if isinstance(event, JobEnded):
            self._finish(event)

    def _finish(self, ended: JobEnded) -> None:
        self._timer.stop()
        self._bar.close()
        self._set_state(JobState.IDLE)
        self.ended.emit(ended)

    @Slot()
    def _show_progress(self) -> None:
        """Bring napari's bar up to date.

        Each change of the bar lets Qt deliver whatever waits, the job's end included; that is why it is changed by
        a timer and not while an event is handed round, and why each change looks whether the bar is still there.
        """
        fraction, text = self._progress
        if not self._bar.disable and self._bar.desc.removesuffix(": ") != text:
            self._bar.set_description(text)
        done = round(min(max(fraction, 0.0), 1.0) * _STEPS) - self._bar.n
        if not self._bar.disable and done > 0:
            self._bar.update(done)

    def _set_state(self, state: JobState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)


def _still_spinner() -> None:
    """Hold the spinner beside napari's activity button still.

    It turns 33 times a second, and each time Qt composes the whole window, canvas included: with OpenGL in
    software that alone takes the 99th percentile of the gaps in the event loop from 13 to 43 ms.
    """
    for window in QApplication.topLevelWidgets():
        button = window.findChild(QToolButton, "QtActivityButton")
        spinners = button.parent().findChildren(QLabel) if button is not None else []
        for movie in filter(None, (label.movie() for label in spinners)):
            movie.setPaused(True)


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


def _give_way() -> None:
    """Let the window go before this thread, and before those that its libraries will start from it.

    Only Linux gives a thread a niceness of its own, which Qt's thread priorities do not set there. It cannot be
    taken back, so a thread of the pool keeps it.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):  # forbidden, for example in a sandbox
            os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


_STEPS = 1000
_lock = threading.Lock()
_freezing: list[bool] = []
"""An item for each running job that keeps the garbage collector from collecting fully."""


class _NamedCall(functools.partial):  # type: ignore[type-arg]
    """A partial that shows itself as the job's name where napari prints what it executes."""

    def __repr__(self) -> str:
        return str(self.keywords["name"])


def _make_worker(make_job: Callable[[JobControl], Job], control: JobControl, name: str) -> JobWorker:
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
