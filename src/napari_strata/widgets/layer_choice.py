"""A drop-down list of the viewer's layers of one kind, always up to date."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_strata.widgets.connections import connect_while_alive
from napari_strata.widgets.editors import ChoiceBox

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

RESULT = "napari_strata_result"
"""Key in the metadata of layers that this plugin computed; they are not offered as input."""


class LayerChoice(ChoiceBox):
    """Offers the viewer's layers of one kind, newest first chosen when there was none.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to offer.
    kind : type of Layer
        Which kind.
    none_text : str
        Text of the entry that stands for no layer; without it there is such an entry only while there is no layer.
    """

    chosen = Signal(object)
    """The layer now chosen, or None, whenever it is another one."""

    def __init__(
        self, viewer: "Viewer", kind: "type[Layer]", *, none_text: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__()
        self.setParent(parent)
        self._viewer, self._kind, self._none_text = viewer, kind, none_text
        # Not kept as item data: PySide loses a reference to None whenever an item has none.
        self._layers: list[Layer | None] = []
        self._last: Layer | None = None
        self._wants_none = False
        self._nothing = f"no {kind.__name__.lower()} layer open"
        events = viewer.layers.events
        connect_while_alive(self, self._refresh, events.inserted, events.removed, events.reordered, events.renamed)
        self.currentIndexChanged.connect(self._on_index)
        self._refresh()

    @property
    def layer(self) -> Any:
        """The chosen layer, or None."""
        return self._last

    def choose(self, napari_layer: "Layer | None") -> None:
        """Choose a layer that is offered."""
        if napari_layer in self._layers:
            self.setCurrentIndex(self._layers.index(napari_layer))

    def _refresh(self, _event: object = None) -> None:
        layers = [layer for layer in reversed(self._viewer.layers) if self._is_offered(layer)]
        has_none = bool(self._none_text) or not layers
        self._layers = [None, *layers] if has_none else [*layers]
        kept = self._last if self._last in layers or self._wants_none else next(iter(layers), None)
        blocked = self.blockSignals(True)
        self.clear()
        self.addItems([layer.name if layer else self._none_text or self._nothing for layer in self._layers])
        self.setCurrentIndex(self._layers.index(kept))
        self.blockSignals(blocked)
        self._tell()

    def _on_index(self, index: int) -> None:
        self._wants_none = self._layers[index] is None
        self._tell()

    def _tell(self) -> None:
        layer = self._layers[self.currentIndex()]
        if layer != self._last:
            self._last = layer
            self.chosen.emit(layer)

    def _is_offered(self, layer: "Layer") -> bool:
        return isinstance(layer, self._kind) and not layer.metadata.get(RESULT, False)
