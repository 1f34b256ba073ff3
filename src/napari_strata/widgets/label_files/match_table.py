"""Which annotated image is which open image, how sure that is, and what does not fit."""

from dataclasses import dataclass

from qtpy.QtCore import Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QHeaderView, QTableWidgetItem, QWidget

from napari_strata.annotation.matching import ImageMatch, Matching
from napari_strata.widgets.parts.row_table import RowTable

_TROUBLE = QColor("#e6550d")
_NOTHING = "not in the file"
_COLUMNS = ("In the file", "Image", "Sure")


@dataclass(frozen=True, slots=True)
class MatchRow:
    """One row.

    Attributes
    ----------
    match : ImageMatch or None
        The match, where there is one.
    texts : tuple of str
        One text per column.
    tip : str
        What there is to say of it.
    """

    match: ImageMatch | None
    texts: tuple[str, str, str]
    tip: str


class MatchTable(RowTable):
    """A row per annotated image, then one per image without annotations."""

    picked = Signal()
    """The user chose another row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_COLUMNS, parent)
        self._matches: list[ImageMatch | None] = []
        self.setShowGrid(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.itemSelectionChanged.connect(self.picked)

    @property
    def match(self) -> ImageMatch | None:
        """The match in the selected row, else the first one."""
        row = self.currentRow()
        chosen = self._matches[row] if 0 <= row < len(self._matches) else None
        return chosen or next((one for one in self._matches if one is not None), None)

    def show_matching(self, matching: Matching | None) -> None:
        """Show what became of each image, or nothing."""
        rows = [] if matching is None else rows_of(matching)
        blocked = self.blockSignals(True)
        self._matches = [one.match for one in rows]
        self.setRowCount(len(rows))
        for row, one in enumerate(rows):
            for column, text in enumerate(one.texts):
                item = QTableWidgetItem(text)
                item.setToolTip(one.tip)
                if one.match is None and one.texts[0] != _NOTHING:
                    item.setForeground(QBrush(_TROUBLE))
                self.setItem(row, column, item)
        self.blockSignals(blocked)


def rows_of(matching: Matching) -> list[MatchRow]:
    """Return what became of each image in words, what does not fit first."""
    rows = [
        MatchRow(None, (name, reason, "no"), f"{name}: {reason}")
        for found in (matching.missing, matching.mismatches, matching.ambiguous)
        for name, reason in found.items()
    ]
    for match in matching.matches:
        image = match.candidate.names[0] if match.candidate is not None else ""
        texts = match.name, image, f"{100 * match.confidence:.0f} %"
        rows.append(MatchRow(match, texts, f"{match.name} is {image}: {match.how}"))
    for image in matching.not_annotated:
        rows.append(MatchRow(None, (_NOTHING, image, ""), f"The file does not mention {image}."))
    return rows
