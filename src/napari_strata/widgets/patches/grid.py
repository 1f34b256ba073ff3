"""A grid of pictures that fills its place, each to be clicked."""

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QPoint, QRect, QSize, Qt, Signal
from qtpy.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_strata.widgets.patches.pictures import Picture

GAP = 3
"""Between pictures [px]."""
LEAST_CELL = 70
"""A picture is at least so large where four are side by side [px]."""


class PatchGrid(QWidget):
    """Shows square pictures as large as its size allows."""

    clicked = Signal(int)
    """The number of the picture that was clicked, from 0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: list[QImage] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def show_pictures(self, pictures: Sequence[Picture]) -> None:
        """Show other pictures."""
        self._images = [_qimage(picture) for picture in pictures]
        self.update()

    def set_clickable(self, clickable: bool) -> None:
        """Show by the mouse pointer whether a click leads anywhere."""
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)

    def minimumSizeHint(self) -> QSize:
        """Ask for the room of three rows of four."""
        return QSize(4 * LEAST_CELL, 3 * LEAST_CELL)

    def sizeHint(self) -> QSize:
        """Ask for the room of four rows of three where there is enough; more is for the dock above."""
        return QSize(self.minimumSizeHint().width(), 4 * 100)

    def cell(self, number: int) -> QRect:
        """Return where a picture is."""
        columns, side = self._columns_and_side()
        row, column = divmod(number, columns)
        return QRect(column * (side + GAP), row * (side + GAP), side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pictures, larger ones without smoothing, so that pixels are seen."""
        painter = QPainter(self)
        for number, image in enumerate(self._images):
            cell = self.cell(number)
            shrinks = image.width() > cell.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrinks)
            painter.drawImage(cell, image)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell which picture was clicked."""
        number = self._number_at(event.position().toPoint())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(number)

    def _number_at(self, point: QPoint) -> int | None:
        return next((n for n in range(len(self._images)) if self.cell(n).contains(point)), None)

    def _columns_and_side(self) -> tuple[int, int]:
        """Return the number of columns with which pictures are largest, and how large."""
        count = max(1, len(self._images))
        sides = {columns: self._side(columns, -(-count // columns)) for columns in range(1, count + 1)}
        columns = max(sides, key=lambda one: sides[one])
        return columns, sides[columns]

    def _side(self, columns: int, rows: int) -> int:
        width, height = self.width() - GAP * (columns - 1), self.height() - GAP * (rows - 1)
        return int(max(1, min(width // columns, height // rows)))


def _qimage(picture: Picture) -> QImage:
    height, width, _ = picture.shape
    pixels = np.ascontiguousarray(picture)
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
