"""The class table as a list to choose from and to edit: colour, code and name."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_strata.annotation.classes import BACKGROUND_COLOR, FIRST_CLASS
from napari_strata.config import ClassTable
from napari_strata.types import BACKGROUND, NOT_LABELLED

_FIXED = (
    (NOT_LABELLED, "#000000", "not labelled (eraser)", "Pixels that nobody labelled; training ignores them."),
    (BACKGROUND, BACKGROUND_COLOR, "background", "What belongs to no class. Paint some of it, too."),
)
_COLOR, _CODE, _NAME = range(3)


class ClassList(QTableWidget):
    """Shows the codes of a Labels layer, the two fixed ones first."""

    selected = Signal(int)
    """The code that the user selected."""
    renamed = Signal(int, str)
    """A code and the name that the user typed for it."""
    recolor_asked = Signal(int)
    """A code whose colour was double-clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["", "Code", "Name"])
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setStretchLastSection(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setSizeAdjustPolicy(QAbstractItemView.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumHeight(130)
        self.setMaximumHeight(400)
        self.currentCellChanged.connect(self._on_row)
        self.cellClicked.connect(self._on_row)
        self.cellDoubleClicked.connect(self._on_double_click)
        self.itemChanged.connect(self._on_edit)

    @property
    def code(self) -> int:
        """The selected code."""
        return max(int(self.currentRow()), NOT_LABELLED)

    def show_table(self, table: ClassTable | None) -> None:
        """Show the classes of a table, or nothing."""
        blocked = self.blockSignals(True)
        row = self.currentRow()
        rows = [] if table is None else [*_FIXED, *_rows_of(table)]
        self.setRowCount(len(rows))
        for code, color, name, tip in rows:
            self._fill_row(code, color, name, tip)
        self.setCurrentCell(min(row, len(rows) - 1), _NAME)
        self.blockSignals(blocked)

    def select(self, code: int) -> None:
        """Select a code without telling anybody; one that is not listed is passed over."""
        if code < self.rowCount() and code != self.currentRow():
            blocked = self.blockSignals(True)
            self.setCurrentCell(code, _NAME)
            self.blockSignals(blocked)

    def _fill_row(self, code: int, color: str, name: str, tip: str) -> None:
        editable = code >= FIRST_CLASS
        for column, text in ((_COLOR, ""), (_CODE, str(code)), (_NAME, name)):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            if not (editable and column == _NAME):
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            self.setItem(code, column, item)
        if code != NOT_LABELLED:
            self.item(code, _COLOR).setData(Qt.ItemDataRole.DecorationRole, QColor(color))

    def _on_row(self, row: int, *_rest: int) -> None:
        if row >= 0:
            self.selected.emit(row)

    def _on_double_click(self, row: int, column: int) -> None:
        if row >= FIRST_CLASS and column == _COLOR:
            self.recolor_asked.emit(row)

    def _on_edit(self, item: QTableWidgetItem) -> None:
        if item.column() == _NAME:
            self.renamed.emit(item.row(), item.text())


def _rows_of(table: ClassTable) -> list[tuple[int, str, str, str]]:
    tip = "Double-click the name to change it, the colour to choose another."
    return [(code, c.color, c.name, tip) for code, c in enumerate(table.classes, start=FIRST_CLASS)]
