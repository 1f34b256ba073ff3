"""The table of regions in which a prediction is wrong or unsure."""

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHeaderView, QTableWidgetItem, QWidget

from napari_strata.explain.proposals.wrong_regions import WrongRegion
from napari_strata.widgets.parts.row_table import RowTable

ROWS = 6
"""Rows that are seen without scrolling."""
_COLUMNS = ("Pixels", "Predicted", "Labelled", "y, x")


class RegionTable(RowTable):
    """Shows regions, the largest first."""

    picked = Signal(object)
    """The `WrongRegion` whose row was chosen, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_COLUMNS, parent, rows=ROWS)
        self._shown: list[WrongRegion] = []
        self.make_plain()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.ResizeToContents)
        self.itemSelectionChanged.connect(lambda: self.picked.emit(self.chosen))
        self.setToolTip("Click a row to go there.")

    @property
    def regions(self) -> list[WrongRegion]:
        """What is shown."""
        return [*self._shown]

    @property
    def chosen(self) -> WrongRegion | None:
        """The region of the chosen row."""
        rows = self.selectionModel().selectedRows()
        return self._shown[rows[0].row()] if rows else None

    def show_regions(self, regions: Sequence[WrongRegion], names: Mapping[int, str]) -> None:
        """Show other regions; codes are called by `names`."""
        self.clearSelection()
        self._shown = [*regions]
        is_unsure = any(one.sureness is not None for one in regions)
        self.horizontalHeaderItem(2).setText("Sure" if is_unsure else _COLUMNS[2])
        self.setRowCount(len(regions))
        for row, one in enumerate(regions):
            y, x = one.centre
            third = names.get(one.right, f"code {one.right}") if one.sureness is None else f"{one.sureness:.0%}"
            predicted = names.get(one.predicted, f"code {one.predicted}")
            for column, text in enumerate((f"{one.pixels:,}", predicted, third, f"{y:.0f}, {x:.0f}")):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.setItem(row, column, item)
