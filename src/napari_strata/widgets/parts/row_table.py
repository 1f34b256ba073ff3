"""Tables of which rows are chosen and nothing is edited."""

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

SORT = Qt.ItemDataRole.UserRole
"""Where a `ValueCell` keeps what it sorts by."""


class RowTable(QTableWidget):
    """Shows rows below titles; a click chooses a row.

    Parameters
    ----------
    columns : sequence of str
        The titles.
    parent : QWidget, optional
        Its parent.
    rows : int
        How many are seen without scrolling, at least.
    """

    def __init__(self, columns: Sequence[str], parent: QWidget | None = None, *, rows: int = 0) -> None:
        super().__init__(0, len(columns), parent)
        self.setHorizontalHeaderLabels(list(columns))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        if rows:
            height = self.horizontalHeader().sizeHint().height()
            self.setMinimumHeight(height + rows * self.verticalHeader().defaultSectionSize())

    def make_plain(self) -> None:
        """Show neither lines nor a bar below, each row on one line, and titles where its texts begin."""
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class ValueCell(QTableWidgetItem):
    """A cell that sorts by its value and not by its text."""

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return bool(self.data(SORT) < other.data(SORT))
