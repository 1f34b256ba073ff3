"""The Train dock: settings, Train / Pause / Stop, how it goes, the loss, and live predictions on the image."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_info
from napari.viewer import Viewer
from qtpy.QtCore import QElapsedTimer, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout

from napari_strata.config import TrainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.events import (
    BatchEnded,
    CorrectionTaken,
    EpochEnded,
    JobEnded,
    JobEvent,
    PreviewReady,
    Progress,
    StartedFrom,
    Warned,
)
from napari_strata.jobs.job import Job
from napari_strata.types import ImageStack
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.journal.save_point import keep_state
from napari_strata.widgets.live.plan import TrainPlan
from napari_strata.widgets.live.training import NOT_LEARNED, live_training_of
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.dock_links import DockLinks
from napari_strata.widgets.parts.form import Page
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.parts.notify import in_notifications, show_ending, show_warned
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.train.loss_plot import LossPlot
from napari_strata.widgets.train.memory_line import MemoryLine
from napari_strata.widgets.train.rate_row import RateRow
from napari_strata.widgets.train.settings import TrainSettings
from napari_strata.widgets.train.words import TrainingWords, WordsPage

REDRAW = 3000
"""Time between two drawings of plot and words [ms]; both at once, and well apart from live predictions, because
every drawing makes Qt compose the whole window."""
PATIENCE = 200
"""Time after which a dock that is shown gets ready to draw [ms]."""
LINKS = (
    ("Patches…", "Training patches", "What the network will see: patches as they are varied."),
    ("Correct…", "Corrections", "What was painted while it learns, and the mistakes that it must not repeat."),
    ("Runs…", "Training runs", "Compare, continue, load and delete trainings."),
    ("Search…", "Parameter search", "Try many settings and keep the best."),
    ("Follow…", "Follow a run", "Watch a training that runs on another machine or in a terminal."),
)
"""The docks that are opened from here."""


class TrainDock(Dock):
    """Trains networks in a worker thread and shows how it goes.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose layers to learn from and to predict live.
    library : ModelLibrary, optional
        Where models are kept; by default the user's library.
    """

    def __init__(self, viewer: Viewer, library: ModelLibrary | None = None) -> None:
        super().__init__()
        journal_of(viewer)  # which keeps what is painted, also without the Label dock
        self._viewer = viewer
        self._library = library or ModelLibrary()
        self._live = live_training_of(viewer)
        self._run: Path | None = None
        self.runner = JobRunner(self)
        self.settings = TrainSettings(viewer, self._library)
        self.train_button = QPushButton("Train")
        self.pause_button = QPushButton("Pause")
        self.stop_button = QPushButton("Stop")
        self.links = DockLinks(viewer, LINKS)
        self.memory = MemoryLine(self.settings)
        self.rate = RateRow(self.settings)
        self.words = TrainingWords()
        self.plot = LossPlot(viewer)
        self._clock = QTimer(self)
        self._clock.setInterval(REDRAW)
        self._clock.timeout.connect(self._redraw)
        self._since_drawn = QElapsedTimer()
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self.plot.prepare)
        self._lay_out()
        self._connect()
        self._on_state(JobState.IDLE)

    def showEvent(self, event: QShowEvent) -> None:
        """Import what draws the loss while there is time, not when a training starts."""
        super().showEvent(event)
        self._patience.start(PATIENCE)

    def _lay_out(self) -> None:
        self.train_button.setToolTip("Train a new network; its best weights are saved all along.")
        self.pause_button.setToolTip("Let the training wait; the time limit waits with it.")
        self.stop_button.setToolTip("End the training now and keep its best weights.")
        buttons = QHBoxLayout()
        for button in (self.train_button, self.pause_button, self.stop_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(Page(self.settings), 1)
        layout.addWidget(self.memory)
        layout.addLayout(buttons)
        layout.addWidget(self.links)
        layout.addWidget(WordsPage(self.words))
        layout.addWidget(self.plot)
        self.plot.hide()

    def _connect(self) -> None:
        self.train_button.clicked.connect(in_notifications(self._start, say=self.words.say))
        self.pause_button.clicked.connect(in_notifications(self._pause_or_resume, say=self.words.say))
        self.stop_button.clicked.connect(self.runner.stop)
        self.runner.state_changed.connect(self._on_state)
        self.runner.reported.connect(self._on_event)
        self.runner.ended.connect(self._on_ended)
        self.settings.training.changed.connect(self._show_budget)
        self._live.said.connect(self.words.add)
        self._live.changed.connect(self._show_corrections)
        self._live.ended.connect(self._say_ending)
        self._show_budget()
        self._say_ending(self._live.ending)

    def _start(self, _checked: bool = False) -> None:
        self.runner.check_idle()
        plan = self.settings.take()
        run = self._library.new_run(plan.config.name)
        if plan.learned is not None:
            keep_state(self._viewer, f"before training {run.name}")
        self._live.begin(plan, self.runner)
        self._train(plan.config, run, lambda control: _make_job(control, plan, run))

    def go_on(self, run: Path, **budgets: Any) -> None:
        """Go on with a training that was left before its end, in its own folder.

        Where its image and its labels are open it is predicted live, and learns what is painted.

        Parameters
        ----------
        run : Path
            The run folder.
        **budgets : float or int
            Budgets that are to be larger than before: fields of `TrainingConfig`.

        Raises
        ------
        JobStateError
            If a training runs here.
        ConfigError
            If its settings cannot be read.
        """
        from napari_strata.training.run.history import read_history
        from napari_strata.training.run.record import CONFIG, HISTORY

        self.runner.check_idle()
        config = TrainConfig.read(run / CONFIG)
        training = config.training.model_copy(update=budgets)
        config = config.model_copy(update={"name": config.name or run.name, "training": training})
        plan = self._live.go_on(run, config, self.runner, chosen=self.settings.image.layer)
        preview = None if plan is None else plan.preview
        earlier = tuple(read_history(run / HISTORY))
        self._train(config, run, lambda control: _make_resumed(control, run, preview, budgets))
        self.plot.recall(earlier)
        if plan is None:
            self.words.add(NOT_LEARNED)

    def _train(self, config: TrainConfig, run: Path, make_job: Callable[[JobControl], Job]) -> None:
        self._run = run
        self.plot.start()
        self.plot.show()
        self.words.start(config)
        self.runner.start(make_job, name=f"Training {run.name}")
        self._clock.start()
        self._since_drawn.start()
        self._library.mark_training(run, True)

    def _pause_or_resume(self, _checked: bool = False) -> None:
        if self.runner.state is JobState.PAUSED:
            self.runner.resume()
        else:
            self.runner.pause()

    def _on_state(self, state: JobState) -> None:
        idle = state is JobState.IDLE
        self.settings.setEnabled(idle)
        self.memory.setEnabled(idle)
        self.train_button.setEnabled(idle)
        self.pause_button.setEnabled(state in (JobState.RUNNING, JobState.PAUSED))
        self.pause_button.setText("Resume" if state is JobState.PAUSED else "Pause")
        self.stop_button.setEnabled(state in (JobState.PREPARING, JobState.RUNNING, JobState.PAUSED))
        self.words.show_state(state)

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case Progress(message=message):
                self.words.show_preparation(message)
            case BatchEnded():
                self.plot.add_batch(event)
                self.words.show_batch(event)
            case EpochEnded():
                self.plot.add_epoch(event)
                self.words.show_epoch(event)
            case CorrectionTaken():
                self.plot.forget_best()
                self.words.forget_best()
            case PreviewReady():
                if self._since_drawn.elapsed() < 2 * self._clock.interval():
                    self._clock.start()  # anew, unless previews come so often that it would never ring
            case StartedFrom(message=message):
                self.words.add(message)
            case Warned():
                self.words.show_warning(event)
                show_warned(event)

    def _redraw(self) -> None:
        self._since_drawn.start()
        self.plot.draw()
        self.words.refresh()

    def _on_ended(self, ended: JobEnded) -> None:
        assert self._run is not None, "a job has run"
        self._clock.stop()
        self.plot.draw()
        self.words.show_ending(ended, self._run)
        self._live.note_ending(self.words.text())
        show_ending(ended)
        if self._is_closed and ended.error is None:
            show_info(self.words.text())
        self._library.mark_training(self._run, False)

    @property
    def closing_question(self) -> str:
        """Ask before a training ends with its dock."""
        if not self.runner.is_busy or self._run is None:
            return ""
        return (
            f"{self._run.name} is still training. Closing the dock ends it; the best weights so far are kept, and "
            "Runs… > Continue… goes on with it. To let it train, hide the dock with the button beside the cross."
            "\n\nEnd the training and close the dock?"
        )

    def _say_ending(self, words: str) -> None:
        """Say how a training ended whose dock was closed."""
        if words and not self.runner.is_busy:
            self.words.say(words)

    def _show_corrections(self) -> None:
        ledger = self._live.ledger
        self.words.show_corrections(ledger.taken, ledger.since, waiting=len(ledger.waiting))

    def _show_budget(self) -> None:
        if not self.runner.is_busy:
            self.words.show_budget(self.settings.training.values())


def _make_job(control: JobControl, plan: TrainPlan, run: Path) -> Job:
    """Make the job; called in the worker thread, where importing torch holds nobody up."""
    from napari_strata.jobs.train import train

    return train(control, plan.config, plan.inputs(run))


def _make_resumed(control: JobControl, run: Path, preview: ImageStack | None, budgets: dict[str, Any]) -> Job:
    from napari_strata.jobs.resume import resumed
    from napari_strata.jobs.train import train

    return train(control, *resumed(run, preview=preview, **budgets))
