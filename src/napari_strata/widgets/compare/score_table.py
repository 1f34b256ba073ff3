"""Methods and their scores as a table: one row per method, the best of each column marked."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QFont, QIcon, QPixmap, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidgetItem, QWidget

from napari_strata.config import ExplainMethod
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.trust.scores import SCORES, Score
from napari_strata.widgets.parts.curve_plot import COLOURS
from napari_strata.widgets.parts.row_table import SORT, RowTable, ValueCell

if TYPE_CHECKING:
    from napari_strata.jobs.compare_maps import ComparedMap, Comparison

BEST, BEST_COLOUR = "★", "#6ee787"
UNKNOWN = "–"
_METHOD = SORT + 1
_GAP, _SQUARE, _LEAST = 14, 12, 24
_NAME = 76
"""Least width of the names [px]; long ones take two lines."""
_NARROW = (
    "QTableView, QHeaderView { font-size: 11px; } QHeaderView::section { padding: 1px; }"
    " QTableView::item { padding: 0px; }"
)
"""Six scores hardly fit beside the canvas."""


class ScoreTable(RowTable):
    """Shows a comparison; a click on a title sorts by that score, the best first."""

    picked = Signal()
    """Another method is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        titles = [f"{score.short}{'↑' if score.higher_is_better else '↓'}" for score in SCORES]
        super().__init__(("Method", *titles), parent)
        self._rows: Comparison = ()
        for column, score in enumerate(SCORES, start=1):
            better = "Higher" if score.higher_is_better else "Lower"
            self.horizontalHeaderItem(column).setToolTip(f"{score.name}. {score.words} {better} is better.")
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setStyleSheet(_NARROW)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().setMinimumSectionSize(_LEAST)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.horizontalHeader().setSortIndicatorShown(False)  # its room would be taken in every column
        self.itemSelectionChanged.connect(self.picked)

    @property
    def methods(self) -> list[ExplainMethod]:
        """The methods, from top to bottom."""
        return [self.item(row, 0).data(_METHOD) for row in range(self.rowCount())]

    @property
    def chosen(self) -> "ComparedMap | None":
        """The map of the chosen row."""
        rows = {index.row() for index in self.selectedIndexes()}
        method = self.item(rows.pop(), 0).data(_METHOD) if rows else None
        return next((row for row in self._rows if row.method == method), None)

    def show_rows(self, rows: "Comparison") -> None:
        """Show other maps; the method that is chosen stays chosen."""
        chosen = self.chosen
        self._rows = rows
        blocked = self.blockSignals(True)
        self.setSortingEnabled(False)  # else rows move while they are filled
        self.setRowCount(0)
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            self.setItem(number, 0, _method_cell(row, COLOURS[number % len(COLOURS)]))
        for column, score in enumerate(SCORES, start=1):
            self._fill(column, score, [score.of(row.figures) for row in rows])
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicatorShown(False)
        if chosen is not None and chosen.method in self.methods:
            self.selectRow(self.methods.index(chosen.method))
        self.blockSignals(blocked)
        self._fit()
        self.picked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give names as many lines as they need now."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def _fill(self, column: int, score: Score, values: Sequence[float | None]) -> None:
        best = score.best(values)
        for number, value in enumerate(values):
            self.setItem(number, column, _score_cell(score, value, is_best=number in best))

    def _fit(self) -> None:
        """Give names what the scores leave, and be as high as the rows: the page scrolls, not the table."""
        header = self.horizontalHeader()
        taken = sum(self.columnWidth(column) for column in range(1, self.columnCount()))
        header.resizeSection(0, max(self.viewport().width() - taken, _NAME))
        self.resizeRowsToContents()
        rows = sum(self.rowHeight(row) for row in range(self.rowCount()))
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows + bar + _GAP)


def _method_cell(row: "ComparedMap", colour: str) -> QTableWidgetItem:
    """Make the cell of a method, with the colour of its curves."""
    title = METHODS[row.method].title
    cell = ValueCell(f"{title} (no map)" if row.failure else title)
    cell.setToolTip(row.failure or title)
    cell.setData(SORT, title.lower())
    cell.setData(_METHOD, row.method)
    if not row.failure:
        cell.setIcon(_square(colour))
    return cell


def _square(colour: str) -> QIcon:
    picture = QPixmap(_SQUARE, _SQUARE)
    picture.fill(QColor(colour))
    return QIcon(picture)


def _short(value: float) -> str:
    """Write a score in so few digits that all scores have place side by side; the tool tip has more."""
    if abs(value) >= 10:
        return f"{value:.2g}"
    return f"{value:.2f}" if abs(value) >= 0.1 or not value else f"{value:.3f}"


def _score_cell(score: Score, value: float | None, *, is_best: bool) -> QTableWidgetItem:
    """Make a cell that sorts the best first; what is not known comes last."""
    shown = UNKNOWN if value is None else _short(value)
    cell = ValueCell(f"{shown}{BEST}" if is_best else shown)
    cell.setToolTip(f"{score.name}: not known" if value is None else f"{score.name}: {value:.5g}")
    key = math.inf if value is None else -value if score.higher_is_better else value
    cell.setData(SORT, key)
    cell.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
    if is_best:
        font = QFont()
        font.setBold(True)
        cell.setFont(font)
        cell.setForeground(QColor(BEST_COLOUR))
    return cell
