"""Pictures side by side, each under its name, as large as the width allows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QImage, QPainter, QPaintEvent, QPalette, QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_strata.widgets.simulate.pictures import Grey

COLUMNS = 2
GAP = 4
"""Between pictures [px]."""
LARGEST = 420
"""Side of a picture at most [px]."""


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A picture and what is written above it; None leaves its place empty."""

    name: str
    picture: Grey | None


class Comparison(QWidget):
    """Shows pictures in two columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[tuple[str, QImage | None]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def names(self) -> tuple[str, ...]:
        """What is written above the pictures, row after row."""
        return tuple(name for name, _ in self._shown)

    def show_pictures(self, pictures: Sequence[Named]) -> None:
        """Show other pictures, row after row."""
        rows = len(self._shown)
        self._shown = [(one.name, None if one.picture is None else _qimage(one.picture)) for one in pictures]
        self.setAccessibleName("Pictures: " + ", ".join(self.names))
        if len(self._shown) != rows:
            self._fit()
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for the height that goes with the width."""
        return QSize(COLUMNS * LARGEST // 2, self._height())

    def minimumSizeHint(self) -> QSize:
        """Ask for the same height in a narrow place."""
        return QSize(COLUMNS * 80, self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the height that goes with the new width."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names and pictures; smaller ones are smoothed, so that no lattice appears that is not there."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        for number, (name, image) in enumerate(self._shown):
            title, cell = self.places(number)
            painter.drawText(title, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
            if image is None:
                painter.fillRect(cell, self.palette().color(QPalette.ColorRole.Base))
            else:
                painter.drawImage(cell, _shrunk(image, cell.size()))
        painter.end()

    def places(self, number: int) -> tuple[QRect, QRect]:
        """Return where the name and the picture of a number are."""
        row, column = divmod(number, COLUMNS)
        side, title = self._side(), self._title()
        left, top = column * (side + GAP), row * (side + title + GAP)
        return QRect(left, top, side, title), QRect(left, top + title, side, side)

    def _fit(self) -> None:
        self.setMinimumHeight(self._height())
        self.updateGeometry()

    def _height(self) -> int:
        rows = -(-len(self._shown) // COLUMNS)
        return rows * (self._side() + self._title() + GAP)

    def _side(self) -> int:
        return int(max(1, min(LARGEST, (self.width() - GAP) // COLUMNS)))

    def _title(self) -> int:
        return int(self.fontMetrics().height() + 2)


def _qimage(picture: Grey) -> QImage:
    height, width = picture.shape
    pixels = np.ascontiguousarray(picture)
    return QImage(pixels.data, width, height, width, QImage.Format.Format_Grayscale8).copy()


def _shrunk(image: QImage, size: QSize) -> QImage:
    """Average the pixels of an image that is drawn smaller; Qt's painter would leave some out."""
    return image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
