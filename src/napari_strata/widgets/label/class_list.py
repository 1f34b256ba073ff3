"""The class table as a list to choose from and to edit: colour, code, name, and how much is painted of each."""

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_strata.annotation.classes import BACKGROUND_COLOR, FIRST_CLASS
from napari_strata.config import ClassTable
from napari_strata.types import BACKGROUND, NOT_LABELLED

_FIXED = (
    (
        NOT_LABELLED,
        "#000000",
        "not labelled (eraser)",
        "Pixels that nobody labelled. They count nowhere: training ignores them, and they are not background.",
    ),
    (
        BACKGROUND,
        BACKGROUND_COLOR,
        "background",
        "Paint some of it, too: it teaches the network what is none of the classes.",
    ),
)
_COLOR, _CODE, _NAME, _HERE, _EVERYWHERE = range(5)
LAST_KEY = 9
"""Largest code that has a key."""


class ClassList(QTableWidget):
    """Shows the codes of a Labels layer, the two fixed ones first."""

    selected = Signal(int)
    """The code that the user selected."""
    renamed = Signal(int, str)
    """A code and the name that the user typed for it."""
    recolor_asked = Signal(int)
    """A code whose colour was double-clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 5, parent)
        self.setHorizontalHeaderLabels(["", "Alt+", "Name", "Slice", "Stack"])
        self._explain_columns()
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(24)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setSizeAdjustPolicy(QAbstractItemView.SizeAdjustPolicy.AdjustToContents)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
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

    def show_counts(
        self, here: NDArray[np.int64], everywhere: NDArray[np.int64] | None, *, unit: str, is_stack: bool
    ) -> None:
        """Show how much is painted of each code.

        Parameters
        ----------
        here, everywhere : ndarray of int, shape (256,)
            Numbers by code, in the shown slice and in all slices; None while those are being counted.
        unit : str
            What is counted.
        is_stack : bool
            Whether there is more than one slice.
        """
        blocked = self.blockSignals(True)
        self.horizontalHeaderItem(_HERE).setText("Slice" if is_stack else "Pixels" if unit == "px" else "Atoms")
        self.setColumnHidden(_EVERYWHERE, not is_stack)
        for column, counts, where in ((_HERE, here, "here"), (_EVERYWHERE, everywhere, "in all slices")):
            painted = 0 if counts is None else max(int(counts[BACKGROUND:].sum()), 1)
            for code in range(self.rowCount()):
                item = self.item(code, column)
                number = None if counts is None else int(counts[code])
                item.setText("…" if number is None else _short(number))
                share = (
                    "" if code == NOT_LABELLED or not number else f", {number / painted:.1%} of what is painted"
                )
                item.setToolTip("Being counted." if number is None else f"{number:,} {unit} {where}{share}")
        self.blockSignals(blocked)

    def select(self, code: int) -> None:
        """Select a code without telling anybody; one that is not listed is passed over."""
        if code < self.rowCount() and code != self.currentRow():
            blocked = self.blockSignals(True)
            self.setCurrentCell(code, _NAME)
            self.blockSignals(blocked)

    def _explain_columns(self) -> None:
        for column, tip in (
            (_CODE, f"The code in the mask. Alt and this digit picks the class, 0 to {LAST_KEY}."),
            (_HERE, "How much is painted in the slice that is shown."),
            (_EVERYWHERE, "How much is painted in all slices."),
        ):
            self.horizontalHeaderItem(column).setToolTip(tip)

    def _fill_row(self, code: int, color: str, name: str, tip: str) -> None:
        editable = code >= FIRST_CLASS
        key = f" Alt+{code} picks it." if code <= LAST_KEY else ""
        for column, text in ((_COLOR, ""), (_CODE, str(code)), (_NAME, name), (_HERE, ""), (_EVERYWHERE, "")):
            item = QTableWidgetItem(text)
            item.setToolTip(tip + key)
            if not (editable and column == _NAME):
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            if column in (_CODE, _HERE, _EVERYWHERE):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
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


def _short(number: int) -> str:
    """Write 0 as nothing, 9999 as such, 12,345 as 12.3k."""
    if number == 0:
        return "–"
    if number < 10_000:
        return str(number)
    return f"{number / 1e3:.3g}k" if number < 999_500 else f"{number / 1e6:.3g}M"
