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
    QWidget,
)

from napari_strata.annotation.doctor.finding import Finding, Fix, Severity

_ICONS = {
    Severity.ERROR: QStyle.StandardPixmap.SP_MessageBoxCritical,
    Severity.WARNING: QStyle.StandardPixmap.SP_MessageBoxWarning,
    Severity.INFO: QStyle.StandardPixmap.SP_MessageBoxInformation,
}
_WORDS = {Severity.ERROR: "Error", Severity.WARNING: "Warning", Severity.INFO: "Hint"}
FIX_TIPS = {
    Fix.WHOLE_NUMBERS: "Adds a copy of the labels as whole numbers.",
    Fix.TRANSPOSE: "Adds a copy of the labels with y and x swapped, and hides these.",
    Fix.UNLABEL: "Makes these pixels not labelled. Ctrl+Z on the layer undoes it.",
    Fix.ADD_CLASSES: "Adds classes to the table until every painted code has one.",
    Fix.REMOVE_CLASS: "Takes this class, which nobody painted, off the table.",
    Fix.ERASE_SLICE: "Makes this slice not labelled: training passes it over. Ctrl+Z on the layer undoes it.",
    Fix.PLACE_ON_IMAGE: "Gives the labels the scale and the place of the image; no pixel changes.",
}
_SEVERITY, _TEXT, _FIX = range(3)


class FindingTable(QTableWidget):
    """Shows findings, the worst first."""

    picked = Signal(object)
    """The finding whose row the user chose."""
    fix_asked = Signal(object)
    """The finding whose button the user pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self._findings: tuple[Finding, ...] = ()
        self.setHorizontalHeaderLabels(["", "Found", ""])
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_TEXT, QHeaderView.ResizeMode.Stretch)
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
        self.resizeRowsToContents()

    def set_fixable(self, fixable: bool) -> None:
        """Let the fixes be asked for, or not, because what was found may no longer be there."""
        for row in range(self.rowCount()):
            button = self.cellWidget(row, _FIX)
            if button is not None:
                button.setEnabled(fixable)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the height that goes with the new width."""
        super().resizeEvent(event)
        self.resizeRowsToContents()

    def _fill(self, row: int, finding: Finding) -> None:
        severity = QTableWidgetItem(_WORDS[finding.severity])
        severity.setIcon(self.style().standardIcon(_ICONS[finding.severity]))
        text = QTableWidgetItem(f"{finding.place}: {finding.message}".removeprefix(": "))
        for column, item in ((_SEVERITY, severity), (_TEXT, text)):
            item.setToolTip(f"{finding.message}\n{finding.remedy}\nClick to go there.")
            item.setTextAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            self.setItem(row, column, item)
        if finding.fix is not None:
            button = QPushButton("Fix")
            button.setToolTip(FIX_TIPS[finding.fix])
            button.clicked.connect(lambda _checked=False, one=finding: self.fix_asked.emit(one))
            self.setCellWidget(row, _FIX, button)
