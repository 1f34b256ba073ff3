"""A drop-down list of what labels can be learned from or worked on: Labels layers, and atoms made as points."""

from typing import TYPE_CHECKING

from napari.layers import Labels, Points
from napari.viewer import Viewer

from napari_strata.widgets.layers.label_memory import is_drawn
from napari_strata.widgets.layers.numbered_objects import holds_objects
from napari_strata.widgets.parts.layer_choice import LayerChoice

if TYPE_CHECKING:
    from napari.layers import Layer

NO_LABELS = "no labels yet; masks are predictions"
"""What a list of labels says that is empty: masks that are predicted are listed once somebody edits them."""


class LabelsChoice(LayerChoice):
    """Offers the viewer's Labels layers, and those Points layers that were made for labelling.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to offer.
    follows : bool
        Whether the choice follows the active layer.
    """

    def __init__(self, viewer: Viewer, *, follows: bool = True) -> None:
        super().__init__(viewer, Labels, follows=follows)

    def _is_offered(self, layer: "Layer") -> bool:
        return super()._is_offered(layer) or (isinstance(layer, Points) and is_drawn(layer))


class CodesChoice(LabelsChoice):
    """Offers those of them that hold mask codes, so that nobody learns that object 1 is the background."""

    def _is_offered(self, layer: "Layer") -> bool:
        return super()._is_offered(layer) and not holds_objects(layer)
