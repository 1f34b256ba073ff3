"""Trainings as a table: when, how it ended, how long, how good, on what."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QWidget

from napari_strata.config import LabelledData, SimulatedData
from napari_strata.widgets.parts.network_choice import name_of
from napari_strata.widgets.parts.row_table import SORT, RowTable, ValueCell

if TYPE_CHECKING:
    from napari_strata.training.folders.listing import Run

ROWS = 3
"""Rows that are always seen."""
COLUMNS = ("Run", "Score", "State", "Started", "Epochs", "Time", "Learned from", "Network")
_RUN = SORT + 1


class RunTable(RowTable):
    """Shows runs, the newest first until a column is clicked; several can be chosen."""

    picked = Signal()
    """Other rows are chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, parent, rows=ROWS)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(COLUMNS.index("Started"), Qt.SortOrder.DescendingOrder)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # as high as there is room
        self.setSortingEnabled(True)
        self.itemSelectionChanged.connect(self.picked)

    @property
    def runs(self) -> "list[Run]":
        """The runs, from top to bottom."""
        return [self.item(row, 0).data(_RUN) for row in range(self.rowCount())]

    @property
    def chosen(self) -> "list[Run]":
        """The runs of the chosen rows, from top to bottom."""
        rows = sorted({index.row() for index in self.selectedIndexes()})
        return [self.item(row, 0).data(_RUN) for row in rows]

    def show_runs(self, runs: "Sequence[Run]") -> None:
        """Show other runs; those chosen stay chosen."""
        chosen = [run.folder for run in self.chosen]
        blocked = self.blockSignals(True)
        self.setSortingEnabled(False)  # else rows move while they are filled
        place = self.verticalScrollBar().value()
        self.setRowCount(0)  # columns fit their contents again at every cell that is replaced, not at new ones
        self.setRowCount(len(runs))
        for row, run in enumerate(runs):
            self._fill(row, run)
        self.setSortingEnabled(True)
        self.choose(chosen)
        self.verticalScrollBar().setValue(place)
        self.blockSignals(blocked)
        self.picked.emit()

    def choose(self, folders: Sequence[Path]) -> None:
        """Choose the rows of some folders."""
        mode = self.selectionMode()
        self.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
        for row, run in enumerate(self.runs):
            if run.folder in folders:
                self.selectRow(row)
        self.setSelectionMode(mode)

    def _fill(self, row: int, run: "Run") -> None:
        started = "" if run.started is None else f"{run.started.astimezone():%d %b %Y, %H:%M}"
        name = run.folder.name
        cells: tuple[tuple[str, Any], ...] = (
            (name, name.lower()),
            score(run),
            (run.state.value, run.state.value),
            (started, 0.0 if run.started is None else run.started.timestamp()),
            (str(len(run.history) or ""), len(run.history)),
            ("" if run.seconds is None else _duration(run.seconds), run.seconds or 0.0),
            (learned_from(run), learned_from(run).lower()),
            (network(run), network(run)),
        )
        for column, (text, key) in enumerate(cells):
            item = ValueCell(text)
            item.setData(SORT, key)
            item.setToolTip("\n".join(filter(None, (text, run.words, f"Model “{run.name}”", str(run.folder)))))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            if column == 0:
                item.setData(_RUN, run)
            self.setItem(row, column, item)


def score(run: "Run") -> tuple[str, float]:
    """Say how good a run's model is on held-out data, and by which number to sort it: the larger, the better."""
    dice, r2, rmse = (run.scores.get(f"validation_{name}") for name in ("dice", "r2", "rmse"))
    written = (("Dice", dice, ".3f"), ("R²", r2, ".3f"), ("RMSE", rmse, ".3g"))
    text = ", ".join(f"{name} {value:{form}}" for name, value, form in written if value is not None)
    return text, next((value for value in (dice, r2) if value is not None), -math.inf)


def learned_from(run: "Run") -> str:
    """Say what a run learned from."""
    if run.card is not None:
        return run.card.trained_on
    if run.config is None:
        return ""
    data = run.config.data
    if isinstance(data, SimulatedData):
        return f"simulated {data.simulation.subject}"
    names = ", ".join(run.images)
    if isinstance(data, LabelledData):
        return f"labels of {names}" if names else "labels painted in napari"
    return names


def network(run: "Run") -> str:
    """Say which network a run trained."""
    model = run.card.model if run.card is not None else run.config.model if run.config is not None else None
    if model is None:
        return ""
    name = name_of(model.architecture)
    return name if model.layers == 1 else f"{name}, {model.layers} layers"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
