"""Edits the class table of labels or atoms: picks, adds, renames, recolours, reorders, merges, deletes classes."""

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels, Points
from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.classes import FIRST_CLASS, add_class, recolor_class, rename_class
from napari_strata.annotation.recoding import Recoding, drop_class, move_class
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError, StrataError
from napari_strata.types import BACKGROUND, NOT_LABELLED
from napari_strata.widgets.label.class_edits import ClassEdits
from napari_strata.widgets.label.class_keys import add_class_keys
from napari_strata.widgets.label.class_list import ClassList
from napari_strata.widgets.label.paint_counter import TELL_AFTER, PaintCounter
from napari_strata.widgets.layers.atom_points import SPECIES, choose_species, count_atoms
from napari_strata.widgets.layers.label_layers import set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, image_of, mates_of, members_of
from napari_strata.widgets.layers.label_step import slices_of
from napari_strata.widgets.layers.outside import KeptInside
from napari_strata.widgets.parts.connections import LayerFollower
from napari_strata.widgets.parts.menu_button import MenuButton
from napari_strata.widgets.parts.notify import in_notifications

if TYPE_CHECKING:
    from napari.viewer import Viewer


class ClassEditor(QWidget):
    """The class table of one napari layer, and of all that were made together with it.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose layers carry the table.
    """

    table_changed = Signal()
    """Emitted when another table is shown, or none."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._table: ClassTable | None = None
        self._inside = KeptInside()
        self.trouble = ""
        """In words why the layer has no class table."""
        self.list = ClassList()
        self.add_button = QPushButton("Add class")
        self.color_button = QPushButton("Colour…")
        self.up_button = _small_button("↑", "Move this class up; its pixels take its new code along.")
        self.down_button = _small_button("↓", "Move this class down; its pixels take its new code along.")
        self.merge_button = MenuButton(
            "Merge…", "Make this class part of another one, its pixels too.", self._merges, self._drop
        )
        self.delete_button = MenuButton("Delete…", "Take this class out of the table.", self._fates, self._drop)
        self._edits = ClassEdits(lambda one: mates_of(one, viewer.layers), self._show_recoded)
        self._counter = PaintCounter(viewer, self)
        self._picks = LayerFollower(self, self._on_selected_label, "selected_label")
        self._tables = LayerFollower(self, self._on_metadata, "metadata")
        self._atoms = LayerFollower(self, self._on_atoms, "data", "features", "set_data")
        self._atom_timer = QTimer(self)
        self._lay_out()
        self._connect()

    @property
    def layer(self) -> "Labels | Points | None":
        """Whose class table is shown."""
        found: Labels | Points | None = self._tables.layer
        return found

    @property
    def table(self) -> ClassTable | None:
        """The class table that is shown."""
        return self._table

    def follow(self, napari_layer: "Labels | Points | None") -> None:
        """Show the class table of another layer, or none."""
        labels = napari_layer if isinstance(napari_layer, Labels) else None
        self._tables.follow(napari_layer)
        self._picks.follow(labels)
        self._atoms.follow(napari_layer if isinstance(napari_layer, Points) else None)
        self._read_table()
        if labels is not None and self._table is not None:
            self._edits.follow(labels)
        self._count()

    def pick(self, code: int) -> None:
        """Paint with a code, or make the next atom and those selected one of that class."""
        if self._table is None or code >= self.list.rowCount():
            return
        layer = self.layer
        self._viewer.layers.selection.active = layer
        if isinstance(layer, Labels):
            layer.selected_label = code
            layer.mode = "paint"
        elif code >= FIRST_CLASS:
            choose_species(layer, self._table.names[code - FIRST_CLASS])
            self.list.select(code)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(3)
        for button in (self.add_button, self.color_button):
            buttons.addWidget(button, 1)
        for button in (self.up_button, self.down_button, self.merge_button, self.delete_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.list.selected.connect(self.pick)
        self.list.selected.connect(lambda _code: self._enable())
        self.list.renamed.connect(in_notifications(self._rename))
        self.list.recolor_asked.connect(self._ask_color)
        self.add_button.clicked.connect(in_notifications(self._add))
        self.color_button.clicked.connect(lambda: self._ask_color(self.list.code))
        self.up_button.clicked.connect(in_notifications(lambda _checked=False: self._move(-1)))
        self.down_button.clicked.connect(in_notifications(lambda _checked=False: self._move(1)))
        self._counter.counted.connect(self._show_counts)
        self._atom_timer.setSingleShot(True)
        self._atom_timer.timeout.connect(self._count_atoms)
        add_class_keys(self, self._viewer, self.pick)

    def _on_selected_label(self, _event: object = None) -> None:
        self.list.select(int(self._picks.layer.selected_label))
        self._enable()

    def _on_metadata(self, _event: object = None) -> None:
        if self._table != _table_or_trouble(self.layer)[0]:
            self._read_table()
            self._count()

    def _on_atoms(self, event: object = None) -> None:
        points = self._atoms.layer
        if points is not None:
            image = image_of(points, self._viewer.layers)
            if self._inside.take_back(points, image, event):
                return
        self._atom_timer.start(TELL_AFTER)

    def _read_table(self) -> None:
        self._table, self.trouble = _table_or_trouble(self.layer)
        self.list.show_table(self._table)
        self.list.setEnabled(self._table is not None)
        if self._picks.layer is not None:
            self._on_selected_label()
        self._enable()
        self.table_changed.emit()

    def _enable(self) -> None:
        """Let nobody press what cannot be done with the selected row."""
        classes = 0 if self._table is None else len(self._table.classes)
        index = self.list.code - FIRST_CLASS
        self.add_button.setEnabled(classes > 0)
        self.color_button.setEnabled(classes > 0 and index >= 0)
        self.up_button.setEnabled(0 < index < classes)
        self.down_button.setEnabled(0 <= index < classes - 1)
        for button in (self.merge_button, self.delete_button):
            button.setEnabled(0 <= index < classes and classes > 1)

    def _count(self) -> None:
        largest = 0 if self._table is None else BACKGROUND + len(self._table.classes)
        labels = self.layer if isinstance(self.layer, Labels) and self._table is not None else None
        self._counter.follow(labels, largest=largest)
        self._count_atoms()

    def _count_atoms(self) -> None:
        points = self._atoms.layer
        if points is not None and self._table is not None:
            here, everywhere = count_atoms(points, self._viewer)
            self.list.show_counts(here, everywhere, unit="atoms", is_stack=points.ndim > 2)

    def _show_counts(self, here: np.ndarray, everywhere: np.ndarray | None) -> None:
        if self._table is not None and isinstance(self.layer, Labels):
            self.list.show_counts(here, everywhere, unit="px", is_stack=self.layer.ndim > 2)

    def _add(self, _checked: bool = False) -> None:
        if self._table is not None:
            self._change(add_class(self._table))
            self.pick(BACKGROUND + len(self._table.classes))

    def _rename(self, code: int, name: str) -> None:
        assert self._table is not None, "only a shown table can be edited"
        try:
            self._change(rename_class(self._table, code, name))
        finally:
            self._read_table()
            self._count()

    def _ask_color(self, code: int) -> None:
        if self._table is None or code < FIRST_CLASS:
            return
        present = QColor(self._table.classes[code - FIRST_CLASS].color)
        chosen = QColorDialog.getColor(present, self, f"Colour of {self._name(code)}")
        if chosen.isValid():
            self._change(recolor_class(self._table, code, chosen.name()))

    def _move(self, by: int) -> None:
        assert self._table is not None, "the button is off without a table"
        code = self.list.code
        self._recode(move_class(self._table, code, by=by), then=code + by)

    def _merges(self) -> list[tuple[str, int]]:
        others = [code for code in range(FIRST_CLASS, self.list.rowCount()) if code != self.list.code]
        return [(f"into {self._name(code)}", code) for code in others]

    def _fates(self) -> list[tuple[str, int]]:
        """Offer what the pixels of the selected class can become; where there are none it does not matter."""
        pixels = self._pixels(self.list.code)
        if not pixels:
            return [("nothing is painted of it: delete", NOT_LABELLED)]
        return [
            (f"its {pixels:,} px become not labelled: they count nowhere", NOT_LABELLED),
            (f"its {pixels:,} px become background: they teach what is no class", BACKGROUND),
        ]

    def _drop(self, becomes: int) -> None:
        assert self._table is not None, "the buttons are off without a table"
        code = self.list.code
        if becomes < FIRST_CLASS:
            self._check_no_atoms(code)
        recoding = drop_class(self._table, code, becomes=becomes)
        self._recode(
            recoding, then=int(recoding.lookup[code]) or min(code, BACKGROUND + len(recoding.after.classes))
        )

    def _recode(self, recoding: Recoding, *, then: int) -> None:
        """Change codes in all layers of the group, and select the row of a code."""
        labels = [one for one in members_of(self.layer, self._viewer.layers) if isinstance(one, Labels)]
        if labels:
            self._edits.apply(labels[0], recoding)
        else:
            self._show_recoded(self.layer, recoding)
        self.pick(then)

    def _show_recoded(self, napari_layer: "Labels | Points", recoding: Recoding) -> None:
        set_class_table(napari_layer, recoding.after, self._viewer.layers, recoding=recoding)

    def _change(self, table: ClassTable) -> None:
        set_class_table(self.layer, table, self._viewer.layers)

    def _pixels(self, code: int) -> int:
        """Count the pixels of a class in all Labels layers of the group."""
        labels = [one for one in members_of(self.layer, self._viewer.layers) if isinstance(one, Labels)]
        return sum(int(np.count_nonzero(codes == code)) for one in labels for _place, codes in slices_of(one))

    def _check_no_atoms(self, code: int) -> None:
        name = self._name(code)
        for one in members_of(self.layer, self._viewer.layers):
            atoms = int((one.features[SPECIES] == name).sum()) if isinstance(one, Points) else 0
            if atoms:
                raise LabelsError(
                    f"{one.name} has {atoms} atoms of {name}.",
                    remedy="Delete them or give them another class first, or merge the class into another.",
                )

    def _name(self, code: int) -> str:
        assert self._table is not None, "only a shown table has names"
        return self._table.names[code - FIRST_CLASS]


def _table_or_trouble(napari_layer: "Labels | Points | None") -> tuple[ClassTable | None, str]:
    """Return the class table of a layer, or in words why it has none."""
    try:
        return (None if napari_layer is None else class_table_of(napari_layer)), ""
    except StrataError as error:
        return None, str(error)


def _small_button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFixedWidth(30)
    return button
