"""Findings as a table: how bad, what, and a button where a safe fix is known."""

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QStyle,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_strata.annotation.doctor.finding import Finding, Fix, Severity

_ICONS = {
    Severity.ERROR: QStyle.StandardPixmap.SP_MessageBoxCritical,
    Severity.WARNING: QStyle.StandardPixmap.SP_MessageBoxWarning,
    Severity.INFO: QStyle.StandardPixmap.SP_MessageBoxInformation,
}
_WORDS = {Severity.ERROR: "Error", Severity.WARNING: "Warning", Severity.INFO: "Hint"}
_TIPS = {
    Fix.TRANSPOSE: "Adds a copy of the labels with y and x swapped, and hides these.",
    Fix.UNLABEL: "Makes these pixels not labelled. Ctrl+Z on the layer undoes it.",
    Fix.ADD_CLASSES: "Adds a class for each of these codes, which become the next free ones. Ctrl+Z undoes that.",
    Fix.REMOVE_CLASS: "Takes this class, which nobody painted, off the table.",
    Fix.ERASE_SLICE: "Makes this slice not labelled: training passes it over. Ctrl+Z on the layer undoes it.",
    Fix.PLACE_ON_IMAGE: "Gives the labels the scale and the place of the image, or the image those of the labels "
    "where only they have a pixel size; no pixel changes.",
}
_SEVERITY, _TEXT, _FIX = range(3)
_GAP = 8
"""Space between two rows [px]."""
_FIX_WIDTH = 48
"""Width of the column of buttons [px]."""


class FindingTable(QTableWidget):
    """Shows findings, the worst first."""

    picked = Signal(object)
    """The finding whose row the user chose."""
    fix_asked = Signal(object)
    """The finding whose button the user pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self._findings: tuple[Finding, ...] = ()
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.hide()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_TEXT, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_FIX, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(_FIX, _FIX_WIDTH)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setMinimumHeight(160)
        self.cellClicked.connect(lambda row, _column: self.picked.emit(self._findings[row]))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is shown, row by row."""
        return self._findings

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show other findings."""
        self._findings = tuple(findings)
        self.setRowCount(0)
        self.setRowCount(len(self._findings))
        for row, finding in enumerate(self._findings):
            self._fill(row, finding)
        self._fit_rows()

    def fix_button(self, row: int) -> QPushButton | None:
        """Return the button of a row; None where no safe fix is known."""
        cell = self.cellWidget(row, _FIX)
        button: QPushButton | None = None if cell is None else cell.findChild(QPushButton)
        return button

    def set_fixable(self, fixable: bool) -> None:
        """Let the fixes be asked for, or not, because what was found may no longer be there."""
        for button in filter(None, map(self.fix_button, range(self.rowCount()))):
            button.setEnabled(fixable)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the height that goes with the new width."""
        super().resizeEvent(event)
        self._fit_rows()

    def _fit_rows(self) -> None:
        self.resizeRowsToContents()
        for row in range(self.rowCount()):
            self.setRowHeight(row, self.rowHeight(row) + _GAP)

    def _fill(self, row: int, finding: Finding) -> None:
        severity = QTableWidgetItem(_WORDS[finding.severity])
        severity.setIcon(self.style().standardIcon(_ICONS[finding.severity]))
        text = QTableWidgetItem(f"{finding.place}: {finding.message}".removeprefix(": "))
        for column, item in ((_SEVERITY, severity), (_TEXT, text)):
            item.setToolTip(f"{finding.message}\n{finding.remedy}\nClick to go there.")
            item.setTextAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            self.setItem(row, column, item)
        if finding.fix in _TIPS:
            button = QPushButton("Fix")
            button.setToolTip(_TIPS[finding.fix])
            button.clicked.connect(lambda _checked=False, one=finding: self.fix_asked.emit(one))
            self.setCellWidget(row, _FIX, _at_top(button))


def _at_top(button: QPushButton) -> QWidget:
    """Return a cell with a button that keeps its height where the row is higher."""
    cell = QWidget()
    cell.setObjectName("fix")
    cell.setStyleSheet("#fix { background: transparent; }")
    layout = QVBoxLayout(cell)
    layout.setContentsMargins(0, 2, 4, 2)
    layout.addWidget(button)
    layout.addStretch(1)
    return cell
