"""Methods and their scores as a table: one row per method, the best marked, and what they should beat in grey."""

import math
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QFont, QIcon, QPixmap, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidgetItem, QWidget

from napari_strata.config import ExplainMethod
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.trust.scores import REFERENCES, SCORES, Score, references_of
from napari_strata.widgets.parts.curve_plot import COLOURS
from napari_strata.widgets.parts.row_table import SORT, RowTable, ValueCell

if TYPE_CHECKING:
    from napari_strata.jobs.compare_maps import ComparedMap, Comparison

BEST, BEST_COLOUR = "★", "#6ee787"
NONE, PENDING = "–", ""
"""Shown where a method has no such score, and where it was not computed, or not yet."""
_METHOD = SORT + 1
_GAP, _SQUARE, _LEAST = 14, 12, 24
_BESIDE = 20
"""What a name needs beside its longest word [px]: the square of its colour, and margins."""
_FAINT = QColor("#9aa0aa")
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
        """The methods, from top to bottom, without what they should beat."""
        found = (self.item(row, 0).data(_METHOD) for row in range(self.rowCount()))
        return [method for method in found if method is not None]

    @property
    def chosen(self) -> "ComparedMap | None":
        """The map of the chosen row."""
        rows = {index.row() for index in self.selectedIndexes()}
        method = self.item(rows.pop(), 0).data(_METHOD) if rows else None
        return next((row for row in self._rows if row.method == method), None)

    def show_rows(self, rows: "Comparison", *, is_over: bool = False) -> None:
        """Show other maps; the method that is chosen stays chosen.

        Parameters
        ----------
        rows : Comparison
            The maps.
        is_over : bool
            Whether all is computed that will be.
        """
        chosen = self.chosen
        self._rows = rows
        references = references_of(row.figures for row in rows)
        blocked = self.blockSignals(True)
        self.setSortingEnabled(False)  # else rows move while they are filled
        self.setRowCount(0)
        self.setRowCount(len(rows) + len(references))
        for number, row in enumerate(rows):
            self.setItem(number, 0, _method_cell(row, COLOURS[number % len(COLOURS)]))
        for column, score in enumerate(SCORES, start=1):
            self._fill(column, score, is_over=is_over)
        for number, (name, figures) in enumerate(references.items(), start=len(rows)):
            cells = [_name_cell(REFERENCES[name]), *(_score_cell(score, score.of(figures)) for score in SCORES)]
            for column, cell in enumerate(cells):
                self.setItem(number, column, _faint(cell))
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicatorShown(False)
        if chosen is not None and chosen.method in self.methods:
            self._select(chosen.method)
        self.blockSignals(blocked)
        self._fit()
        self.picked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give names as many lines as they need now."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def _select(self, method: ExplainMethod) -> None:
        rows = range(self.rowCount())
        self.selectRow(next(row for row in rows if self.item(row, 0).data(_METHOD) == method))

    def _fill(self, column: int, score: Score, *, is_over: bool) -> None:
        """Fill in a score of all methods; a column of which none has a value, or will have one, is hidden."""
        values = [score.of(row.figures) for row in self._rows]
        best = score.best(values)
        absent = [is_over or _is_absent(row, score) for row in self._rows]
        for number, value in enumerate(values):
            nothing = NONE if absent[number] else PENDING
            self.setItem(number, column, _score_cell(score, value, is_best=number in best, nothing=nothing))
        self.setColumnHidden(column, bool(values) and all(absent) and not any(v is not None for v in values))

    def _fit(self) -> None:
        """Give names what the scores leave, or what their words need, and be as high as the rows.

        The page scrolls, not the table, but for scores that have no place beside the names.
        """
        header, metrics = self.horizontalHeader(), self.fontMetrics()
        names = [self.item(row, 0).text() for row in range(self.rowCount())]
        words = [metrics.horizontalAdvance(word) for name in names for word in name.replace("-", "- ").split()]
        taken = sum(self.columnWidth(column) for column in range(1, self.columnCount()))
        header.resizeSection(0, max(self.viewport().width() - taken, max(words, default=0) + _SQUARE + _BESIDE))
        self.resizeRowsToContents()
        rows = sum(self.rowHeight(row) for row in range(self.rowCount()))
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows + bar + _GAP)


def _is_absent(row: "ComparedMap", score: Score) -> bool:
    """Tell whether a score that is not known will not be, because the method has none or was asked for it."""
    is_promised = score.measure != "completeness" or METHODS[row.method].complete
    return bool(row.failure) or score.measure in row.figures or not is_promised


def _name_cell(name: str) -> QTableWidgetItem:
    cell = ValueCell(name)
    cell.setToolTip(name)
    cell.setData(SORT, name.lower())
    return cell


def _method_cell(row: "ComparedMap", colour: str) -> QTableWidgetItem:
    """Make the cell of a method, with the colour of its curves."""
    cell = _name_cell(METHODS[row.method].title)
    cell.setData(_METHOD, row.method)
    if row.failure:
        cell.setText(f"{cell.text()} (no map)")
        cell.setToolTip(row.failure)
    else:
        cell.setIcon(_square(colour))
    return cell


def _faint(cell: QTableWidgetItem) -> QTableWidgetItem:
    """Show a cell in grey; it cannot be chosen."""
    cell.setForeground(_FAINT)
    cell.setFlags(Qt.ItemFlag.ItemIsEnabled)
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


def _score_cell(
    score: Score, value: float | None, *, is_best: bool = False, nothing: str = NONE
) -> QTableWidgetItem:
    """Make a cell that sorts the best first; where there is no value, which comes last, it shows `nothing`."""
    shown = nothing if value is None else _short(value)
    cell = ValueCell(f"{shown}{BEST}" if is_best else shown)
    why_not = "not computed" if nothing == PENDING else "this row has none"
    cell.setToolTip(f"{score.name}: {why_not if value is None else format(value, '.5g')}")
    key = math.inf if value is None else -value if score.higher_is_better else value
    cell.setData(SORT, key)
    cell.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
    if is_best:
        font = QFont()
        font.setBold(True)
        cell.setFont(font)
        cell.setForeground(QColor(BEST_COLOUR))
    return cell
