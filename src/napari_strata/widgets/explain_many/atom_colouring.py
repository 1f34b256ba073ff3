"""Which score gives points their colour."""

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.errors import TableError
from napari_strata.widgets.explain_many.atom_colours import WORDS, colour_by, colour_by_layer, scores_of
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.layers import Points


class AtomColouring(QWidget):
    """Offers the scores that points have, and colours them by one.

    The button is wired by whoever says where mistakes go.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: Points | None = None
        self.column, self.button = ChoiceBox(), QPushButton("Colour atoms")
        self.legend = Words()
        self.column.setToolTip("What the colour of an atom shall tell.")
        row, layout = QHBoxLayout(), QVBoxLayout(self)
        row.addWidget(self.column, 1)
        row.addWidget(self.button)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.legend)
        self.legend.hide()

    def offer(self, points: "Points | None") -> None:
        """Offer the scores of these points."""
        self._points, kept = points, self.column.currentData()
        offered = ["", *scores_of(points)]
        self.button.setEnabled(points is not None)
        if [self.column.itemData(index) for index in range(self.column.count())] == offered:
            return
        self.column.clear()
        for name in offered:
            self.column.addItem(WORDS[name] if name else "crystal layer", name)
        first = 1 if kept in (None, "") and len(offered) > 1 else 0
        self.column.setCurrentIndex(max(self.column.findData(kept), 0) if kept else first)

    def colour(self, _checked: bool = False) -> None:
        """Colour the points by what is chosen, and show them: a new map hides them.

        Raises
        ------
        TableError
            If there are none.
        """
        points, column = self._points, self.column.currentData()
        if points is None:
            raise TableError("There are no atoms.", remedy="Find atoms in the Predict dock first.")
        if column:
            low, high = colour_by(points, column)
            ends = ("Blue", "red") if low < 0 else ("Dark", "yellow")
            self.legend.setText(f"{ends[0]}: {low:.3g}, {ends[1]}: {high:.3g}. Grey: not scored.")
        else:
            colour_by_layer(points)
            self.legend.setText("")
        self.legend.setVisible(bool(column))
        points.visible = True
