"""A Labels layer that shows what an import would add, and goes again."""

from typing import TYPE_CHECKING

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_strata.annotation.classes import colors_by_code
from napari_strata.config import ClassTable
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer


class LabelPreview:
    """Shows one preview at a time, which no dock offers as input.

    Parameters
    ----------
    viewer : Viewer
        Where to show it.
    """

    def __init__(self, viewer: "Viewer") -> None:
        self._viewer = viewer
        self._layer: Labels | None = None

    @property
    def is_shown(self) -> bool:
        """Whether there is a preview."""
        return self._layer is not None and self._layer in self._viewer.layers

    def show(self, image: "Image", data: AnyArray, table: ClassTable | None) -> None:
        """Show labels on an image in place of the preview before; without a table they number objects."""
        self.remove()
        self._layer = Labels(
            data.reshape(full_data(image).shape),
            name=f"preview: {image.name}",
            opacity=0.5,
            metadata={RESULT: True},
            **placement(image),
        )
        if table is not None:
            self._layer.colormap = DirectLabelColormap(color_dict=colors_by_code(table))
        self._viewer.add_layer(self._layer)

    def remove(self) -> None:
        """Take the preview away."""
        if self.is_shown:
            self._viewer.layers.remove(self._layer)
        self._layer = None
