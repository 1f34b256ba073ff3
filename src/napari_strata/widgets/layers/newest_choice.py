"""A drop-down list of results that chooses what was made last."""

from typing import TYPE_CHECKING, Any

from napari_strata.widgets.layers.last_made import is_in_passing, made_as, newest_made, note_wanted, wanted_last
from napari_strata.widgets.parts.layer_choice import LayerChoice

if TYPE_CHECKING:
    from napari.layers import Layer


class NewestChoice(LayerChoice):
    """Chooses what is told to be made, as a new layer or in place of an earlier one, and else like `LayerChoice`.

    Whoever asked for a result wants it chosen, whatever was chosen or active before; see
    `napari_strata.widgets.layers.last_made.tell_made`. A list that is opened later begins with the same one, or
    with what was made active, or chosen in another list, since.
    """

    def __init__(self, viewer: Any, kind: Any, **settings: Any) -> None:
        self._newest = newest_made(viewer)
        super().__init__(viewer, kind, **settings)

    def _next(self, layers: "list[Layer]") -> "Layer | None":
        first = super()._next(layers)  # which forgets a choice by hand
        return wanted_last(layers) or first

    def _follow(self, event: object = None) -> None:
        if not is_in_passing():
            super()._follow(event)

    def _on_hand(self, index: int) -> None:
        super()._on_hand(index)
        if self._layers[index] is not None:
            note_wanted(self._layers[index])

    def _on_metadata(self, event: Any) -> None:
        self._refresh()
        made = made_as(event.source)
        if made > self._newest and event.source in self._layers:
            self._newest, self._is_by_hand = made, False
            self.choose(event.source)
