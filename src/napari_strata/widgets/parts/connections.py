"""napari's events, connected to widgets that may be destroyed before what emits them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

if TYPE_CHECKING:
    from napari.layers import Layer


def connect_while_alive(owner: QObject, slot: Callable[..., Any], *emitters: Any) -> None:
    """Connect napari's event emitters to a method of a Qt object until Qt destroys the object.

    Parameters
    ----------
    owner : QObject
        The object whose end ends the connections.
    slot : callable
        What to call; a bound method.
    *emitters
        Emitters of napari events that live as long as the viewer.
    """
    for emitter in emitters:
        emitter.connect(slot)
    owner.destroyed.connect(lambda *_: [emitter.disconnect(slot) for emitter in emitters])


class LayerFollower:
    """Connects a slot to events of one layer at a time, until Qt destroys the slot's owner.

    Parameters
    ----------
    owner : QObject
        The object whose end ends the connection.
    slot : callable
        What to call; a bound method.
    *events : str
        Names of the layer's events.
    """

    def __init__(self, owner: QObject, slot: Callable[..., Any], *events: str) -> None:
        self._slot, self._events = slot, events
        self._layer: Any = None
        owner.destroyed.connect(lambda *_: self.follow(None))

    @property
    def layer(self) -> Any:
        """The layer that is followed, or None."""
        return self._layer

    def follow(self, napari_layer: "Layer | None") -> None:
        """Follow another layer, or none."""
        if self._layer is not None:
            for name in self._events:
                getattr(self._layer.events, name).disconnect(self._slot)
        self._layer = napari_layer
        if napari_layer is not None:
            for name in self._events:
                getattr(napari_layer.events, name).connect(self._slot)
