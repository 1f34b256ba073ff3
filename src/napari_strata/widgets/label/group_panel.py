"""Shows which napari layer is which crystal layer, whether they match, and lets them be exchanged and copied."""

from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Points
from napari.utils.notifications import show_info
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QAbstractItemView, QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from napari_strata.widgets.layers.label_memory import crystal_layer_of, image_of, is_drawn, members_of
from napari_strata.widgets.layers.layer_group import add_to_group, align, can_join, copy_onto, differences, swap
from napari_strata.widgets.parts.connections import LayerFollower, connect_while_alive
from napari_strata.widgets.parts.menu_button import MenuButton
from napari_strata.widgets.parts.notify import in_notifications

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

_MATCH = "All lie on the image, pixel on pixel. Atoms of different crystal layers may overlap."
_NONE = "Press 'New labels' or 'New atoms'."


class GroupPanel(QWidget):
    """The layers of a group, one or two per crystal layer.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose layers they are.
    """

    changed = Signal()
    """Emitted when the layers, or where they lie, are others."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Any = None
        self._places = [LayerFollower(self, self.refresh, "scale", "translate", "units") for _ in range(2)]
        self.trouble: list[str] = []
        """What does not lie on the image, in words."""
        self.members: list[Any] = []
        """The layers in the order of the rows."""
        self.list = QListWidget()
        self.words = QLabel()
        self.swap_button = MenuButton(
            "Swap with…", "Exchange two crystal layers, their labels and atoms.", self._swaps, self._swap
        )
        self.copy_button = MenuButton(
            "Copy onto…",
            "Labels replace labels, which can be undone there; atoms are added to atoms.",
            self._copies,
            self._copy,
        )
        self.join_button = MenuButton(
            "Add…", "Take a layer from elsewhere into the group.", self._newcomers, self._join
        )
        self.align_button = QPushButton("Align")
        self._lay_out()
        self._connect()

    def follow(self, napari_layer: "Layer | None") -> None:
        """Show the group of another layer, or none."""
        self._layer = napari_layer
        self.refresh()

    def refresh(self, _event: object = None) -> None:
        """Show the group as it is now."""
        layers = list(self._viewer.layers)
        known = self._layer is not None and is_drawn(self._layer) and self._layer in layers
        self.members = members_of(self._layer, layers) if known else []
        row = self.list.currentRow()
        blocked = self.list.blockSignals(True)
        self.list.clear()
        for member in self.members:
            kind = "atoms" if isinstance(member, Points) else "labels"
            self.list.addItem(f"{crystal_layer_of(member)}   {kind}   {member.name}")
        self.list.setCurrentRow(self.members.index(self._layer) if known else row)
        self.list.blockSignals(blocked)
        self.list.setFixedHeight(self.list.sizeHintForRow(0) * max(min(len(self.members), 6), 1) + 8)
        self.trouble = differences(self._layer, layers) if known else []
        self.words.setText("\n".join(self.trouble) if self.trouble else _MATCH if known else _NONE)
        self.align_button.setVisible(any("Align" in words for words in self.trouble))
        for button in (self.swap_button, self.copy_button, self.join_button):
            button.setEnabled(known)
        self._follow_places(*((self._layer, image_of(self._layer, layers)) if known else (None, None)))
        self.changed.emit()

    def _follow_places(self, *followed: "Layer | None") -> None:
        for follower, layer in zip(self._places, followed, strict=True):
            if follower.layer is not layer:
                follower.follow(layer)

    def _lay_out(self) -> None:
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setToolTip(
            "Crystal layer, kind and napari layer. A Gomb-Net learns from one of each crystal layer."
        )
        self.words.setWordWrap(True)
        self.align_button.setToolTip(
            "Give all layers the scale, units and position of the image; where only they have a pixel size, the "
            "image gets theirs."
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(3)
        for button in (self.swap_button, self.copy_button, self.join_button, self.align_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)
        layout.addLayout(buttons)
        layout.addWidget(self.words)

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._on_row)
        self.align_button.clicked.connect(in_notifications(self._align))
        events = self._viewer.layers.events
        connect_while_alive(self, self.refresh, events.inserted, events.removed, events.renamed)

    def _on_row(self, row: int) -> None:
        if 0 <= row < len(self.members):
            self._viewer.layers.selection.active = self.members[row]

    @property
    def _selected(self) -> Any:
        return self.members[max(self.list.currentRow(), 0)]

    def _swaps(self) -> list[tuple[str, Any]]:
        first = {crystal_layer_of(member): member for member in reversed(self.members)}
        here = crystal_layer_of(self._selected)
        return [(f"crystal layer {k}", first[k]) for k in sorted(first) if k != here]

    def _copies(self) -> list[tuple[str, Any]]:
        source = self._selected
        others = [one for one in self.members if isinstance(one, Labels) == isinstance(source, Labels)]
        return [(one.name, one) for one in others if one is not source]

    def _newcomers(self) -> list[tuple[str, Any]]:
        mate, layers = self._selected, list(self._viewer.layers)
        return [(one.name, one) for one in layers if can_join(one, mate, layers)]

    def _swap(self, other: Any) -> None:
        swap(self._selected, other, self._viewer.layers)
        self.refresh()

    def _copy(self, target: Any) -> None:
        copy_onto(self._selected, target)

    def _join(self, newcomer: Any) -> None:
        add_to_group(newcomer, self._selected, self._viewer.layers)
        self.refresh()

    def _align(self, _checked: bool = False) -> None:
        show_info(align(self._selected, self._viewer.layers))
        self.refresh()
