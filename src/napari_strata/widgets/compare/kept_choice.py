"""A drop-down list of the comparisons that were made, for those whose map is another one now."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_strata.widgets.compare.kept import Kept
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import row_label

_NONE = "none of this map yet"


class KeptChoice(QWidget):
    """Offers comparisons by their questions; hidden where there is none but the one that is shown."""

    chosen = Signal(object)
    """The `Kept` that a person wants to see."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[Kept] = []
        self.box = ChoiceBox()
        self.box.setToolTip("Every question that was compared; tables are kept as long as their image is open.")
        self.box.activated.connect(self._on_index)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(row_label("Scores"))
        row.addWidget(self.box, 1)
        self.hide()

    def offer(self, kept: Sequence[Kept], shown: Kept | None) -> None:
        """Offer these, with the one that is shown chosen."""
        self._kept = list(kept)
        blocked = self.box.blockSignals(True)
        self.box.clear()
        self.box.addItems([one.request.words for one in self._kept])
        if shown in self._kept:
            self.box.setCurrentIndex(self._kept.index(shown))
        else:
            self.box.addItem(_NONE)
            self.box.setCurrentIndex(len(self._kept))
        self.box.blockSignals(blocked)
        self.setVisible(any(one is not shown for one in self._kept))

    def _on_index(self, index: int) -> None:
        if index < len(self._kept):
            self.chosen.emit(self._kept[index])
