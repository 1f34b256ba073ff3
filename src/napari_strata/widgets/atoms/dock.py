"""The Atoms dock: what was located is corrected, counted, and sent to training."""

from typing import TYPE_CHECKING, Any

from napari.viewer import Viewer
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.atoms.edits import EDITS
from napari_strata.errors import LabelsError
from napari_strata.types import ATOM_FLAGS
from napari_strata.widgets.atoms.accepting import accept
from napari_strata.widgets.atoms.as_labels import use_as_labels
from napari_strata.widgets.atoms.atom_features import AtomFeatures
from napari_strata.widgets.atoms.choice import AtomsChoice
from napari_strata.widgets.atoms.counts import AtomCounts
from napari_strata.widgets.atoms.editing import AtomEditing
from napari_strata.widgets.atoms.open_button import OpenButton, atom_files
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.layers.label_memory import image_of
from napari_strata.widgets.layers.results import find_results
from napari_strata.widgets.parts.connections import LayerFollower, connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.form import form_layout
from napari_strata.widgets.parts.menu_button import MenuButton
from napari_strata.widgets.parts.notify import in_notifications

if TYPE_CHECKING:
    from napari.layers import Image, Points

_TOOLS = (
    ("Select", "select", "Click an atom or draw a box around some; drag them to move them, Delete removes them."),
    ("Add", "add", "Click where an atom is missing."),
    ("Move view", "pan_zoom", "Drag the image."),
)
_NONE = "Find atoms in the Predict dock, or open a file of atoms."


class AtomsDock(Dock):
    """Edits located atoms.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose atoms to edit.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        journal_of(viewer)  # which keeps the atoms that become labels
        self._viewer = viewer
        self.atoms = AtomsChoice(viewer)
        self.editing = AtomEditing(self, self._image)
        self.open_button = OpenButton(viewer)
        self.tools = QButtonGroup(self)
        self._mode = LayerFollower(self, self._on_mode, "mode")
        self.delete_button = QPushButton("Delete")
        self.features = AtomFeatures()
        self.counts = AtomCounts()
        self.edits, self.words = QLabel(), QLabel()
        self.select_button = MenuButton(
            "Select…", "Select atoms that are flagged or that were edited.", self._kinds, self.editing.select
        )
        self.undo_button = QPushButton("Undo edit")
        self.discard_button = QPushButton("Discard edits")
        self.accept_button = QPushButton("Accept candidates")
        self.labels_button = QPushButton("Use as labels")
        self._lay_out()
        self._connect()
        self._on_atoms(self.atoms.layer)

    @property
    def points(self) -> "Points | None":
        """The atoms that are edited, or None."""
        return self.editing.points

    def _lay_out(self) -> None:
        self.edits.setWordWrap(True)
        self.words.setWordWrap(True)
        self.setAcceptDrops(True)
        self.delete_button.setToolTip("Remove the selected atoms. The Delete key does, too.")
        self.undo_button.setToolTip(
            "Take the last edit back, since these atoms were computed or chosen here. Edits that Predict did "
            "again are taken back by “Discard edits”, or one by one by hand."
        )
        self.discard_button.setToolTip("Show the atoms as they were computed.")
        self.accept_button.setToolTip(
            "Add the missing atoms and remove the extra and the empty ones among the selected candidates, or "
            "among all where none is selected."
        )
        self.labels_button.setToolTip(
            "Make one Points layer per crystal layer that a training learns from, or bring it up to date."
        )
        chosen = form_layout()
        chosen.addRow(QLabel("Atoms"), self.atoms)
        chosen.addRow("", self.open_button)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addLayout(chosen)
        layout.addLayout(self._tool_row())
        layout.addWidget(self.features)
        layout.addWidget(self.counts)
        layout.addLayout(_row(self.select_button, self.undo_button, self.discard_button))
        layout.addWidget(self.edits)
        layout.addLayout(_row(self.accept_button, self.labels_button))
        layout.addWidget(self.words)
        layout.addStretch(1)
        self.scroll(content)

    def _tool_row(self) -> QHBoxLayout:
        buttons = []
        for text, mode, tip in _TOOLS:
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setProperty("mode", mode)
            self.tools.addButton(button)
            buttons.append(button)
        return _row(*buttons, self.delete_button)

    def _connect(self) -> None:
        self.atoms.chosen.connect(self._on_atoms)
        self.editing.changed.connect(self._refresh)
        self.editing.selected.connect(self._on_selection)
        self.tools.buttonClicked.connect(self._choose_tool)
        self.open_button.opened.connect(self.atoms.choose)
        self.open_button.said.connect(self.words.setText)
        self.features.assigned.connect(in_notifications(self.editing.assign))
        self.counts.chosen.connect(self._select_row)
        for button, slot in (
            (self.delete_button, self._delete),
            (self.undo_button, self.editing.undo),
            (self.discard_button, self.editing.discard),
            (self.accept_button, self._accept),
            (self.labels_button, self._use_as_labels),
        ):
            button.clicked.connect(
                in_notifications(lambda _checked=False, slot=slot: slot(), say=self.words.setText)
            )
        events = self._viewer.layers.events
        connect_while_alive(self, self._on_layers, events.inserted, events.removed)

    def _on_atoms(self, points: "Points | None") -> None:
        self._mode.follow(points)
        self.editing.follow(points)
        self._on_mode()
        self.words.setText(_NONE if points is None else "")

    def _on_mode(self, _event: object = None) -> None:
        mode = "" if self.points is None else str(self.points.mode)
        for button in self.tools.buttons():
            button.setChecked(button.property("mode") == mode)
        self._on_selection()

    def _choose_tool(self, button: QPushButton) -> None:
        if self.points is not None:
            self._viewer.layers.selection.active = self.points
            self.points.mode = button.property("mode")
        self._on_mode()

    def _refresh(self) -> None:
        points, counts = self.points, self.editing.counts()
        self.counts.show_atoms(None if points is None else points.features)
        self.edits.setText(_edits_in_words(counts) if points is not None else "")
        self.undo_button.setEnabled(self.editing.can_undo)
        self.discard_button.setEnabled(bool(counts))
        for widget in (*self.tools.buttons(), self.select_button, self.features):
            widget.setEnabled(points is not None)
        self._on_layers()
        self._on_selection()

    def _on_selection(self) -> None:
        points = self.points
        self.delete_button.setEnabled(points is not None and bool(points.selected_data))
        self.features.show_atoms(points)

    def _on_layers(self, _event: object = None) -> None:
        self.accept_button.setEnabled(self._candidates() is not None)
        self.labels_button.setEnabled(self._image() is not None)

    def _image(self) -> "Image | None":
        return None if self.points is None else image_of(self.points, self._viewer.layers)

    def _candidates(self) -> "Points | None":
        image = self._image()
        found: list[Any] = [] if image is None else find_results(self._viewer, "candidates", image)
        return found[-1] if found and len(found[-1].data) else None

    def _kinds(self) -> list[tuple[str, list[int]]]:
        """Return what can be selected, in words, and the indices of its atoms."""
        if self.points is None:
            return []
        features, kinds = self.points.features, []
        for column, words in (("flag", ATOM_FLAGS), ("edited", EDITS)):
            for word in words if column in features else ():
                bears = [word in said.split() for said in features[column].astype(object).fillna("")]
                atoms = [index for index, is_one in enumerate(bears) if is_one]
                if atoms:
                    kinds.append((f"{len(atoms)} {word}", atoms))
        return kinds

    def _select_row(self, layer: int, species: str) -> None:
        if self.points is not None:
            features = self.points.features
            rows = (features["layer"] == layer) & (features["species"] == species)
            self._viewer.layers.selection.active = self.points
            self.editing.select(rows.to_numpy().nonzero()[0])

    def _delete(self) -> None:
        if self.points is not None:
            self.points.remove_selected()

    def _accept(self) -> None:
        candidates = self._candidates()
        if self.points is None or candidates is None:
            return
        with self.editing.as_one_edit() as take_back:
            accepted = accept(self.points, candidates)
            take_back.append(accepted.take_back)
        self.words.setText(f"{accepted.added} added, {accepted.deleted} removed.")
        self._on_layers()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files of atoms."""
        if atom_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the file that was dropped; of several, the first."""
        event.acceptProposedAction()
        self.open_button.open_dropped(event.mimeData())

    def _use_as_labels(self) -> None:
        image = self._image()
        if self.points is None or image is None:
            raise LabelsError("The image of these atoms is not open.", remedy="Open it under its name.")
        made, kept = use_as_labels(self._viewer, self.points, image)
        self.points.visible = False  # or nobody sees which atoms are learned
        self._viewer.layers.selection.active = made[0]
        names = ", ".join(f"'{one.name}'" for one in made)
        stays = f" Those you changed stay as '{kept[0].name}'." if kept else ""
        self.words.setText(
            f"{names}: in the Train dock, learn from My labels. All atoms of the slices must be right.{stays}"
        )


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(3)
    for widget in widgets:
        row.addWidget(widget)
    return row


def _edits_in_words(counts: dict[str, int]) -> str:
    if not counts:
        return "Nothing edited. Edits are kept when Predict runs again on this image."
    said = ", ".join(f"{counts[kind]} {kind}" for kind in EDITS if kind in counts)
    return f"Edited: {said}. Kept when Predict runs again on this image."
