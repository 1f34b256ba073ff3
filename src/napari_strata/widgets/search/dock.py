"""The Parameter search dock: what to try, how often, how it goes, and the best settings back to the Train dock."""

from collections.abc import Callable
from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QProgressBar, QPushButton, QTabWidget, QVBoxLayout, QWidget

from napari_strata.config import TrainConfig
from napari_strata.config.search import SearchConfig, SearchTrainConfig, default_parameters
from napari_strata.config.search_proposal import fits, proposals
from napari_strata.control import JobControl, JobState
from napari_strata.events import EpochEnded, JobEnded, JobEvent, Progress, TrialEnded, TrialStarted, Warned
from napari_strata.jobs.job import Job
from napari_strata.widgets.journal.save_point import keep_state
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.form import ConfigForm
from napari_strata.widgets.parts.models import ModelLibrary, run_name
from napari_strata.widgets.parts.notify import in_notifications, show_ending, show_warned
from napari_strata.widgets.parts.other_docks import show_train_dock, train_dock, use_model
from napari_strata.widgets.parts.plain_words import plainly
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words
from napari_strata.widgets.search.ending import ending_words
from napari_strata.widgets.search.making import make_continued, make_search
from napari_strata.widgets.search.parameter_table import ParameterTable
from napari_strata.widgets.search.trial_table import TrialTable
from napari_strata.widgets.search.typed_parameters import typed_parameters
from napari_strata.widgets.train.dock import TrainDock
from napari_strata.widgets.train.settings import TrainSettings
from napari_strata.widgets.train.shown_settings import show_values
from napari_strata.widgets.train.start_choice import NEW

FIELDS = ("sampler", "pruner", "trials", "epochs", "time_limit", "score", "keep_models", "seed")
_STEPS = 1000
_WANTED, _TRIALS = 0, 1
"""Tabs of what to try, and of what came of it."""
_HINT = "Many short trainings as the Train dock is set, Start from included; ticked settings vary."


class SearchDock(Dock):
    """Searches for good settings in a worker thread and shows what came of every trial.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose Train dock has the settings to begin with.
    library : ModelLibrary, optional
        Where models are kept; by default the user's library.
    train : callable, optional
        Gives the Train dock; by default the viewer's.
    """

    def __init__(
        self,
        viewer: Viewer,
        library: ModelLibrary | None = None,
        train: Callable[[], TrainDock] | None = None,
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self._library = library or ModelLibrary()
        self._train = train or (lambda: train_dock(viewer))
        self._folder: Path | None = None
        self._followed: TrainSettings | None = None
        self.runner = JobRunner(self, asked_for=True)
        self.parameters = ParameterTable()
        self.form = ConfigForm(SearchConfig, FIELDS)
        self.start_button = QPushButton("Start")
        self.pause_button = QPushButton("Pause")
        self.stop_button = QPushButton("Stop")
        self.continue_button = QPushButton("Continue…")
        self.tabs = QTabWidget()
        self.bar = QProgressBar()
        self.words, self.start_words = Words(), Words()
        self.trials = TrialTable()
        self.settings_button = QPushButton("Use these settings")
        self.model_button = QPushButton("Use model")
        self._explain()
        self._lay_out()
        self._connect()
        self.parameters.show_parameters(proposals(TrainConfig()), default_parameters())
        self._on_state(JobState.IDLE)

    def came_to_front(self, is_in_front: bool) -> None:
        """Offer what fits the network of the Train dock, as long as that is open."""
        train = self._viewer.window.main_menu.window().findChild(TrainDock)
        if is_in_front and train is not None:
            self._follow(train.settings)

    def _follow(self, settings: TrainSettings) -> None:
        """Offer what fits the network that is set, now and whenever it is another one."""
        if settings is not self._followed:
            self._followed = settings
            settings.network.currentIndexChanged.connect(self._offer)
            settings.model.changed.connect(self._offer)
        self._offer()

    def _offer(self, _index: int = 0) -> None:
        settings = self._followed
        if settings is not None and not self.runner.is_busy:
            architecture, output = settings.network.architecture, settings.model.value("output")
            self.parameters.offer(lambda name: fits(name, architecture, output))

    def _explain(self) -> None:
        self.bar.setRange(0, _STEPS)
        for minutes in (60.0, None):  # an hour, as soon as somebody ticks it
            self.form.set_value("time_limit", minutes)
        self.words.setText(_HINT)
        self.start_button.setToolTip("Begin a search; the best model is saved all along.")
        self.pause_button.setToolTip("Let the search wait.")
        self.stop_button.setToolTip("End the search now; the best model stays, and the search can be continued.")
        self.continue_button.setToolTip("Go on with a search that was stopped or cut off: choose its folder.")
        self.settings_button.setToolTip("Put the settings of the chosen trial into the Train dock.")
        self.model_button.setToolTip("Choose the model of this trial in the Predict dock.")

    def _lay_out(self) -> None:
        wanted, found = QWidget(), QWidget()
        rows = QVBoxLayout(wanted)
        rows.setContentsMargins(0, 4, 0, 0)
        rows.addWidget(self.parameters, 1)
        rows.addWidget(self.form)
        rows = QVBoxLayout(found)
        rows.setContentsMargins(0, 4, 0, 0)
        rows.addWidget(self.trials, 1)
        rows.addLayout(_row(self.settings_button, self.model_button))
        self.tabs.addTab(wanted, "What to try")
        self.tabs.addTab(found, "Trials")
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addLayout(_row(self.start_button, self.pause_button, self.stop_button, self.continue_button))
        layout.addWidget(self.bar)
        layout.addWidget(self.words)
        layout.addWidget(self.start_words)
        layout.addWidget(self.tabs, 1)
        self.scroll(content)

    def _connect(self) -> None:
        self.start_button.clicked.connect(in_notifications(self._start, say=self.words.setText))
        self.pause_button.clicked.connect(in_notifications(self._pause_or_resume, say=self.words.setText))
        self.stop_button.clicked.connect(self.runner.stop)
        self.continue_button.clicked.connect(in_notifications(self._ask_which, say=self.words.setText))
        self.settings_button.clicked.connect(in_notifications(self._use_settings, say=self.words.setText))
        self.model_button.clicked.connect(in_notifications(self._use_model, say=self.words.setText))
        self.trials.picked.connect(self._on_picked)
        self.runner.state_changed.connect(self._on_state)
        self.runner.reported.connect(self._on_event)
        self.runner.ended.connect(self._on_ended)

    def _start(self, _checked: bool = False) -> None:
        self.runner.check_idle()
        settings = self._train().settings
        self._follow(settings)
        search = self.form.values(parameters=typed_parameters(self.parameters.values()))
        plan = settings.take()
        with plainly(SearchTrainConfig):
            config = SearchTrainConfig.of(plan.config, search)
        folder = self._library.new_run(f"Search {plan.config.name}")
        if plan.learned is not None:
            keep_state(self._viewer, f"before {folder.name}")
        self._say_start(config)
        self._run(folder, search, lambda control: make_search(control, config, plan, folder))

    def _ask_which(self, _checked: bool = False) -> None:
        place = self._folder or self._library.folder
        chosen = QFileDialog.getExistingDirectory(self, "Continue the search in", str(place))
        if chosen:
            self.go_on(Path(chosen))

    def go_on(self, folder: Path) -> None:
        """Continue a search in its folder, with its own settings and as many trials as the form says.

        Raises
        ------
        OutputError, ConfigError
            If there is no search that can be read.
        JobStateError
            If one is running here.
        """
        from napari_strata.training.search.folder import read_config

        self.runner.check_idle()
        config = read_config(folder)
        self._say_start(config)
        search = config.search
        search = search.model_copy(update={"trials": max(search.trials, self.form.value("trials"))})
        self.form.set_values(search)
        self.parameters.show_parameters(proposals(TrainConfig()), search.parameters)
        self.parameters.offer(lambda name: fits(name, config.model.architecture, config.model.output))
        self._run(folder, search, lambda control: make_continued(control, folder, search))

    def _run(self, folder: Path, search: SearchConfig, make_job: Callable[[JobControl], Job]) -> None:
        self._folder = folder
        self.trials.start(tuple(search.parameters), search.score)
        self.tabs.setCurrentIndex(_TRIALS)
        self.runner.start(make_job, name=f"Searching in {folder.name}")
        self._library.mark_training(folder, True)

    def _say_start(self, config: TrainConfig) -> None:
        """Say with which weights trials begin; a model chosen in the Train dock may have been forgotten."""
        start = config.training.start.model
        self.start_words.setText(f"Every trial starts from {run_name(Path(start)) if start else NEW}.")

    def _pause_or_resume(self, _checked: bool = False) -> None:
        if self.runner.state is JobState.PAUSED:
            self.runner.resume()
        else:
            self.runner.pause()

    def _on_state(self, state: JobState) -> None:
        idle = state is JobState.IDLE
        for widget in (self.parameters, self.form, self.start_button, self.continue_button):
            widget.setEnabled(idle)
        self.pause_button.setEnabled(state in (JobState.RUNNING, JobState.PAUSED))
        self.pause_button.setText("Resume" if state is JobState.PAUSED else "Pause")
        self.stop_button.setEnabled(state in (JobState.PREPARING, JobState.RUNNING, JobState.PAUSED))
        self.bar.setVisible(not idle)
        words = {JobState.PREPARING: "Preparing…", JobState.PAUSED: "Paused.", JobState.STOPPING: "Stopping…"}
        if state in words:
            self.words.setText(words[state])
        self._on_picked()

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case Progress(fraction=fraction, message=message):
                self.bar.setValue(round(fraction * _STEPS))
                if self.runner.state is JobState.RUNNING and message != self.words.text():
                    self.words.setText(message)
            case TrialStarted():
                self.trials.begin(event)
            case EpochEnded():
                self.trials.note_epoch(event)
            case TrialEnded():
                self.trials.end(event)
            case Warned():
                show_warned(event)

    def _on_ended(self, ended: JobEnded) -> None:
        assert self._folder is not None, "a search has run"
        self.bar.setValue(0)
        self.words.setText(ending_words(ended))
        if not self.trials.rows:  # refused before the first trial: what to mend is in the other tab
            self.tabs.setCurrentIndex(_WANTED)
        show_ending(ended)
        self._library.mark_training(self._folder, False)
        self._on_picked()

    @property
    def closing_question(self) -> str:
        """Ask before a search ends with its dock."""
        if not self.runner.is_busy or self._folder is None:
            return ""
        return (
            f"{self._folder.name} is still running. Closing the dock ends it; the best model so far is kept, and "
            "Continue… goes on with it.\n\nEnd the search and close the dock?"
        )

    def _on_picked(self) -> None:
        self.settings_button.setEnabled(self.trials.chosen is not None)
        self.model_button.setEnabled(self._model_of_chosen() is not None)

    def _model_of_chosen(self) -> Path | None:
        """Return the folder of the chosen trial's model; only the best has one unless all are kept."""
        chosen, best = self.trials.chosen, self.trials.best
        if chosen is None or self._folder is None:
            return None
        if best is not None and chosen.number == best.number:
            return self._folder
        own = self._folder / "trials" / f"{chosen.number:03d}"
        return own if (own / "model" / "card.yaml").is_file() else None

    def _use_settings(self, _checked: bool = False) -> None:
        chosen = self.trials.chosen
        if chosen is None:
            return
        missing = show_values(self._train().settings, chosen.values)
        show_train_dock(self._viewer)
        note = f" Set by yourself: {', '.join(missing)}." if missing else ""
        self.words.setText(f"The Train dock has the settings of trial {chosen.number}.{note}")

    def _use_model(self, _checked: bool = False) -> None:
        model = self._model_of_chosen()
        if model is not None:
            use_model(self._viewer, model)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, 1)
    return row
