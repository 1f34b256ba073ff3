"""The Follow dock: how a training goes that runs elsewhere, on a cluster or in a terminal."""

import math
from functools import partial
from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.control import JobControl, JobState
from napari_strata.events import BatchEnded, CorrectionTaken, EpochEnded, JobEnded, JobEvent, Warned
from napari_strata.io.bundle import CARD
from napari_strata.jobs.job import Job
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.notify import in_notifications, in_words, show_ending, show_warned
from napari_strata.widgets.parts.other_docks import use_model
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words
from napari_strata.widgets.train.loss_plot import LossPlot
from napari_strata.widgets.train.score_words import best_so_far

REDRAW = 3000
"""Time between two drawings of plot and words [ms], as in the Train dock."""
HOW = (
    "Shows the loss of a training that runs in another program or on another machine. Choose the folder that it "
    "writes to (its --out), for example on the group's drive."
)
GOES_ON = "The training itself goes on where it runs."


class FollowDock(Dock):
    """Watches the run folder of a training that is not ours to steer.

    Parameters
    ----------
    viewer : Viewer
        Whose theme to wear, and where to predict with the model.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._run: Path | None = None
        self._batch: BatchEnded | None = None
        self._score = ""
        self.runner = JobRunner(self)
        self.choose_button = QPushButton("Follow a run…")
        self.stop_button = QPushButton("Stop following")
        self.predict_button = QPushButton("Predict with its best model")
        self.words = Words()
        self.plot = LossPlot(viewer)
        self._clock = QTimer(self, interval=REDRAW)
        self._lay_out()
        self._clock.timeout.connect(self._redraw)
        self.choose_button.clicked.connect(in_notifications(self._choose, say=self.words.setText))
        self.stop_button.clicked.connect(self.runner.stop)
        self.predict_button.clicked.connect(in_notifications(self._predict, say=self.words.setText))
        self.runner.state_changed.connect(self._on_state)
        self.runner.reported.connect(self._on_event)
        self.runner.ended.connect(self._on_ended)
        self._on_state(JobState.IDLE)
        self.words.setText(HOW)

    def follow(self, run: Path) -> None:
        """Show how the training in a folder goes, until it ends or somebody stops following."""
        self.runner.check_idle()
        self._run, self._batch, self._score = run, None, ""
        self.plot.start()
        self.plot.show()
        self.runner.start(partial(_make_job, run=run), name=f"Following {run.name}")
        self._clock.start()

    def _lay_out(self) -> None:
        self.choose_button.setToolTip(
            "Choose the folder of a training that runs elsewhere; its config.yaml is there."
        )
        self.stop_button.setToolTip(f"Look there no longer. {GOES_ON}")
        self.predict_button.setToolTip("Open the Predict dock with the best weights so far.")
        content = QWidget()
        layout = QVBoxLayout(content)
        row = QHBoxLayout()
        for button in (self.choose_button, self.stop_button):
            row.addWidget(button, 1)
        layout.addLayout(row)
        layout.addWidget(self.words)
        layout.addWidget(self.plot)
        layout.addWidget(self.predict_button)
        layout.addStretch(1)
        self.plot.hide()
        self.scroll(content)

    def _choose(self, _checked: bool = False) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Run folder to follow", str(self._run or ""))
        if folder:
            self.follow(Path(folder))

    def _predict(self, _checked: bool = False) -> None:
        assert self._run is not None, "the button is off without a run"
        use_model(self._viewer, self._run)

    def _on_state(self, state: JobState) -> None:
        idle = state is JobState.IDLE
        self.choose_button.setEnabled(idle)
        self.stop_button.setEnabled(not idle and state is not JobState.STOPPING)
        self._look_for_model()

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case BatchEnded():
                self.plot.add_batch(event)
                self._batch = event
            case EpochEnded():
                self.plot.add_epoch(event)
                if event.is_best:
                    self._score = best_so_far(event)
            case CorrectionTaken():
                self.plot.forget_best()
                self._score = ""
            case Warned():
                show_warned(event)

    def _redraw(self) -> None:
        self.plot.draw()
        self._look_for_model()
        if self._run is not None and self.runner.is_busy:
            self._say(self._how_it_goes())

    def _how_it_goes(self) -> str:
        if self._batch is None:
            return "Nothing has happened there yet."
        left = self._batch.seconds_left
        rest = f", about {math.ceil(left / 60)} min left" if math.isfinite(left) else ""
        return f"Epoch {self._batch.epoch} of about {self._batch.epochs}, step {self._batch.step}{rest}."

    def _on_ended(self, ended: JobEnded) -> None:
        self._clock.stop()
        self.plot.draw()
        self._look_for_model()
        show_ending(ended)
        self._say(_ending(ended))

    def _say(self, text: str) -> None:
        name = "" if self._run is None else f"{self._run.name}\n"
        self.words.setText(f"{name}{text}" + (f"\n{self._score}" if self._score else ""))
        self.words.setToolTip(str(self._run or ""))

    def _look_for_model(self) -> None:
        self.predict_button.setEnabled(self._run is not None and (self._run / "model" / CARD).is_file())


def _ending(ended: JobEnded) -> str:
    if ended.error is not None:
        return in_words(ended.error)
    by = "" if ended.result is None else str(ended.result.figures.get("ended_by", ""))
    if by == "followed no longer":
        return f"Followed no longer. {GOES_ON}"
    return f"The training has ended there ({by})."


def _make_job(control: JobControl, run: Path) -> Job:
    """Make the job; called in the worker thread."""
    from napari_strata.jobs.follow_run import follow_run

    return follow_run(control, run)
