"""The Label dock: makes labels and atoms that match an image, and says what each painted code means."""

from napari.layers import Image, Layer, Points
from napari.viewer import Viewer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.classes import FIRST_CLASS
from napari_strata.config import ClassTable
from napari_strata.widgets.journal.kept_line import KeptLine
from napari_strata.widgets.journal.recovery_line import RecoveryLine
from napari_strata.widgets.label.atoms_panel import AtomsPanel
from napari_strata.widgets.label.class_editor import ClassEditor
from napari_strata.widgets.label.group_panel import GroupPanel
from napari_strata.widgets.label.objects_to_classes import objects_to_classes
from napari_strata.widgets.label.shapes_panel import ShapesPanel
from napari_strata.widgets.layers.atom_points import new_atoms
from napari_strata.widgets.layers.label_layers import add_grey, new_labels
from napari_strata.widgets.layers.label_memory import (
    crystal_layer_of,
    group_of,
    image_of,
    is_for,
    labels_of,
    members_of,
    new_group,
)
from napari_strata.widgets.layers.labels_choice import LabelsChoice
from napari_strata.widgets.layers.numbered_objects import holds_objects
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.dock_links import DockLinks
from napari_strata.widgets.parts.form import Page, fold, form_layout
from napari_strata.widgets.parts.layer_choice import LayerChoice
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.number_boxes import IntegerBox

_NO_IMAGE = "Open an image."
_COLOUR = "Press 'Convert to grey'."
_NO_LABELS = "Press 'New labels' to paint, or 'New atoms' to click atoms."
_PAINT = "Choose a row and paint, also some background{where}; then Train, Learn from: My labels."
_CLICK = "Choose a row and click atoms, all of them{where}; then Train, Learn from: My labels."
_GROUP = "Crystal layers of the group"
_OBJECTS = "This layer numbers objects; training takes classes. Press 'Objects to classes'."
_TO_CLASSES = "Adds labels in which each pixel has the class of its object. The objects stay, hidden."
_NEW_LABELS = "Adds empty Labels layers that lie exactly on the image."
_NEW_ATOMS = "Adds empty Points layers that lie exactly on the image, one point per atom."

LINKS = (
    ("Tools…", "Label tools", "Threshold, fill, grow, smooth and other helpers for painting."),
    ("Files…", "Label files", "Read labels made elsewhere, and write labels for other programs."),
    ("History…", "Label history", "Bring back what was painted earlier."),
    ("Check…", "Label doctor", "Look for what would spoil a training."),
)
"""The docks that are opened from here."""


class LabelDock(Dock):
    """Makes labels and atoms for an image, and edits their class table.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose layers to label.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.recovery = RecoveryLine(viewer)
        self.image = LayerChoice(viewer, Image)
        self.labels = LabelsChoice(viewer)
        self.grey_button = QPushButton("Convert to grey")
        self.layers = IntegerBox(1, 4)
        self.new_button = QPushButton("New labels")
        self.atoms_button = QPushButton("New atoms")
        self.classes_button = QPushButton("Objects to classes")
        self.hint, self.kept = QLabel(), KeptLine(viewer)
        self.editor = ClassEditor(viewer)
        self.group, self.atoms = GroupPanel(viewer), AtomsPanel(viewer)
        self.shapes = ShapesPanel(viewer, lambda: (self.editor.layer, self.classes.code))
        self.links = DockLinks(viewer, LINKS)
        self.classes = self.editor.list
        self.add_button, self.color_button = self.editor.add_button, self.editor.color_button
        self._lay_out()
        self._connect()
        self._on_image(self.image.layer)
        self._on_labels(self.labels.layer)

    def _lay_out(self) -> None:
        self._explain()
        form = form_layout()
        form.addRow("Image", self.image)
        form.addRow("", self.grey_button)
        form.addRow("Crystal layers", self.layers)
        form.addRow("", _row(self.new_button, self.atoms_button))
        form.addRow("Labels", self.labels)
        self.hint.setWordWrap(True)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(form)
        inner.addWidget(self.kept)
        inner.addWidget(self.hint)
        inner.addWidget(self.classes_button)
        inner.addWidget(self.editor)
        self.parts = {
            title: fold(title, widget)
            for title, widget in (
                (_GROUP, self.group),
                ("Atoms as points", self.atoms),
                ("Shapes as labels", self.shapes),
            )
        }
        for part in self.parts.values():
            inner.addWidget(part)
        inner.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.recovery)
        layout.addWidget(Page(content), 1)
        layout.addWidget(self.links)

    def _explain(self) -> None:
        self.image.setToolTip("The image to label.")
        self.grey_button.setToolTip("Adds the brightness of this colour image as a grey image.")
        self.layers.setToolTip(
            "Crystal layers: 1 makes one Labels layer, for a U-Net; 2 or more make one Labels layer per crystal "
            "layer, for a Gomb-Net."
        )
        self.classes_button.setToolTip(_TO_CLASSES)
        self.labels.setToolTip("The Labels layer to paint on, or the atoms to click.")

    def _connect(self) -> None:
        self.image.chosen.connect(self._on_image)
        self.labels.chosen.connect(self._on_labels)
        self.grey_button.clicked.connect(in_notifications(self._convert_to_grey))
        self.new_button.clicked.connect(in_notifications(self._make_labels))
        self.atoms_button.clicked.connect(in_notifications(self._make_atoms))
        self.classes_button.clicked.connect(in_notifications(self._make_classes))
        self.editor.table_changed.connect(self._on_table)
        self.group.changed.connect(self._say_what_to_do)
        self.kept.brought_back.connect(self._on_brought_back)
        connect_while_alive(self, self._on_active, self._viewer.layers.selection.events.active)

    def _on_image(self, image: Image | None) -> None:
        self.grey_button.setVisible(image is not None and image.rgb)
        for button, tip in ((self.new_button, _NEW_LABELS), (self.atoms_button, _NEW_ATOMS)):
            button.setEnabled(image is not None)
            button.setToolTip(_NO_IMAGE if image is None else tip)
        self._choose_labels_of(image)
        self._say_what_to_do()

    def _on_labels(self, labels: Layer | None) -> None:
        has_objects = holds_objects(labels)
        self.classes_button.setVisible(has_objects)
        self.editor.setVisible(not has_objects)
        self.editor.follow(None if has_objects else labels)
        image = None if labels is None else image_of(labels, self._viewer.layers)
        if image is not None:
            self.image.choose(image)
        self._on_table()

    def _on_table(self) -> None:
        self.group.follow(self.editor.layer)
        self.atoms.follow(self.editor.layer)
        self._say_what_to_do()

    def _choose_labels_of(self, image: Image | None) -> None:
        """Choose an image's labels where those of another one are chosen."""
        labels, layers = self.labels.layer, self._viewer.layers
        if image is not None and labels is not None and not is_for(labels, image, layers):
            for one in labels_of(image, layers)[:1]:
                self.labels.choose(one)

    def _say_what_to_do(self) -> None:
        image, labels = self.image.layer, self.labels.layer
        self.kept.follow(None if image is None or labels_of(image, self._viewer.layers) else image)
        if image is None:
            self.hint.setText(_NO_IMAGE)
        elif image.rgb:
            self.hint.setText(_COLOUR)
        elif labels is None or not is_for(labels, image, self._viewer.layers):
            self.hint.setText(_NO_LABELS)
        elif holds_objects(labels):
            self.hint.setText(_OBJECTS)
        else:
            where = " in three or four slices" if image.ndim == 3 else ""
            words = _CLICK if isinstance(labels, Points) else _PAINT
            self.hint.setText(self.editor.trouble or self._misplaced or words.format(where=where))

    @property
    def _misplaced(self) -> str:
        """What of the group does not lie on the image, and where the button is that mends it."""
        words = next(iter(self.group.trouble), "")
        return f"{words} 'Align' is under '{_GROUP}'." if "'Align'" in words else words

    def _on_active(self, _event: object = None) -> None:
        active = self._viewer.layers.selection.active
        self.labels.choose(active)
        self.image.choose(active)

    def _on_brought_back(self, layers: list[Layer]) -> None:
        self.labels.choose(layers[0])
        self._say_what_to_do()

    def _convert_to_grey(self, _checked: bool = False) -> None:
        add_grey(self._viewer, self.image.layer)

    def _make_labels(self, _checked: bool = False) -> None:
        first, *_others = new_labels(
            self._viewer, self.image.layer, layers=self.layers.value(), table=self._new_table()
        )
        self.labels.choose(first)
        self.editor.pick(FIRST_CLASS)

    def _make_classes(self, _checked: bool = False) -> None:
        labels = objects_to_classes(self._viewer, self.labels.layer)
        self.labels.choose(labels)
        self.editor.pick(FIRST_CLASS)

    def _make_atoms(self, _checked: bool = False) -> None:
        """Add atoms, to the chosen labels where those have none yet."""
        image, group, layers = self.image.layer, new_group(), self.layers.value()
        chosen = self.labels.layer
        if chosen is not None and image_of(chosen, self._viewer.layers) == image:
            mates = members_of(chosen, self._viewer.layers)
            if not any(isinstance(one, Points) for one in mates):
                group, layers = group_of(chosen), 1 + max(crystal_layer_of(one) for one in mates)
        first, *_others = new_atoms(self._viewer, image, layers=layers, table=self._new_table(), group=group)
        self.labels.choose(first)
        self.editor.pick(FIRST_CLASS)
        first.mode = "add"
        self.parts["Atoms as points"].expand(animate=False)

    def _new_table(self) -> ClassTable:
        return self.editor.table or ClassTable.from_names(("class 1",))


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget, 1)
    return row
