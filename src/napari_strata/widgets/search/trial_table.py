"""The trials of a search as they go on, the best on top."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QTableWidgetItem, QWidget

from napari_strata.config.search import ScoreName
from napari_strata.events import EpochEnded, TrialEnded, TrialStarted, TrialState
from napari_strata.widgets.parts.row_table import RowTable
from napari_strata.widgets.parts.setting_names import setting_name, short_names, value_text

ROWS = 3
"""Rows that are always seen."""
COLUMNS = ("Trial", "Score", "State", "Epochs")


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial, as far as it has come.

    Attributes
    ----------
    number : int
        From 1.
    values : mapping of str to object
        Settings by dotted name.
    state : TrialState
        How it stands.
    score : float or None
        Best so far.
    epochs : int
        Done so far.
    words : str
        Why it failed.
    """

    number: int
    values: Mapping[str, Any]
    state: TrialState = TrialState.RUNNING
    score: float | None = None
    epochs: int = 0
    words: str = ""


class TrialTable(RowTable):
    """Shows trials sorted by score; the one that runs is bold."""

    picked = Signal()
    """Another row is chosen, or none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, parent, rows=ROWS)
        self._rows: dict[int, TrialRow] = {}
        self._order: list[int] = []
        self._names: tuple[str, ...] = ()
        self._smallest_first = False
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # as high as there is room
        self.itemSelectionChanged.connect(self.picked)

    @property
    def rows(self) -> list[TrialRow]:
        """The trials as they are shown, from top to bottom."""
        return [self._rows[number] for number in self._order]

    @property
    def chosen(self) -> TrialRow | None:
        """The trial of the chosen row."""
        row = self.currentRow()
        return self._rows[self._order[row]] if 0 <= row < len(self._order) and self.selectedItems() else None

    @property
    def best(self) -> TrialRow | None:
        """The trial with the best score that has ended."""
        ended = (row for row in self.rows if row.score is not None and row.state is not TrialState.RUNNING)
        return next(ended, None)

    def start(self, names: Sequence[str], score: ScoreName) -> None:
        """Forget the last search and show the next.

        Parameters
        ----------
        names : sequence of str
            Dotted names of the settings searched.
        score : ScoreName
            What is compared.
        """
        self._names, self._smallest_first = tuple(names), score == "loss"
        self._rows = {}
        self.setColumnCount(len(COLUMNS) + len(self._names))
        number, _, *others = COLUMNS
        self.setHorizontalHeaderLabels([number, score.capitalize(), *others, *short_names(self._names)])
        for column, name in enumerate(self._names, len(COLUMNS)):
            self.horizontalHeaderItem(column).setToolTip(setting_name(name))
        self._show()

    def begin(self, event: TrialStarted) -> None:
        """Add a trial that runs."""
        self._rows[event.trial] = TrialRow(event.trial, event.values)
        self._show()

    def note_epoch(self, event: EpochEnded) -> None:
        """Note the score of an epoch of the trial that runs."""
        running = next((row for row in self._rows.values() if row.state is TrialState.RUNNING), None)
        score = event.validation_loss if self._smallest_first else event.validation_dice
        if running is None:
            return
        better = [one for one in (running.score, score) if one is not None]
        best = (min if self._smallest_first else max)(better, default=None)
        self._rows[running.number] = replace(running, score=best, epochs=event.epoch)
        self._show()

    def end(self, event: TrialEnded) -> None:
        """Note how a trial ended."""
        row = TrialRow(event.trial, event.values, event.state, event.score, event.epochs, event.words)
        self._rows[event.trial] = row
        self._show()

    def _show(self) -> None:
        """Sort the rows and fill them; the chosen trial stays chosen."""
        chosen = None if self.chosen is None else self.chosen.number
        sign = 1 if self._smallest_first else -1
        ordered = sorted(self._rows.values(), key=lambda row: (row.score is None, sign * (row.score or 0)))
        self._order = [row.number for row in ordered]
        blocked = self.blockSignals(True)
        place = self.verticalScrollBar().value()
        self.setRowCount(0)  # columns fit their contents again at every cell that is replaced, not at new ones
        self.setRowCount(len(ordered))
        for index, row in enumerate(ordered):
            self._fill(index, row)
        if chosen in self._order:
            self.selectRow(self._order.index(chosen))
        self.verticalScrollBar().setValue(place)
        self.blockSignals(blocked)
        self.picked.emit()

    def _fill(self, place: int, row: TrialRow) -> None:
        score = "" if row.score is None else f"{row.score:.4f}"
        values = [value_text(row.values.get(name, "")) for name in self._names]
        told = [f"{setting_name(name)}: {value}" for name, value in zip(self._names, values, strict=True)]
        for column, text in enumerate((str(row.number), score, row.state.value, str(row.epochs), *values)):
            item = QTableWidgetItem(text)
            item.setToolTip("\n".join([row.words] if row.words else told))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            font = item.font()
            font.setBold(row.state is TrialState.RUNNING)
            item.setFont(font)
            self.setItem(place, column, item)
