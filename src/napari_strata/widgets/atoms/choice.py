"""A drop-down list of the layers of located atoms."""

from typing import TYPE_CHECKING, Any

from napari.layers import Points

from napari_strata.widgets.layers.atom_memory import memory_of
from napari_strata.widgets.layers.newest_choice import NewestChoice

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer
    from qtpy.QtWidgets import QWidget


class AtomsChoice(NewestChoice):
    """Offers located atoms, whether somebody edited them or not; those that were found last are chosen.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to offer.
    """

    def __init__(self, viewer: "Viewer", parent: "QWidget | None" = None) -> None:
        super().__init__(viewer, Points, none_when_empty="no atoms found yet", parent=parent)

    def _on_inserted(self, event: Any) -> None:
        super()._on_inserted(event)
        if self._is_offered(event.value):
            self._refresh()
            self.choose(event.value)

    def _is_offered(self, layer: "Layer") -> bool:
        return memory_of(layer) is not None
