"""Runs a dock's jobs: a button that starts, one that cancels, progress, and a line that says how it went."""

from collections.abc import Callable
from typing import Any, ParamSpec

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_strata.control import JobControl, JobState
from napari_strata.events import JobEnded, JobEvent, Progress, Warned
from napari_strata.jobs.job import Job
from napari_strata.widgets.parts.durations import duration
from napari_strata.widgets.parts.notify import in_notifications, in_words, show_ending, show_warned
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words

P = ParamSpec("P")
_STEPS = 1000
_LONG = 5.0
"""From so much time on it is said how much is left [s]."""
REST = 500
"""Least time between two tellings of progress [ms]: for each the whole window is composed anew, canvas included,
and with OpenGL in software that takes as long as several passes of a network."""


class JobPanel(QWidget):
    """Starts and cancels one kind of job; its buttons follow the job's state, never the click.

    Parameters
    ----------
    start_button : QPushButton
        The button that starts; what it does is the dock's affair.
    stopped : str
        What is said of a job that was canceled and left nothing.
    """

    brought = Signal(object)
    """The `JobResult` of a job that completed, or was canceled and kept what was done."""

    def __init__(
        self, start_button: QPushButton, parent: QWidget | None = None, *, stopped: str = "Stopped."
    ) -> None:
        super().__init__(parent)
        self.runner = JobRunner(self, asked_for=True)
        self.start_button = start_button
        self._stopped = stopped
        self.cancel_button = QPushButton("Cancel")
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.words, self.warnings = Words(), Words()
        self._waiting: Progress | None = None
        """The newest one that is not told yet."""
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(REST)
        self._resting.timeout.connect(self._tell_waiting)
        self._obstacle = ""
        self._outdated: tuple[str, str, str] | None = None
        """What is said in place of the words and the warnings of a result, and these."""
        self._warned: set[Warned] = set()
        """What a notification said once; it is not said again for every click."""
        row = QHBoxLayout()
        row.addWidget(start_button, 1)
        row.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.bar)
        layout.addWidget(self.words)
        layout.addWidget(self.warnings)
        self.cancel_button.clicked.connect(self.runner.stop)
        self.runner.state_changed.connect(self._on_state)
        self.runner.reported.connect(self._on_event)
        self.runner.ended.connect(self._on_ended)
        self._show_warnings("")
        self._on_state(JobState.IDLE)

    def run(self, make_job: Callable[[JobControl], Job], *, name: str) -> None:
        """Start a job; see `JobRunner.start`."""
        self._show_warnings("")
        self.runner.start(make_job, name=name)

    def guarded(self, slot: Callable[P, Any]) -> Callable[P, None]:
        """Wrap what a click starts so that a mistake is said here and in a notification."""
        return in_notifications(slot, say=self.say)

    def say(self, text: str) -> None:
        """Show a line of words."""
        self.words.setText(text)

    def forget_told(self) -> None:
        """Clear what the last job told, unless one runs: it was about something else."""
        if self.runner.state is JobState.IDLE:
            self._outdated = None
            self.say("")
            self._show_warnings("")

    def outdate(self, text: str) -> None:
        """Say in place of what the last job told why that is no longer so; an empty text lets it tell it again."""
        if self.runner.state is not JobState.IDLE:
            return
        if self._outdated is not None and self.words.text() == self._outdated[0]:
            _, words, warnings = self._outdated
            self.say(words)
            self._show_warnings(warnings)
        self._outdated = None
        if text:
            self._outdated = (text, self.words.text(), self.warnings.text())
            self.say(text)
            self._show_warnings("")

    @property
    def obstacle(self) -> str:
        """What keeps a job from starting; empty where nothing does."""
        return self._obstacle

    def set_obstacle(self, text: str) -> None:
        """Say what keeps a job from starting; an empty text lets it start."""
        if text or self.words.text() == self._obstacle:
            self.say(text)
        self._obstacle = text
        self._on_state(self.runner.state)

    def _on_state(self, state: JobState) -> None:
        busy = state is not JobState.IDLE
        self._stop_telling()
        self.start_button.setEnabled(not busy and not self._obstacle)
        self.cancel_button.setEnabled(busy and state is not JobState.STOPPING)
        self.bar.setVisible(busy)
        if busy:
            self.say({JobState.STOPPING: "Stopping…", JobState.PREPARING: "Preparing…"}.get(state, ""))

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case Progress():
                self._waiting = event
                if not self._resting.isActive():
                    self._tell_waiting()
            case Warned():
                if event not in self._warned:
                    show_warned(event)
                self._warned.add(event)
                self._show_warnings(f"{self.warnings.text()}\n{event.message} {event.remedy}".strip())

    def _tell_waiting(self) -> None:
        """Tell the newest progress, if it is not told yet, and then rest."""
        told, self._waiting = self._waiting, None
        if told is None:
            return
        self.bar.setValue(round(told.fraction * _STEPS))
        left = told.seconds_left
        left_words = "" if left is None or left < _LONG else f", about {duration(left)} left"
        self.say(f"{told.message}{left_words}…")
        self._resting.start()

    def _stop_telling(self) -> None:
        """Drop what is not told: it is outdated by what is said next."""
        self._waiting = None
        self._resting.stop()

    def _show_warnings(self, text: str) -> None:
        """Show what a notification says for seconds only, until the next job starts."""
        self.warnings.setText(text)
        self.warnings.setVisible(bool(text))

    def _on_ended(self, ended: JobEnded) -> None:
        self._stop_telling()
        self.bar.setValue(0)
        show_ending(ended)
        if ended.error is not None:
            self.say(in_words(ended.error))
        elif ended.result is None:
            self.say(self._stopped)
        else:
            self.brought.emit(ended.result)
        self._lay_out_now()

    def _lay_out_now(self) -> None:
        """Give the words their room at once: napari may hold the window up before Qt would, drawing new layers."""
        widget: QWidget | None = self if self.isVisible() else None
        while widget is not None:
            layout = widget.layout()
            if layout is not None:
                layout.activate()
            widget = None if widget.isWindow() else widget.parentWidget()
