"""The Label history dock: where labels are kept, their save points, and labels of earlier sessions."""

from pathlib import Path

from napari.layers import Labels
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QInputDialog, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.store.journal import Phase
from napari_strata.errors import LabelsError
from napari_strata.widgets.journal.bring_back import bring_back
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.journal.open_set import OpenSet
from napari_strata.widgets.journal.recovery_line import RecoveryLine, stored_sets
from napari_strata.widgets.journal.tables import SetTable, VersionTable
from napari_strata.widgets.journal.version_layers import compare, restore, show_provenance
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.words import Words

_NOTHING = "Nothing to keep yet: what you paint is saved by itself."
_OWN_FOLDER = "a folder of your own on this computer"
_BY_HAND = "kept by hand"


class HistoryDock(Dock):
    """Shows that labels are safe, and brings earlier ones back.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose labels are kept.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._journal = viewer, journal_of(viewer)
        self.recovery = RecoveryLine(viewer)
        self.place = Words()
        self.folder_button = QPushButton("Project folder…")
        self.cache_button = QPushButton("My own folder")
        self.state = Words()
        self.versions = VersionTable()
        self.keep_button = QPushButton("Keep this state…")
        self.compare_button = QPushButton("Compare")
        self.restore_button = QPushButton("Restore")
        self.provenance_button = QPushButton("Show where labels come from")
        self.sets = SetTable()
        self.bring_button = QPushButton("Bring back")
        self._explain()
        self._lay_out()
        self._connect()
        self.refresh()

    def came_to_front(self, is_in_front: bool) -> None:
        """Show the save points that were made meanwhile."""
        if is_in_front:
            self.refresh()

    def refresh(self, _event: object = None) -> None:
        """Show what is on disk now."""
        home = self._journal.home
        self.place.setText(_OWN_FOLDER if home.project is None else home.project.name)
        self.place.setToolTip(str(home.folder))
        self.cache_button.setEnabled(home.project is not None)
        opened = self._opened
        self.state.setText(self._journal.trouble or state_words(opened))
        folder = None if opened is None else opened.state.folder
        self.versions.show_versions(folder)
        here = [one.state.folder for one in self._journal.sets if one.state.folder is not None]
        self.sets.show_sets(stored_sets(self._journal), here)
        self._enable()

    @property
    def _opened(self) -> OpenSet | None:
        """The label set of the active layer, else the last one made."""
        sets = self._journal.sets
        return self._journal.set_of(self._viewer.layers.selection.active) or (sets[-1] if sets else None)

    def _explain(self) -> None:
        self.folder_button.setToolTip("Keep labels in a folder of your choice, for example on the group's drive.")
        self.cache_button.setToolTip("Keep labels in a folder of your own on this computer.")
        self.keep_button.setToolTip("Makes a save point with a name; it is kept for ever.")
        self.compare_button.setToolTip("Adds a layer that shows which pixels have changed since the save point.")
        self.restore_button.setToolTip(
            "Puts labels and points back. The present state gets a save point first; Ctrl+Z undoes it for labels."
        )
        self.provenance_button.setToolTip(
            "Adds a layer that shows which labels of the active layer were painted, imported, drawn by a network, "
            "or corrected."
        )
        self.bring_button.setToolTip("Opens the labels of an earlier session, on their image.")

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addWidget(self.recovery)
        layout.addWidget(QLabel("<b>Labels are kept in</b>"))
        layout.addWidget(self.place)
        layout.addLayout(_row(self.folder_button, self.cache_button))
        layout.addWidget(self.state)
        layout.addWidget(QLabel("<b>Save points</b>"))
        layout.addWidget(self.versions)
        layout.addLayout(_row(self.keep_button, self.compare_button, self.restore_button))
        layout.addWidget(self.provenance_button)
        layout.addWidget(QLabel("<b>Labels of all sessions</b>"))
        layout.addWidget(self.sets)
        layout.addWidget(self.bring_button)
        layout.addStretch(1)
        self.scroll(content)

    def _connect(self) -> None:
        self._journal.changed.connect(self.refresh)
        connect_while_alive(self, self.refresh, self._viewer.layers.selection.events.active)
        self.folder_button.clicked.connect(in_notifications(self._choose_folder))
        self.cache_button.clicked.connect(in_notifications(self._use_own_folder))
        self.keep_button.clicked.connect(in_notifications(self._keep))
        self.compare_button.clicked.connect(in_notifications(self._compare))
        self.restore_button.clicked.connect(in_notifications(self._restore))
        self.provenance_button.clicked.connect(in_notifications(self._show_provenance))
        self.bring_button.clicked.connect(in_notifications(self._bring_back))
        self.versions.itemSelectionChanged.connect(self._enable)
        self.sets.itemSelectionChanged.connect(self._enable)

    def _enable(self) -> None:
        opened, has_version = self._opened, self.versions.version is not None
        self.keep_button.setEnabled(opened is not None and opened.state.phase is Phase.SAVED)
        self.compare_button.setEnabled(has_version)
        self.restore_button.setEnabled(has_version)
        self.provenance_button.setEnabled(opened is not None)
        self.bring_button.setEnabled(self.sets.stored is not None)

    def _choose_folder(self, _checked: bool = False) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Keep labels in", str(self._journal.home.project or ""))
        if chosen:
            self._keep_in(Path(chosen))

    def _use_own_folder(self, _checked: bool = False) -> None:
        self._keep_in(None)

    def _keep_in(self, project: Path | None) -> None:
        self._journal.choose_project(project)
        self.refresh()

    def _keep(self, _checked: bool = False) -> None:
        name, is_given = QInputDialog.getText(self, "Keep this state", "Name:", text=_BY_HAND)
        opened = self._opened
        if is_given and opened is not None:
            self._journal.ask(lambda: opened.journal.save_version(name.strip() or _BY_HAND, by_hand=True))
            self.refresh()

    def _compare(self, _checked: bool = False) -> None:
        opened, version = self._opened, self.versions.version
        if opened is not None and version is not None:
            compare(self._viewer, opened, version)

    def _restore(self, _checked: bool = False) -> None:
        opened, version = self._opened, self.versions.version
        if opened is not None and version is not None:
            restore(self._viewer, self._journal, opened, version)
            self.refresh()

    def _show_provenance(self, _checked: bool = False) -> None:
        active, opened = self._viewer.layers.selection.active, self._opened
        layers = [] if opened is None else [one for one in opened.layers.values() if isinstance(one, Labels)]
        labels = next((one for one in layers if one == active), None) or next(iter(layers), None)
        if labels is None:
            raise LabelsError("No Labels layer is open.", remedy="Make one in the Label dock.")
        show_provenance(self._viewer, labels)

    def _bring_back(self, _checked: bool = False) -> None:
        stored = self.sets.stored
        if stored is not None:
            bring_back(self._viewer, self._journal, stored)
            self.refresh()


def state_words(opened: OpenSet | None) -> str:
    """Say whether what is painted is safe."""
    if opened is None or opened.state.phase is Phase.EMPTY:
        return _NOTHING
    if opened.state.phase is Phase.SAVED:
        return f"The labels of {opened.image} are saved."
    return f"The labels of {opened.image} are kept in memory only. {opened.state.words}"


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, 1)
    return row
