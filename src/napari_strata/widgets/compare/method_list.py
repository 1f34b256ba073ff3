"""A list of methods of explanation to tick."""

from collections.abc import Collection

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from napari_strata.config import ExplainMethod
from napari_strata.explain.catalogue import METHODS

PROPOSED: tuple[ExplainMethod, ...] = ("input-gradient", "integrated-gradients", "guided-backprop", "grad-cam")
"""What is ticked at first: quick, and of different kinds."""
_ROWS = 7
_MADE_OF = {
    "gradient": "Follows gradients.",
    "activation": "Shows activations inside the network.",
    "covering": "Covers parts of the image; takes many passes.",
    "network": "Shows the network alone.",
}
_METHOD = Qt.ItemDataRole.UserRole


class MethodList(QListWidget):
    """Offers all methods; the ticked ones are compared."""

    ticked = Signal()
    """Another method is ticked, or one no longer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        for method, facts in METHODS.items():
            item = QListWidgetItem(facts.title)
            item.setData(_METHOD, method)
            item.setToolTip(_MADE_OF[facts.family])
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            self.addItem(item)
        self._proposed: set[ExplainMethod] = set()
        self.propose(PROPOSED)
        self.setFixedHeight(_ROWS * max(self.sizeHintForRow(0), 18) + 2 * self.frameWidth())
        self.itemChanged.connect(lambda _item: self.ticked.emit())

    @property
    def methods(self) -> tuple[ExplainMethod, ...]:
        """The ticked methods, from top to bottom."""
        items = (self.item(row) for row in range(self.count()))
        return tuple(item.data(_METHOD) for item in items if item.checkState() == Qt.CheckState.Checked)

    def tick(self, methods: Collection[ExplainMethod]) -> None:
        """Tick these methods and no others."""
        for row in range(self.count()):
            wanted = self.item(row).data(_METHOD) in methods
            self.item(row).setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)

    def propose(self, methods: Collection[ExplainMethod]) -> None:
        """Tick these methods and no others, unless a person has ticked others than those proposed before."""
        if set(self.methods) == self._proposed:
            self._proposed = set(methods)
            self.tick(methods)
