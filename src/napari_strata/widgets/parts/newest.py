"""Runs what was asked for last: a newer request stops the job of an older one, whose result nobody sees."""

from collections.abc import Callable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_strata.control import JobControl
from napari_strata.events import JobEnded, JobEvent, Progress
from napari_strata.jobs.job import Job
from napari_strata.widgets.parts.notify import in_words, show_failure
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words

MakeJob = Callable[[JobControl], Job]


class NewestJob(QWidget):
    """A line that says how the job that was asked for last goes, or why it failed.

    Mistakes are said in the line only: who asked did not press a button.
    """

    brought = Signal(object)
    """The `JobResult` of the job that was asked for last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runner = JobRunner(self)
        self.words = Words()
        self._next: tuple[MakeJob, str] | None = None
        self._is_dropped = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        self.runner.reported.connect(self._on_event)
        self.runner.ended.connect(self._on_ended)
        self.hide()

    @property
    def is_busy(self) -> bool:
        """Whether a job runs whose result will be told, or is about to."""
        return self._next is not None or (self.runner.is_busy and not self._is_dropped)

    def ask(self, make_job: MakeJob, *, name: str) -> None:
        """Run a job as soon as the one before has stopped; parameters are those of `JobRunner.start`."""
        self._next = make_job, name
        if self.runner.is_busy:
            self._is_dropped = True
            self.runner.stop()
        else:
            self._start()

    def forget(self) -> None:
        """Stop, and tell no result."""
        self._next, self._is_dropped = None, True
        self.runner.stop()
        self.say("")

    def say(self, text: str) -> None:
        """Show a line of words."""
        self.words.setText(text)
        self.setVisible(bool(text))

    def _start(self) -> None:
        assert self._next is not None, "there is a job to start"
        (make_job, name), self._next, self._is_dropped = self._next, None, False
        self.runner.start(make_job, name=name)

    def _on_event(self, event: JobEvent) -> None:
        if isinstance(event, Progress) and not self._is_dropped:
            self.say(f"{event.message}…")

    def _on_ended(self, ended: JobEnded) -> None:
        if self.signalsBlocked():
            return  # the dock is being closed
        if self._next is not None:
            self._start()
        elif not self._is_dropped:
            self._tell(ended)

    def _tell(self, ended: JobEnded) -> None:
        self.say("")
        if ended.error is not None:
            self._say_failure(ended.error)
        elif ended.result is not None:
            self.brought.emit(ended.result)

    def _say_failure(self, error: Exception) -> None:
        from napari_strata.errors import StrataError

        self.say(in_words(error))
        if not isinstance(error, StrataError):
            show_failure(error)
