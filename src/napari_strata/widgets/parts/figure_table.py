"""A table of figures that can be copied into a spreadsheet."""

from collections.abc import Iterable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QFont, QKeyEvent, QKeySequence, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyle,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

ROW_GAP = 4
"""Space between two rows [px]."""
PADDING = 8
"""What napari's style adds to the width of a cell, at most [px]."""


class FigureTable(QTableWidget):
    """Shows rows of text; Ctrl+C copies what is selected, `copy` all of it, as text between tabs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 0, parent)
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_rows(self, header: Sequence[str], rows: Sequence[Sequence[str]], tips: Sequence[str] = ()) -> None:
        """Show other rows.

        Parameters
        ----------
        header : sequence of str
            Titles of the columns.
        rows : sequence of sequence of str
            Texts. A row with a title only is a headline; one with a title and one text for several columns holds
            for all of them.
        tips : sequence of str, optional
            What each row means.
        """
        self.clear()
        self.clearSpans()
        self.setColumnCount(len(header))
        self.setHorizontalHeaderLabels(header)
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            self._fill(number, row, tips[number] if tips else "")
        mode = QHeaderView.ResizeMode
        for column in range(len(header)):
            self.horizontalHeader().setSectionResizeMode(column, mode.Stretch if column else mode.Fixed)
        self._fit()

    def as_text(self) -> str:
        """Return all of it, columns between tabs, the header first."""
        header = [self.horizontalHeaderItem(column).text() for column in range(self.columnCount())]
        return "\n".join(
            "\t".join(row).rstrip("\t") for row in [header, *map(self._texts, range(self.rowCount()))]
        )

    def copy(self) -> None:
        """Copy all of it to the clipboard."""
        QApplication.clipboard().setText(self.as_text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the selected cells."""
        if not event.matches(QKeySequence.StandardKey.Copy):
            super().keyPressEvent(event)
            return
        chosen = {(index.row(), index.column()) for index in self.selectedIndexes()}
        rows = sorted({row for row, _ in chosen})
        lines = [[t for c, t in enumerate(self._texts(row)) if (row, c) in chosen] for row in rows]
        QApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the rows to the new width: what wrapped may fit on one line, and the other way round."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def _texts(self, row: int) -> list[str]:
        items = [self.item(row, column) for column in range(self.columnCount())]
        return ["" if item is None else item.text() for item in items]

    def _fill(self, number: int, row: Sequence[str], tip: str) -> None:
        columns = self.columnCount()
        for column, text in enumerate(row):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            self.setItem(number, column, item)
        if len(row) == 1:
            font = QFont(self.font())
            font.setBold(True)
            self.item(number, 0).setFont(font)
        if len(row) < columns and columns > 1:
            first = len(row) - 1
            if columns - first > 1:
                self.setSpan(number, first, 1, columns - first)

    def _title_width(self) -> int:
        """Return how wide titles may be: figures keep to one line, and titles wrap between words instead."""
        wide = self.fontMetrics().horizontalAdvance
        margin = 2 * (self.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 1) + PADDING
        columns = range(1, self.columnCount())
        titles = self._single_texts([0]) or [""]
        figures = len(columns) * (max(map(wide, self._single_texts(columns)), default=0) + margin)
        longest_word: int = max(wide(word) for title in titles for word in title.split() or [""])
        room = self.viewport().width() - figures - margin
        width: int = min(max(map(wide, titles)), max(room, longest_word)) + margin
        return width

    def _single_texts(self, columns: Iterable[int]) -> list[str]:
        """Return the texts of cells in such columns that span no others."""
        cells = [(row, column) for row in range(self.rowCount()) for column in columns]
        items = [self.item(*cell) for cell in cells if self.columnSpan(*cell) == 1]
        return [item.text() for item in items if item is not None]

    def _fit(self) -> None:
        """Share the width, and be as high as the rows: the page scrolls, not the table."""
        if self.columnCount():
            self.setColumnWidth(0, self._title_width())
        self.resizeRowsToContents()
        height = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        for row in range(self.rowCount()):
            self.setRowHeight(row, self.rowHeight(row) + ROW_GAP)
            height += self.rowHeight(row)
        self.setFixedHeight(height)
