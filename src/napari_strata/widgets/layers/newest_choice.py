"""A drop-down list of results that chooses what was made last."""

from typing import Any

from napari_strata.widgets.layers.results import made_as, newest_made
from napari_strata.widgets.parts.layer_choice import LayerChoice


class NewestChoice(LayerChoice):
    """Chooses what is told to be made, as a new layer or in place of an earlier one, and else like `LayerChoice`.

    Whoever asked for a result wants it chosen, whatever was chosen or active before; see
    `napari_strata.widgets.layers.results.tell_made`.
    """

    def __init__(self, viewer: Any, kind: Any, **settings: Any) -> None:
        self._newest = newest_made(viewer)
        super().__init__(viewer, kind, **settings)

    def _on_metadata(self, event: Any) -> None:
        self._refresh()
        made = made_as(event.source)
        if made > self._newest and event.source in self._layers:
            self._newest, self._is_by_hand = made, False
            self.choose(event.source)
