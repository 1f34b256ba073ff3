"""A check box that takes what covers a map out of sight: masks, probabilities, atoms, a drawn region's face."""

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QWidget

from napari_strata.widgets.layers.covering import Covering
from napari_strata.widgets.parts.layer_choice import LayerChoice

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer


class UncoverBox(QCheckBox):
    """Hides predicted masks and atoms when a map comes while it is ticked; those it has hidden come back.

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
        self._hidden = Covering(viewer)
        self.setChecked(True)
        self.setToolTip(
            "Predicted masks and atoms, and the face of a drawn region, lie on the heatmap; untick it, and they"
            " are seen as before."
        )
        self.toggled.connect(self._on_toggled)
        hidden = self._hidden
        image.chosen.connect(lambda _image: hidden.show())
        self.destroyed.connect(lambda *_: hidden.show())  # when the dock closes

    def uncover(self, image: "Image", drawn: "Layer | None" = None) -> None:
        """Take away what lies on a map of an image that comes now, and the face of the region that it explains."""
        from napari.layers import Shapes

        if self.isChecked():
            self._hidden.hide(image)
            if isinstance(drawn, Shapes) and drawn in self._viewer.layers:
                self._hidden.see_through(drawn)

    def _on_toggled(self, is_ticked: bool) -> None:
        if not is_ticked:
            self._hidden.show()
        elif self._image.layer is not None:
            self.uncover(self._image.layer)
