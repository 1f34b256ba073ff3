"""The Label dock: makes Labels layers that match an image, and says what each painted code means."""

from napari.layers import Image, Labels
from napari.viewer import Viewer
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.classes import FIRST_CLASS, add_class, recolor_class, rename_class
from napari_strata.config import ClassTable
from napari_strata.errors import StrataError
from napari_strata.widgets.class_list import ClassList
from napari_strata.widgets.connections import LayerFollower, connect_while_alive
from napari_strata.widgets.dock import DOCK_WIDTH, Dock
from napari_strata.widgets.editors import IntegerBox
from napari_strata.widgets.label_layers import add_grey, new_labels, set_class_table
from napari_strata.widgets.label_memory import class_table_of, image_of, is_for, labels_of
from napari_strata.widgets.layer_choice import LayerChoice
from napari_strata.widgets.notify import in_notifications
from napari_strata.widgets.recovery_line import RecoveryLine

_NO_IMAGE = "Open an image."
_COLOUR = "Press 'Convert to grey'."
_NO_LABELS = "Press 'New labels'."
_PAINT = "Choose a row and paint, also some background{where}; then Train, Learn from: My labels."
_NEW_LABELS = "Adds empty Labels layers that lie exactly on the image."


class LabelDock(Dock):
    """Makes Labels layers for an image and edits their class table.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose layers to label.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._table: ClassTable | None = None
        self._trouble = ""
        self._follower = LayerFollower(self, self._on_selected_label, "selected_label")
        self.recovery = RecoveryLine(viewer)
        self.image = LayerChoice(viewer, Image)
        self.labels = LayerChoice(viewer, Labels)
        self.grey_button = QPushButton("Convert to grey")
        self.layers = IntegerBox(1, 4)
        self.new_button = QPushButton("New labels")
        self.hint = QLabel()
        self.classes = ClassList()
        self.add_button = QPushButton("Add class")
        self.color_button = QPushButton("Colour…")
        self._lay_out()
        self._connect()
        self._on_image(self.image.layer)
        self._on_labels(self.labels.layer)

    def _lay_out(self) -> None:
        self.image.setToolTip("The image to label.")
        self.grey_button.setToolTip("Adds the brightness of this colour image as a grey image.")
        self.layers.setToolTip(
            "Crystal layers: 1 makes one Labels layer, for a U-Net; 2 or more make one Labels layer per crystal "
            "layer, for a Gomb-Net."
        )
        self.labels.setToolTip("The Labels layer to paint on.")
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Image", self.image)
        form.addRow("", self.grey_button)
        form.addRow("Crystal layers", _row(self.layers, self.new_button))
        form.addRow("Labels", self.labels)
        self.hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.recovery)
        layout.addLayout(form)
        layout.addWidget(self.hint)
        layout.addWidget(self.classes)
        layout.addWidget(_row(self.add_button, self.color_button))
        layout.addStretch(1)
        self.setMinimumWidth(DOCK_WIDTH)

    def _connect(self) -> None:
        self.image.chosen.connect(self._on_image)
        self.labels.chosen.connect(self._on_labels)
        self.grey_button.clicked.connect(in_notifications(self._convert_to_grey))
        self.new_button.clicked.connect(in_notifications(self._make_labels))
        self.add_button.clicked.connect(in_notifications(self._add_class))
        self.color_button.clicked.connect(lambda: self._ask_color(self.classes.code))
        self.classes.selected.connect(self._paint)
        self.classes.renamed.connect(in_notifications(self._rename))
        self.classes.recolor_asked.connect(self._ask_color)
        connect_while_alive(self, self._on_active, self._viewer.layers.selection.events.active)

    def _on_image(self, image: Image | None) -> None:
        self.grey_button.setVisible(image is not None and image.rgb)
        self.new_button.setEnabled(image is not None)
        self.new_button.setToolTip(_NO_IMAGE if image is None else _NEW_LABELS)
        self._choose_labels_of(image)
        self._say_what_to_do()

    def _on_labels(self, labels: Labels | None) -> None:
        self._table, self._trouble = _table_or_trouble(labels)
        self._follower.follow(labels)
        image = None if labels is None else image_of(labels, self._viewer.layers)
        if image is not None:
            self.image.choose(image)
        self._show_table()
        self._say_what_to_do()

    def _choose_labels_of(self, image: Image | None) -> None:
        """Choose an image's labels where those of another one are chosen."""
        labels, layers = self.labels.layer, self._viewer.layers
        if image is not None and labels is not None and not is_for(labels, image, layers):
            for one in labels_of(image, layers)[:1]:
                self.labels.choose(one)

    def _say_what_to_do(self) -> None:
        image, labels = self.image.layer, self.labels.layer
        if image is None:
            self.hint.setText(_NO_IMAGE)
        elif image.rgb:
            self.hint.setText(_COLOUR)
        elif labels is None or not is_for(labels, image, self._viewer.layers):
            self.hint.setText(_NO_LABELS)
        else:
            where = " in three or four slices" if image.ndim == 3 else ""
            self.hint.setText(self._trouble or _PAINT.format(where=where))

    def _on_active(self, _event: object = None) -> None:
        active = self._viewer.layers.selection.active
        self.labels.choose(active)
        self.image.choose(active)

    def _on_selected_label(self, _event: object = None) -> None:
        self.classes.select(int(self._follower.layer.selected_label))

    def _convert_to_grey(self, _checked: bool = False) -> None:
        add_grey(self._viewer, self.image.layer)

    def _make_labels(self, _checked: bool = False) -> None:
        table = self._table or ClassTable.from_names(("class 1",))
        first, *_others = new_labels(self._viewer, self.image.layer, layers=self.layers.value(), table=table)
        self.labels.choose(first)
        self._paint(FIRST_CLASS)

    def _paint(self, code: int) -> None:
        labels = self._follower.layer
        self._viewer.layers.selection.active = labels
        labels.selected_label = code
        labels.mode = "paint"

    def _add_class(self, _checked: bool = False) -> None:
        if self._table is not None:
            self._change(add_class(self._table))
            self._paint(len(self._table.classes) + 1)

    def _rename(self, code: int, name: str) -> None:
        assert self._table is not None, "only a shown table can be edited"
        try:
            self._change(rename_class(self._table, code, name))
        finally:
            self._show_table()

    def _ask_color(self, code: int) -> None:
        if self._table is None or code < FIRST_CLASS:
            return
        present = QColor(self._table.classes[code - FIRST_CLASS].color)
        chosen = QColorDialog.getColor(present, self, f"Colour of {self._table.names[code - FIRST_CLASS]}")
        if chosen.isValid():
            self._change(recolor_class(self._table, code, chosen.name()))

    def _change(self, table: ClassTable) -> None:
        self._table = table
        set_class_table(self._follower.layer, table, self._viewer.layers)
        self._show_table()

    def _show_table(self) -> None:
        self.classes.show_table(self._table)
        for widget in (self.classes, self.add_button, self.color_button):
            widget.setEnabled(self._table is not None)
        if self._follower.layer is not None:
            self._on_selected_label()


def _table_or_trouble(labels: Labels | None) -> tuple[ClassTable | None, str]:
    """Return the class table of labels, or in words why they have none."""
    try:
        return (None if labels is None else class_table_of(labels)), ""
    except StrataError as error:
        return None, str(error)


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget, 1)
    return row
