"""Settings to search, as rows that are ticked, each with its ends or its choices."""

from collections.abc import Callable, Mapping
from typing import Any

import yaml
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QTableWidget, QTableWidgetItem, QWidget

from napari_strata.config.search import Choices, Parameter, setting_of
from napari_strata.widgets.parts.setting_names import setting_name

ROWS = 5
"""Rows that are always seen."""
_BOX = "QTableWidget::indicator:unchecked { border: 1px solid #868e93; border-radius: 2px; }"
"""Makes empty boxes visible on the cells of napari's themes."""
_NAME, _LOW, _HIGH, _LOG = range(4)
_EDITABLE = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable
_TICKED = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable


class ParameterTable(QTableWidget):
    """Shows every setting that can be searched; the ticked ones are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self._rows: dict[str, int] = {}
        self.setHorizontalHeaderLabels(["Setting", "From", "To", "Log"])
        self.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setStyleSheet(_BOX)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((_LOW, 64), (_HIGH, 64), (_LOG, 36)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        self.setMinimumHeight(header.sizeHint().height() + ROWS * self.verticalHeader().defaultSectionSize())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # as high as there is room

    @property
    def names(self) -> tuple[str, ...]:
        """Dotted names of the settings that are offered, from top to bottom."""
        return tuple(name for name, row in self._rows.items() if not self.isRowHidden(row))

    def show_parameters(self, proposed: Mapping[str, Parameter], ticked: Mapping[str, Parameter]) -> None:
        """Show what could be searched, and tick what is."""
        self._rows = {}
        self.clearSpans()
        self.setRowCount(0)
        shown = {**ticked, **{name: one for name, one in proposed.items() if name not in ticked}}
        self.setRowCount(len(shown))
        for row, (name, parameter) in enumerate(shown.items()):
            self._rows[name] = row
            self.setRowHidden(row, False)
            self._fill(row, name, parameter, is_ticked=name in ticked)

    def offer(self, fits: Callable[[str], bool]) -> None:
        """Offer those settings only that fit; the others stay as they are and are not searched."""
        for name, row in self._rows.items():
            self.setRowHidden(row, not fits(name))

    def values(self) -> dict[str, Any]:
        """Return what is ticked as plain data, not validated."""
        return {name: self._plain(self._rows[name]) for name in self.names if self.is_ticked(name)}

    def is_ticked(self, name: str) -> bool:
        """Tell whether a setting is searched."""
        return bool(self.item(self._rows[name], _NAME).checkState() is Qt.CheckState.Checked)

    def tick(self, name: str, is_ticked: bool = True) -> None:
        """Search a setting, or not."""
        state = Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked
        self.item(self._rows[name], _NAME).setCheckState(state)

    def edit_cell(self, name: str, *, low: str | None = None, high: str | None = None) -> None:
        """Write in the cells of a setting; `low` is the list of choices where there is one."""
        for column, text in ((_LOW, low), (_HIGH, high)):
            if text is not None:
                self.item(self._rows[name], column).setText(text)

    def _fill(self, row: int, name: str, parameter: Parameter, *, is_ticked: bool) -> None:
        title = QTableWidgetItem(setting_name(name))
        title.setFlags(_TICKED)
        title.setCheckState(Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked)
        title.setToolTip(f"{setting_of(name).description}\n{name}")
        self.setItem(row, _NAME, title)
        if isinstance(parameter, Choices):
            self._put(
                row, _LOW, ", ".join(map(_text, parameter.choices)), "One of these; separate them by commas."
            )
            self.setSpan(row, _LOW, 1, 3)
            return
        self._put(row, _LOW, f"{parameter.low:g}", "Smallest value.")
        self._put(row, _HIGH, f"{parameter.high:g}", "Largest value.")
        log = QTableWidgetItem()
        log.setFlags(_TICKED)
        log.setCheckState(Qt.CheckState.Checked if parameter.log else Qt.CheckState.Unchecked)
        log.setToolTip("Try as many values between 0.001 and 0.01 as between 0.01 and 0.1.")
        self.setItem(row, _LOG, log)

    def _put(self, row: int, column: int, text: str, tip: str) -> None:
        item = QTableWidgetItem(text)
        item.setFlags(_EDITABLE)
        item.setToolTip(f"{text}\n{tip}")
        self.setItem(row, column, item)

    def _plain(self, row: int) -> dict[str, Any]:
        low, high, log = (self.item(row, column) for column in (_LOW, _HIGH, _LOG))
        if high is None:
            return {"choices": _choices(low.text())}
        return {"low": low.text(), "high": high.text(), "log": log.checkState() is Qt.CheckState.Checked}


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_text, value))}]"
    return (
        f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
    )


def _choices(text: str) -> list[Any] | str:
    """Return the values of a list; text that is none is left for the settings model to refuse."""
    try:
        values = yaml.safe_load(f"[{text}]")
    except yaml.YAMLError:
        return text
    return list(values)
