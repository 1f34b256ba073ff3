"""Masks that a network drew, and the moment at which somebody begins to edit one."""

from collections.abc import Callable, Hashable
from typing import Any

from napari.layers import Labels


class FirstEdits:
    """Waits for the first edit of each of some Labels layers.

    Parameters
    ----------
    on_edit : callable
        Takes a layer as soon as it is edited for the first time.
    """

    def __init__(self, on_edit: Callable[[Labels], None]) -> None:
        self._on_edit = on_edit
        self._slots: dict[Hashable, Callable[[Any], None]] = {}

    def wait_for(self, labels: Labels) -> None:
        """Wait for the first edit of a layer."""
        if labels.unique_id in self._slots:
            return

        def on_event(_event: object) -> None:
            labels.events.paint.disconnect(on_event)
            labels.events.labels_update.disconnect(on_event)
            self._on_edit(labels)

        self._slots[labels.unique_id] = on_event
        labels.events.paint.connect(on_event)
        labels.events.labels_update.connect(on_event)

    def forget(self, napari_layer: Any) -> None:
        """Wait no longer for a layer that was removed; should it come back, it can be waited for again."""
        slot = self._slots.pop(napari_layer.unique_id, None)
        if slot is not None:
            napari_layer.events.paint.disconnect(slot)
            napari_layer.events.labels_update.disconnect(slot)
