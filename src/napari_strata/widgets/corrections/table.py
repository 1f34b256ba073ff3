"""The table of the Corrections dock: what was corrected, and how the pinned regions do."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QHeaderView, QTableWidgetItem, QWidget

from napari_strata.widgets.live.corrected import Corrected, PinState
from napari_strata.widgets.parts.row_table import RowTable

ROWS = 5
"""Rows that are seen without scrolling."""
BEFORE = "before"
"""When corrections were made that a training had before it went on."""
COLUMNS = ("State", "Slice", "y, x", "When")
SYMBOLS = {
    PinState.NOT_PINNED: "",
    PinState.NOT_CHECKED: "…",
    PinState.EMPTY: "–",
    PinState.RIGHT: "✓",
    PinState.WRONG: "✗",
    PinState.WRONG_AGAIN: "‼",
}
COLOURS = {PinState.RIGHT: "#2ea36b", PinState.WRONG: "#d98c00", PinState.WRONG_AGAIN: "#e5484d"}
"""Told apart on dark and light themes; the words say the same."""


class CorrectionsTable(RowTable):
    """Shows corrections, the newest first, the pinned ones before all others."""

    picked = Signal(object)
    """The `Corrected` whose row was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, parent, rows=ROWS)
        self._shown: list[Corrected] = []
        self.make_plain()
        header = self.horizontalHeader()
        for column in range(1, len(COLUMNS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.cellClicked.connect(lambda row, _column: self.picked.emit(self._shown[row]))

    @property
    def chosen(self) -> Corrected | None:
        """The entry of the chosen row."""
        rows = self.selectionModel().selectedRows()
        return self._shown[rows[0].row()] if rows else None

    def show_slices(self, are_there: bool) -> None:
        """Show or hide on which slice a correction lies: a single image has none."""
        self.setColumnHidden(COLUMNS.index("Slice"), not are_there)

    def show_entries(self, entries: Sequence[Corrected]) -> None:
        """Show other entries; the chosen one stays chosen."""
        before = self.chosen
        self._shown = [*entries]
        self._shown.reverse()
        self._shown.sort(key=lambda one: not one.pin)
        self.clearSelection()
        self.setRowCount(len(self._shown))
        for row, one in enumerate(self._shown):
            self._fill(row, one)
            if one is before:
                self.selectRow(row)

    def _fill(self, row: int, one: Corrected) -> None:
        y, x = one.centre
        place = str(one.frame), f"{y}, {x}", BEFORE if one.time is None else f"{one.time:%H:%M:%S}"
        for column, text in enumerate((state_words(one), *place)):
            item = QTableWidgetItem(text)
            item.setToolTip(_tip(one))
            self.setItem(row, column, item)
        state = self.item(row, 0)
        if one.state in COLOURS:
            state.setForeground(QBrush(QColor(COLOURS[one.state])))
            font = state.font()
            font.setBold(True)
            state.setFont(font)


def state_words(one: Corrected) -> str:
    """Say how an entry does."""
    if one.waits:
        return "waits for Resume"
    if not one.pin:
        return f"learned since step {one.step}"
    wrong = one.state in (PinState.WRONG, PinState.WRONG_AGAIN) and one.error is not None
    return f"{SYMBOLS[one.state]} {one.state.value}" + (f" ({one.error:.0%})" if wrong else "")


def _tip(one: Corrected) -> str:
    layers = ", ".join(map(str, sorted(one.layers)))
    y, x = one.centre
    lines = [
        f"{one.height} × {one.width} px around row {y}, column {x}."
        + (f" Crystal layer {layers}." if len(one.layers) > 1 or any(one.layers) else ""),
        "It will be learned when the training goes on." if one.waits else "",
        "" if one.step is None else f"Learned from since step {one.step}.",
        "" if one.error is None else f"{one.error:.1%} of its labelled pixels were wrong at the last check.",
        "Click to go there.",
    ]
    return "\n".join(line for line in lines if line)
