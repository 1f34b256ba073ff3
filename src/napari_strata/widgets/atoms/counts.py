"""How many atoms there are of each crystal layer and species, as a table that selects them."""

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

if TYPE_CHECKING:
    from pandas import DataFrame

_HEADER = ("Layer", "Species", "Atoms", "Edited")
LEAST_HEIGHT, MOST_HEIGHT = 90, 240
"""Height between which the table is as high as its rows [px]."""


class AtomCounts(QTableWidget):
    """One row per crystal layer and species."""

    chosen = Signal(int, str)
    """Layer and species of a row that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADER), parent)
        self.setHorizontalHeaderLabels(_HEADER)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setSizeAdjustPolicy(QAbstractItemView.SizeAdjustPolicy.AdjustToContents)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(LEAST_HEIGHT)
        self.setMaximumHeight(MOST_HEIGHT)
        self.setToolTip("Click a row to select its atoms.")
        self.cellClicked.connect(self._on_click)
        self._keys: list[tuple[int, str]] = []

    def show_atoms(self, features: "DataFrame | None") -> None:
        """Count atoms by their features, or show none."""
        self._keys = []
        if features is not None and len(features):
            groups = features.groupby(["layer", "species"])
            counted = [(key, len(rows), int((rows["edited"].fillna("") != "").sum())) for key, rows in groups]
        else:
            counted = []
        self.setRowCount(len(counted))
        for row, ((layer, species), atoms, edited) in enumerate(counted):
            self._keys.append((int(layer), str(species)))
            for column, text in enumerate(
                (str(layer), str(species), f"{atoms:,}", f"{edited:,}" if edited else "–")
            ):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                self.setItem(row, column, item)
        self.updateGeometry()

    def _on_click(self, row: int, _column: int) -> None:
        self.chosen.emit(*self._keys[row])
