"""Two rows for the crystal layer and the species of the selected atoms, or of the next one."""

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from napari_strata.widgets.layers.atom_memory import memory_of
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import form_layout

if TYPE_CHECKING:
    from napari.layers import Points
    from pandas import DataFrame

SEVERAL = "several"
"""What is said where the selected atoms differ."""


class AtomFeatures(QWidget):
    """Shows and sets layer and species."""

    assigned = Signal(str, object)
    """Name of a feature and the value that a person gave it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.of_what = QLabel()
        self.layer, self.species = ChoiceBox(), ChoiceBox()
        self.species.setEditable(True)
        self.species.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.layer.setToolTip("Crystal layer; choosing another one reassigns the selected atoms.")
        self.species.setToolTip("Choose or type a species; the selected atoms get it.")
        self.layer.setPlaceholderText(SEVERAL)
        self.species.lineEdit().setPlaceholderText(SEVERAL)
        rows = form_layout()
        rows.addRow(QLabel("Layer"), self.layer)
        rows.addRow(QLabel("Species"), self.species)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.of_what)
        layout.addLayout(rows)
        self.layer.activated.connect(lambda index: self.assigned.emit("layer", index))
        self.species.activated.connect(self._assign_species)
        self.species.lineEdit().returnPressed.connect(self._assign_species)

    def show_atoms(self, points: "Points | None") -> None:
        """Show what the selected atoms have in common, or what the next atom will be."""
        memory = None if points is None else memory_of(points)
        if points is None or memory is None:
            self.of_what.setText("")
            return
        selected = [] if points.mode == "add" else sorted(points.selected_data)
        rows = points.features.iloc[selected] if selected else points.feature_defaults
        self.of_what.setText(_of_what(len(selected)))
        names = dict.fromkeys([*memory.species, *map(str, points.features["species"].unique())])
        self._fill(self.layer, [str(layer) for layer in range(memory.layers)], _common(rows, "layer"))
        self._fill(self.species, list(names), _common(rows, "species"))

    def _fill(self, box: QComboBox, choices: list[str], text: str) -> None:
        blocked = box.blockSignals(True)
        box.clear()
        box.addItems(choices)
        box.setCurrentIndex(choices.index(text) if text in choices else -1)
        if box.isEditable():
            box.setEditText(text)
        box.blockSignals(blocked)

    def _assign_species(self, _index: int = 0) -> None:
        name = self.species.currentText().strip()
        if name:
            self.assigned.emit("species", name)


def _of_what(selected: int) -> str:
    if not selected:
        return "The next atom"
    return "The selected atom" if selected == 1 else f"The {selected} selected atoms"


def _common(rows: "DataFrame", feature: str) -> str:
    """Return what all rows have, or nothing where they differ."""
    values = rows[feature].unique()
    return str(values[0]) if len(values) == 1 else ""
