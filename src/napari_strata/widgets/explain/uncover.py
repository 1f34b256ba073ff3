"""A check box that takes what covers a map out of sight: masks, probabilities and atoms of the image."""

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QWidget

from napari_strata.widgets.layers.results import ORIGIN, find_results
from napari_strata.widgets.parts.layer_choice import LayerChoice

if TYPE_CHECKING:
    from napari.viewer import Viewer

_COVERING = ("masks", "probability", "atoms")
"""Roles of the results that lie on the map."""


class UncoverBox(QCheckBox):
    """Hides predicted masks and atoms while it is ticked; those it has hidden come back.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    image : LayerChoice
        The image that is explained.
    """

    def __init__(self, viewer: "Viewer", image: LayerChoice, parent: QWidget | None = None) -> None:
        super().__init__("Hide masks and atoms", parent)
        self._viewer, self._image = viewer, image
        self._hidden: list[dict[str, Any]] = []
        self.setToolTip("Predicted masks and atoms lie on the heatmap; untick it, and they are seen as before.")
        self.toggled.connect(self._on_toggled)
        image.chosen.connect(lambda _image: self.setChecked(False))
        hidden = self._hidden
        self.destroyed.connect(lambda *_: _show(viewer, hidden))  # when the dock closes

    def _on_toggled(self, is_ticked: bool) -> None:
        if not is_ticked or self._image.layer is None:
            _show(self._viewer, self._hidden)
            return
        for role in _COVERING:
            for layer in find_results(self._viewer, role, self._image.layer):
                if layer.visible:
                    self._hidden.append(layer.metadata[ORIGIN]["key"])
                    layer.visible = False


def _show(viewer: "Viewer", hidden: list[dict[str, Any]]) -> None:
    """Show again what was hidden, or what a new prediction has put in its place; forget it."""
    for layer in viewer.layers:
        if layer.metadata.get(ORIGIN, {}).get("key") in hidden:
            layer.visible = True
    hidden.clear()
