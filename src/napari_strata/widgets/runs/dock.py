"""The Training runs dock: what was trained, compared, loaded, continued and deleted."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.viewer import Viewer
from qtpy.QtCore import QTimer, QUrl
from qtpy.QtGui import QDesktopServices, QHideEvent, QShowEvent
from qtpy.QtWidgets import QFileDialog, QGridLayout, QMessageBox, QPushButton, QVBoxLayout, QWidget

from napari_strata.control import JobControl
from napari_strata.events import JobEnded
from napari_strata.jobs.job import Job
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.parts.notify import in_notifications, in_words, show_ending
from napari_strata.widgets.parts.other_docks import show_train_dock, train_dock, use_model
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words
from napari_strata.widgets.runs.curves import RunCurves
from napari_strata.widgets.runs.more_training import MoreTraining
from napari_strata.widgets.runs.settings import RunSettings
from napari_strata.widgets.runs.table import RunTable
from napari_strata.widgets.train.shown_settings import show_config, show_start

if TYPE_CHECKING:
    from napari_strata.jobs.list_runs import Known
    from napari_strata.training.folders.listing import Run
    from napari_strata.widgets.train.dock import TrainDock

LOOK_EVERY = 3000
"""Time between two looks whether runs came, went, began or ended, while the dock is visible [ms]."""
_NOTHING = "No training yet: press Train in the Train dock, or add a folder."
_HINT = "Choose one or more to compare their curves."


class RunsDock(Dock):
    """Lists the trainings of the model library and of folders that were added.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    library : ModelLibrary, optional
        Whose runs to list; by default the user's.
    train : callable, optional
        Gives the Train dock; by default the viewer's.
    """

    def __init__(
        self,
        viewer: Viewer,
        library: ModelLibrary | None = None,
        train: "Callable[[], TrainDock] | None" = None,
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self._library = library or ModelLibrary()
        self._train = train or (lambda: train_dock(viewer))
        self._added: list[Path] = []
        self._known: Known = {}
        self._seen: object = None
        self._again = False
        self.runner = JobRunner(self)
        self.table = RunTable()
        self.curves = RunCurves(viewer)
        self.words = Words()
        self.refresh_button = QPushButton("Refresh")
        self.add_button = QPushButton("Add folder…")
        self.load_button = QPushButton("Load")
        self.continue_button = QPushButton("Continue…")
        self.start_button = QPushButton("Start from it")
        self.settings_button = QPushButton("Settings…")
        self.folder_button = QPushButton("Folder")
        self.delete_button = QPushButton("Delete…")
        self._timer = QTimer(self, interval=LOOK_EVERY)
        self._explain()
        self._lay_out()
        self._connect()
        self._on_picked()

    def showEvent(self, event: QShowEvent) -> None:
        """Follow the folders while visible."""
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the folders alone."""
        self._timer.stop()
        super().hideEvent(event)

    def came_to_front(self, is_in_front: bool) -> None:
        """Show what was trained meanwhile."""
        if is_in_front:
            self.refresh()

    def refresh(self, _checked: bool = False) -> None:
        """Read what has changed, in a thread."""
        self._seen = self._look()
        if self.runner.is_busy:
            self._again = True
            return
        roots, known = (self._library.folder, *self._added), self._known
        self.runner.start(lambda control: _make_job(control, roots, known), name="Reading training runs")

    def add_folder(self, folder: Path) -> None:
        """List the runs of another folder, too, until napari is closed; it may be a run itself."""
        if folder not in self._added:
            self._added.append(folder)
        self.refresh()

    def _explain(self) -> None:
        for button, tip in (
            (self.refresh_button, "Read the folders again."),
            (self.add_button, "List runs that lie elsewhere, too: a run folder, or a folder of them."),
            (self.load_button, "Choose this model in the Predict dock."),
            (
                self.continue_button,
                "Go on with a training that was stopped, failed or broke off, or let a finished one train longer.",
            ),
            (self.start_button, "Let the next training start from the weights of this model."),
            (self.settings_button, "See the settings of this training, and use them for another."),
            (self.folder_button, "Open the folder in the file manager."),
            (self.delete_button, "Delete model, curves and record; you are asked before."),
        ):
            button.setToolTip(tip)

    def _lay_out(self) -> None:
        content, actions = QWidget(), QGridLayout()
        actions.setSpacing(3)
        buttons = (self.load_button, self.continue_button, self.start_button, self.settings_button)
        more = (self.folder_button, self.delete_button, self.add_button, self.refresh_button)
        for row, line in enumerate((buttons, more)):
            for column, button in enumerate(line):
                actions.addWidget(button, row, column)
        layout = QVBoxLayout(content)
        layout.addWidget(self.table, 1)
        layout.addLayout(actions)
        layout.addWidget(self.words)
        layout.addWidget(self.curves, 1)
        self.scroll(content)

    def _connect(self) -> None:
        for button, slot in (
            (self.refresh_button, self.refresh),
            (self.add_button, self._ask_folder),
            (self.load_button, self._load),
            (self.continue_button, self._continue),
            (self.start_button, self._start_from),
            (self.settings_button, self._show_settings),
            (self.folder_button, self._show_folder),
            (self.delete_button, self._delete),
        ):
            button.clicked.connect(in_notifications(slot, say=self.words.setText))
        self.table.picked.connect(self._on_picked)
        self.runner.ended.connect(self._on_ended)
        self._timer.timeout.connect(self._refresh_if_changed)

    def _look(self) -> object:
        """Return what changes when a run comes, goes, begins or ends; quick."""
        from napari_strata.training.folders.listing import RunState, is_worked_on

        models = tuple(stamp.bundle for stamp in self._library.stamps())
        running = (run.folder for _, run in self._known.values() if run.state is RunState.RUNNING)
        ended = tuple(folder for folder in running if not is_worked_on(folder))
        return models, self._library.runs_in_training(), ended, tuple(self._added)

    def _refresh_if_changed(self) -> None:
        if not self.runner.is_busy and self._look() != self._seen:
            self.refresh()

    def _on_ended(self, ended: JobEnded) -> None:
        show_ending(ended)
        if ended.error is not None:
            self.words.setText(in_words(ended.error))
        elif ended.result is not None:
            self._known = ended.result.value
            self.table.show_runs([run for _, run in self._known.values()])
        if self._again:
            self._again = False
            self.refresh()

    def _on_picked(self) -> None:
        chosen = self.table.chosen
        one = chosen[0] if len(chosen) == 1 else None
        has_model = one is not None and one.card is not None
        self.load_button.setEnabled(has_model)
        self.start_button.setEnabled(has_model)
        self.continue_button.setEnabled(one is not None and one.is_resumable)
        self.settings_button.setEnabled(one is not None and (one.folder / "config.yaml").is_file())
        self.folder_button.setEnabled(one is not None)
        self.delete_button.setEnabled(bool(chosen) and all(_is_deletable(run) for run in chosen))
        self.curves.show_runs(chosen)
        self.words.setText(self._told(chosen))

    def _told(self, chosen: "list[Run]") -> str:
        if len(chosen) == 1:
            run = chosen[0]
            return " ".join(filter(None, (f"{run.folder.name}: {run.state.value}.", run.words)))
        return f"{len(chosen)} chosen." if chosen else _HINT if self.table.rowCount() else _NOTHING

    def _ask_folder(self, _checked: bool = False) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "List the runs in", str(self._library.folder))
        if chosen:
            self.add_folder(Path(chosen))

    def _load(self, _checked: bool = False) -> None:
        for run in self.table.chosen:
            use_model(self._viewer, run.folder)

    def _continue(self, _checked: bool = False) -> None:
        for run in self.table.chosen:
            if run.spent:
                self._ask_for_more(run)
            else:
                self._go_on(run.folder, {})

    def _ask_for_more(self, run: "Run") -> None:
        window = MoreTraining(run, parent=self)
        window.accepted.connect(
            in_notifications(lambda: self._go_on(run.folder, window.budgets), say=self.words.setText)
        )
        window.finished.connect(window.deleteLater)
        window.open()

    def _go_on(self, folder: Path, budgets: dict[str, Any]) -> None:
        self._train().go_on(folder, **budgets)
        show_train_dock(self._viewer)
        self.refresh()
        self.words.setText(f"{folder.name} goes on in the Train dock.")

    def _start_from(self, _checked: bool = False) -> None:
        for run in self.table.chosen:
            assert run.card is not None, "the button is for runs with a model"
            show_start(self._train().settings, run.card, run.folder)
            show_train_dock(self._viewer)
            self.words.setText(f"The next training starts from {run.folder.name}: press Train.")

    def _show_settings(self, _checked: bool = False) -> None:
        for run in self.table.chosen:
            window = RunSettings(run.folder / "config.yaml", can_use=run.config is not None, parent=self)
            window.accepted.connect(in_notifications(lambda run=run: self._use_settings(run)))
            window.finished.connect(window.deleteLater)
            window.open()

    def _use_settings(self, run: "Run") -> None:
        assert run.config is not None, "the button is for settings that can be read"
        show_config(self._train().settings, run.config)
        show_train_dock(self._viewer)
        self.words.setText(f"The Train dock has the settings of {run.folder.name}.")

    def _show_folder(self, _checked: bool = False) -> None:
        for run in self.table.chosen:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.folder)))

    def _delete(self, _checked: bool = False) -> None:
        from napari_strata.training.folders.removal import delete_run

        runs = self.table.chosen
        asked = QMessageBox.question(self, "Delete training runs", _question(runs))
        if asked != QMessageBox.StandardButton.Yes:
            return
        try:
            left = [f"{name} in {run.folder}" for run in runs for name in delete_run(run.folder)]
        finally:
            self.refresh()
        stays = f" Not from a training, so it stays: {', '.join(left)}." if left else ""
        self.words.setText(f"{len(runs)} deleted.{stays}")


def _is_deletable(run: "Run") -> bool:
    return run.state.name != "RUNNING" and (run.card is not None or (run.folder / "config.yaml").is_file())


def _question(runs: "list[Run]") -> str:
    names = "\n".join(f"• {run.name} ({run.folder})" for run in runs)
    painted = [run.folder.name for run in runs if run.has_labels]
    labels = (
        f"\n\nThe labels that were painted for {', '.join(painted)} are deleted, too: the copies that the "
        "training kept. What the Label dock keeps stays."
        if painted
        else ""
    )
    return f"Delete for good?\n\n{names}{labels}"


def _make_job(control: JobControl, roots: tuple[Path, ...], known: "Known") -> Job:
    from napari_strata.jobs.list_runs import list_runs

    return list_runs(control, roots, known)
