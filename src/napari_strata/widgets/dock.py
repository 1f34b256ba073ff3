"""What all docks have in common: their width, and their end."""

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QWidget

from napari_strata.widgets.runner import JobRunner

DOCK_WIDTH = 360
"""Least width of a dock [px]."""


class Dock(QWidget):
    """A widget for napari's dock area.

    When a dock is closed napari lets go of the widget in it but does not destroy it, so it would live on unseen,
    its job and its connections with it. This one then stops its job, which keeps what is worth keeping, and goes.
    """

    def event(self, event: QEvent) -> bool:
        """Notice when napari lets go."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._end()
        return bool(super().event(event))

    def _end(self) -> None:
        for child in self.findChildren(QWidget):
            child.blockSignals(True)  # nobody asks for a result any more
        busy = [runner for runner in self.findChildren(JobRunner) if runner.is_busy]
        for runner in busy:
            runner.ended.connect(lambda _ended: self._end())
            runner.stop()
        if not busy:
            self.deleteLater()
