"""A drop-down list of the viewer's layers of one kind, always up to date."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QHelpEvent, QPaintEvent
from qtpy.QtWidgets import QStyle, QStyleOptionComboBox, QStylePainter, QToolTip, QWidget

from napari_strata.widgets.parts.canvas import CanvasKeeper
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.editors import ChoiceBox

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Layer
    from napari.viewer import Viewer

RESULT = "napari_strata_result"
"""Key in the metadata of layers this plugin computed; they are not offered as input until somebody edits them."""
GREY_OF = "napari_strata_grey_of"
"""Key in the metadata of a grey copy: `unique_id` of the image in colour, in whose place it is offered."""

_BETWEEN = " - "
"""Stands in the names of results between what they show, the model and the image."""


class LayerChoice(ChoiceBox):
    """Offers the viewer's layers of one kind; the choice follows the active layer until the user makes one.

    That holds until the layer is removed. A colour image gives way to its grey copy. Names that are too long are
    cut in the middle, those of results at the end; the tool tip has them whole. What the names of several results
    all end with is left out.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to offer.
    kind : type of Layer
        Which kind.
    none_text : str
        Text of the entry that stands for no layer; without it there is such an entry only while there is no layer.
    follows : bool
        Whether the choice follows the active layer.
    none_when_empty : str
        What to say where there is no such layer; by default that none of the kind is open.
    offers : callable, optional
        Whether to offer a layer of that kind; by default all are offered but results that nobody edited.
    """

    chosen = Signal(object)
    """The layer now chosen, or None, whenever it is another one."""

    def __init__(
        self,
        viewer: "Viewer",
        kind: "type[Layer]",
        *,
        none_text: str = "",
        follows: bool = True,
        none_when_empty: str = "",
        offers: "Callable[[Layer], bool] | None" = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__()
        self.setParent(parent)
        self._viewer, self._kind, self._none_text, self._follows = viewer, kind, none_text, follows
        self._offers = offers or _is_input
        # Not kept as item data: PySide loses a reference to None whenever an item has none.
        self._layers: list[Layer | None] = []
        self._last: Layer | None = None
        self._wants_none = False
        self._is_by_hand = False
        self._nothing = none_when_empty or f"no {kind.__name__.lower()} layer open"
        CanvasKeeper(viewer, self)
        events = viewer.layers.events
        connect_while_alive(self, self._refresh, events.inserted, events.removed, events.reordered, events.renamed)
        connect_while_alive(self, self._follow, viewer.layers.selection.events.active)
        connect_while_alive(self, self._on_inserted, events.inserted)
        for layer in viewer.layers:
            self._await_edit(layer)
        self.currentIndexChanged.connect(self._on_index)
        self.activated.connect(self._on_hand)
        self._refresh()

    @property
    def layer(self) -> Any:
        """The chosen layer, or None."""
        return self._last

    @property
    def is_by_hand(self) -> bool:
        """Whether the user chose it, or chose none."""
        return self._is_by_hand or self._wants_none

    def choose(self, napari_layer: "Layer | None") -> None:
        """Choose a layer that is offered."""
        if napari_layer in self._layers:
            self.setCurrentIndex(self._layers.index(napari_layer))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Mark a name that is too long as cut."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self).width()
        mode = self.view().textElideMode()
        option.currentText = self.fontMetrics().elidedText(option.currentText, mode, room)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def event(self, event: QEvent) -> bool:
        """Show the whole name above the tool tip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            name = "" if self._last is None else self._last.name
            QToolTip.showText(event.globalPos(), f"{name}\n{self.toolTip()}".strip(), self)
            return True
        return bool(super().event(event))

    def _refresh(self, _event: object = None) -> None:
        layers = [layer for layer in reversed(self._viewer.layers) if self._is_offered(layer)]
        has_none = bool(self._none_text) or not layers
        self._layers = [None, *layers] if has_none else [*layers]
        kept = self._last if self._last in layers or self._wants_none else self._next(layers)
        blocked = self.blockSignals(True)
        self.clear()
        are_results = bool(layers) and not any(_is_input(layer) for layer in layers)
        mode = Qt.TextElideMode.ElideRight if are_results else Qt.TextElideMode.ElideMiddle
        self.view().setTextElideMode(mode)
        names = dict(zip(layers, _short(layers), strict=True))
        for index, layer in enumerate(self._layers):
            self.addItem(names[layer] if layer else self._none_text or self._nothing)
            self.setItemData(index, layer.name if layer else "", Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(self._layers.index(kept))
        self.blockSignals(blocked)
        self._tell()

    def _on_inserted(self, event: Any) -> None:
        self._await_edit(event.value)

    def _await_edit(self, layer: "Layer") -> None:
        """Offer a result as soon as it is noted that somebody edits it."""
        if isinstance(layer, self._kind) and layer.metadata.get(RESULT, False):
            connect_while_alive(self, self._on_metadata, layer.events.metadata)

    def _on_metadata(self, _event: object) -> None:
        self._refresh()
        self._follow()

    def _next(self, layers: "list[Layer]") -> "Layer | None":
        """Return what to choose where there is no choice any more: the grey copy, the active or the uppermost."""
        copies = [layer for layer in layers if self._last is not None and _is_grey_of(layer, self._last)]
        self._is_by_hand = self._is_by_hand and bool(copies)
        active = self._viewer.layers.selection.active
        return next(iter([*copies, *(layer for layer in layers if layer == active), *layers]), None)

    def _follow(self, _event: object = None) -> None:
        if self._follows and not self.is_by_hand:
            active = self._viewer.layers.selection.active
            if active is not None:
                self.choose(active)

    def _on_hand(self, index: int) -> None:
        self._is_by_hand = self._layers[index] is not None
        self._wants_none = not self._is_by_hand and bool(self._none_text)

    def _on_index(self, index: int) -> None:
        self._wants_none = self._layers[index] is None
        self._tell()

    def _tell(self) -> None:
        layer = self._layers[self.currentIndex()]
        if layer != self._last:
            self._last = layer
            self.chosen.emit(layer)

    def _is_offered(self, layer: "Layer") -> bool:
        """Offer no colour image that has a grey copy."""
        is_kind = isinstance(layer, self._kind) and self._offers(layer)
        return is_kind and not any(_is_grey_of(other, layer) for other in self._viewer.layers)


def _short(layers: "list[Layer]") -> "list[str]":
    """Return names without what those of several results all end with: the model and the image."""
    parts = [layer.name.split(_BETWEEN) for layer in layers]
    if len(layers) < 2 or any(_is_input(layer) for layer in layers):
        return [layer.name for layer in layers]
    while all(len(one) > 1 for one in parts) and len({one[-1] for one in parts}) == 1:
        parts = [one[:-1] for one in parts]
    return [_BETWEEN.join(one) for one in parts]


def _is_input(napari_layer: "Layer") -> bool:
    return not napari_layer.metadata.get(RESULT, False)


def _is_grey_of(napari_layer: "Layer", image: "Layer") -> bool:
    return bool(napari_layer.metadata.get(GREY_OF) == image.unique_id)
