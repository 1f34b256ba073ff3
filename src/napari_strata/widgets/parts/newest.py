"""Runs what was asked for last: a newer request stops the job of an older one, whose result nobody sees."""

from collections.abc import Callable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_strata.control import JobControl, JobState
from napari_strata.events import JobEnded, JobEvent, Progress
from napari_strata.jobs.job import Job
from napari_strata.widgets.parts.notify import in_words, show_failure
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words

MakeJob = Callable[[JobControl], Job]


class NewestJob(QWidget):
    """A line that says how the job that was asked for last goes, or why it failed.

    Mistakes are said in the line only: who asked did not press a button.

    Parameters
    ----------
    can_cancel : bool
        Offer to cancel the job, and to start it once more afterwards: for jobs that may take long.
    """

    brought = Signal(object)
    """The `JobResult` of the job that was asked for last."""

    def __init__(self, parent: QWidget | None = None, *, can_cancel: bool = False) -> None:
        super().__init__(parent)
        self.runner = JobRunner(self)
        self.words = Words()
        self.cancel_button, self.again_button = QPushButton("Cancel"), QPushButton("Start again")
        self._can_cancel = can_cancel
        self._next: tuple[MakeJob, str] | None = None
        self._last: tuple[MakeJob, str] | None = None
        self._is_dropped = self._is_canceled = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words, 1)
        for button in (self.cancel_button, self.again_button):
            layout.addWidget(button)
            button.hide()
        self.cancel_button.clicked.connect(self.cancel)
        self.again_button.clicked.connect(self._repeat)
        self.runner.state_changed.connect(self._show_buttons)
        self.runner.reported.connect(self._on_event)
        self.runner.ended.connect(self._on_ended)
        self.hide()

    @property
    def is_busy(self) -> bool:
        """Whether a job runs whose result will be told, or is about to."""
        return self._next is not None or (self.runner.is_busy and not self._is_dropped)

    def ask(self, make_job: MakeJob, *, name: str) -> None:
        """Run a job as soon as the one before has stopped; parameters are those of `JobRunner.start`."""
        self._next = self._last = make_job, name
        self._is_canceled = False
        if self.runner.is_busy:
            self._is_dropped = True
            self.runner.stop()
        else:
            self._start()

    def forget(self) -> None:
        """Stop, and tell no result."""
        self._next, self._is_dropped, self._is_canceled = None, True, False
        self.runner.stop()
        self._show_buttons()
        self.say("")

    def cancel(self) -> None:
        """Stop, tell no result, and say so."""
        self._next, self._is_canceled = None, True
        self.say("Stopping…")
        self.runner.stop()

    def say(self, text: str) -> None:
        """Show a line of words."""
        self.words.setText(text)
        self.setVisible(bool(text))

    def _start(self) -> None:
        assert self._next is not None, "there is a job to start"
        (make_job, name), self._next, self._is_dropped = self._next, None, False
        if self._can_cancel:
            self.say(f"{name}…")
        self.runner.start(make_job, name=name)

    def _repeat(self, _checked: bool = False) -> None:
        assert self._last is not None, "something was canceled"
        make_job, name = self._last
        self.ask(make_job, name=name)

    def _show_buttons(self, state: JobState | None = None) -> None:
        """Follow the job's state, never the click."""
        state = self.runner.state if state is None else state
        busy = state is not JobState.IDLE
        self.cancel_button.setVisible(self._can_cancel and busy and not self._is_dropped)
        self.cancel_button.setEnabled(state is not JobState.STOPPING)
        self.again_button.setVisible(self._is_canceled and not busy)

    def _on_event(self, event: JobEvent) -> None:
        if isinstance(event, Progress) and not self._is_dropped and not self._is_canceled:
            self.say(f"{event.message}…")

    def _on_ended(self, ended: JobEnded) -> None:
        if self.signalsBlocked():
            return  # the dock is being closed
        if self._next is not None:
            self._start()
        elif not self._is_dropped:
            self._tell(ended)

    def _tell(self, ended: JobEnded) -> None:
        self.say("Stopped." if self._is_canceled else "")
        if self._is_canceled:
            return
        if ended.error is not None:
            self._say_failure(ended.error)
        elif ended.result is not None:
            self.brought.emit(ended.result)

    def _say_failure(self, error: Exception) -> None:
        from napari_strata.errors import StrataError

        self.say(in_words(error))
        if not isinstance(error, StrataError):
            show_failure(error)
