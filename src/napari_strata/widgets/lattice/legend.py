"""What the colours of a map mean, where napari draws no colour bar of its own: arrows and words."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QImage, QPainter, QPaintEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_strata.numbers import plain
from napari_strata.widgets.lattice.map_layers import NAMES, colours_of
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari_strata.widgets.lattice.map_layers import ChosenMap

BAR_HEIGHT = 12
_STEPS = 256


class ColourBar(QWidget):
    """A bar of colours with the values of its ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = QImage()
        self.ends: tuple[str, str] = ("", "")

    def show_map(self, chosen: "ChosenMap") -> None:
        """Show the colours of another map."""
        rgba = (255 * colours_of(chosen.quantity).map(np.linspace(0, 1, _STEPS))).astype(np.uint8)
        pixels = np.ascontiguousarray(rgba[None])
        self._colours = QImage(pixels.data, _STEPS, 1, 4 * _STEPS, QImage.Format.Format_RGBA8888).copy()
        low, high = (plain(value, 3) for value in chosen.limits)
        self.ends = low, f"{high} {chosen.quantity.unit}"
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for the height of the bar and of a line of text."""
        return QSize(100, BAR_HEIGHT + self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Ask for no less."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar and the values below its ends."""
        painter = QPainter(self)
        painter.drawImage(QRect(0, 0, self.width(), BAR_HEIGHT), self._colours)
        below = QRect(0, BAR_HEIGHT, self.width(), self.height() - BAR_HEIGHT)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, self.ends[0])
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, self.ends[1])
        painter.end()


class Legend(QWidget):
    """A colour bar, or the colour of each word."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar, self.words = ColourBar(), Words()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar)
        layout.addWidget(self.words)
        self.clear()

    def clear(self) -> None:
        """Show nothing."""
        self.bar.hide()
        self.words.hide()

    def show_names(self, chosen: "ChosenMap") -> None:
        """Show which colour each word has, and how many atoms bear it."""
        counts = {word: int((chosen.values == word).sum()) for word in chosen.words}
        parts = [
            f'<span style="color:{colour}">●</span> {escape(word)} {count:,}'
            for (word, count), colour in zip(counts.items(), NAMES, strict=False)
        ]
        self.bar.hide()
        self.words.setText("&nbsp;&nbsp; ".join(parts))
        self.words.show()

    def show_arrows(self, chosen: "ChosenMap", times: float) -> None:
        """Show which colour each length has, and by how much arrows are drawn longer."""
        self.bar.show_map(chosen)
        self.bar.show()
        drawn = f", drawn {times:g} times as long" if times != 1 else ""
        self.words.setText(f"Colour: length of the arrow{drawn}.")
        self.words.show()

    def show_note(self, text: str) -> None:
        """Show a line of words."""
        self.bar.hide()
        self.words.setText(text)
        self.words.show()
