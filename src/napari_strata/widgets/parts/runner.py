"""Runs one job at a time in a worker thread; with `worker`, the only place in the project that knows threads.

The job reports by events; they arrive here on the GUI thread, in order, and end with `JobEnded`. Stop, pause and
resume go through the `JobControl`, never through the worker, whose own ``quit`` would drop the job's ending.
"""

from collections.abc import Callable
from typing import Any

from napari.utils import progress
from qtpy.QtCore import QObject, QTimer, Signal, Slot
from qtpy.QtWidgets import QApplication, QLabel, QToolButton

from napari_strata.control import JobControl, JobState, JobStateError
from napari_strata.events import BatchEnded, JobEnded, JobEvent, Progress, StateChanged
from napari_strata.jobs.job import Job
from napari_strata.requests import Request
from napari_strata.widgets.parts.worker import JobWorker, make_worker

REFRESH = 3000
"""Time between two changes of the bar in the activity dock [ms]."""
_STEPS = 1000


class JobRunner(QObject):
    """Starts jobs in a thread and tells the GUI thread what they report.

    Parameters
    ----------
    parent : QObject, optional
        Widget that owns the runner. A job whose runner is destroyed is stopped and keeps what is worth keeping.
    asked_for : bool
        Whether a person starts the jobs and waits for them, unlike those that a dock runs for itself, as previews
        and forecasts: that one is stopped with its dock is told, and what it has made until then is shown.
    """

    reported = Signal(object)
    """Every `JobEvent` of the job, `JobEnded` included. (A signal cannot be called ``event`` in a QObject.)"""
    state_changed = Signal(object)
    """The new `JobState`, whenever it differs from the one before."""
    ended = Signal(object)
    """The `JobEnded` of the job; the runner is idle again and may start the next."""

    def __init__(self, parent: QObject | None = None, *, asked_for: bool = False) -> None:
        super().__init__(parent)
        self.asked_for = asked_for
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
    def name(self) -> str:
        """What the last job does."""
        return self._name

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
        self._worker = make_worker(make_job, self._control, name)
        self._worker.yielded.connect(self._on_event)
        self.destroyed.connect(self._worker.request_stop)
        self._set_state(JobState.PREPARING)  # before the bar, which lets Qt deliver the second of a double click
        self._bar = progress(total=_STEPS, desc=name)
        self.destroyed.connect(self._bar.close)  # a runner that is gone hears of no end
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

    def post(self, request: Request) -> None:
        """Leave a request for the job, which takes it in its own time; one that is over never does."""
        self._control.post(request)

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
