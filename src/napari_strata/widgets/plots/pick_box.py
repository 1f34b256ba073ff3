"""A plot in which a click or a drag picks what is there; the wheel zooms, the right button moves.

It imports pyqtgraph, which takes a while: whoever draws imports it when there is something to draw.
"""

from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal


class PickBox(pg.ViewBox):
    """Tells clicks and drags of the left button in the coordinates of the plot."""

    dragged = Signal(object, object)
    """Where the button went down, and where the mouse is: two (x, y), while it is held."""
    picked = Signal(object, object)
    """The same once it is released; of a click both are the same."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        """Pick with the left button; leave the others to pyqtgraph."""
        if event.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        start, end = self._place(event.buttonDownPos()), self._place(event.pos())
        (self.picked if event.isFinish() else self.dragged).emit(start, end)

    def mouseClickEvent(self, event: Any) -> None:
        """Pick what is under the mouse."""
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            place = self._place(event.pos())
            self.picked.emit(place, place)

    def _place(self, position: Any) -> tuple[float, float]:
        point = self.mapToView(position)
        return float(point.x()), float(point.y())
