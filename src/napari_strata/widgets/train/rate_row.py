"""A row below the learning rate that finds one by trying."""

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_strata.control import JobControl, JobState
from napari_strata.events import JobEnded, JobEvent, Progress
from napari_strata.jobs.job import Job
from napari_strata.widgets.parts.form import ConfigForm
from napari_strata.widgets.parts.notify import in_notifications, in_words, show_ending
from napari_strata.widgets.parts.runner import JobRunner

if TYPE_CHECKING:
    from napari_strata.widgets.live.plan import TrainPlan
    from napari_strata.widgets.train.settings import TrainSettings

_FIND, _CANCEL = "Find", "Cancel"


class RateRow(QWidget):
    """A button that runs the search for a learning rate and puts what it finds into the form.

    Parameters
    ----------
    settings : TrainSettings
        The settings of the training; the row is put into them, below the learning rate.
    """

    def __init__(self, settings: "TrainSettings") -> None:
        super().__init__()
        self._settings = settings
        optimizer = settings.training.editor("optimizer")
        assert isinstance(optimizer, ConfigForm)
        self._optimizer = optimizer
        self.runner = JobRunner(self, asked_for=True)
        self.button = QPushButton(_FIND)
        self.button.setToolTip(
            "Train for 100 batches while the rate rises, and take the one at which the loss falls most steeply; "
            "nothing is kept of that training."
        )
        self.words = QLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.words, 1)
        rate = optimizer.editor("learning_rate")
        rows = rate.parentWidget().layout()
        assert isinstance(rows, QFormLayout)
        rows.insertRow(rows.getWidgetPosition(rate)[0] + 1, "", self)
        self.button.clicked.connect(in_notifications(self._on_click, say=self.words.setText))
        self.runner.state_changed.connect(self._on_state)
        self.runner.reported.connect(self._on_event)
        self.runner.ended.connect(self._on_ended)

    def _on_click(self, _checked: bool = False) -> None:
        if self.runner.is_busy:
            self.runner.stop()
            return
        plan = self._settings.take()
        self.runner.start(lambda control: _make_job(control, plan), name="Finding a learning rate")

    def _on_state(self, state: JobState) -> None:
        self.button.setText(_FIND if state is JobState.IDLE else _CANCEL)
        self.button.setEnabled(state is not JobState.STOPPING)

    def _on_event(self, event: JobEvent) -> None:
        if isinstance(event, Progress):
            self.words.setText(f"{event.fraction:.0%}")

    def _on_ended(self, ended: JobEnded) -> None:
        show_ending(ended)
        if ended.result is not None:
            before, found = self._optimizer.value("learning_rate"), ended.result.figures["learning_rate"]
            self._optimizer.set_value("learning_rate", found)
            self.words.setText(f"found; was {before:g}")
        else:
            self.words.setText("" if ended.error is None else "found none")
        self.words.setToolTip("" if ended.error is None else in_words(ended.error))


def _make_job(control: JobControl, plan: "TrainPlan") -> Job:
    """Make the job; called in the worker thread, where importing torch holds nobody up for long."""
    from napari_strata.jobs.find_learning_rate import find_learning_rate

    return find_learning_rate(control, plan.config, plan.inputs(Path()))
