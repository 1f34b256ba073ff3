"""A check box that takes what covers a map out of sight: masks, probabilities, atoms, a drawn region's face."""

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QCheckBox, QWidget

from napari_strata.types import AnyArray
from napari_strata.widgets.layers.results import ORIGIN, find_results
from napari_strata.widgets.parts.layer_choice import LayerChoice

if TYPE_CHECKING:
    from napari.layers import Image, Layer, Shapes
    from napari.viewer import Viewer

_COVERING = ("masks", "probability", "atoms")
"""Roles of the results that lie on the map."""


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
        self._hidden = _Hidden(viewer)
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


class _Hidden:
    """What is hidden, for as long as it is."""

    def __init__(self, viewer: "Viewer") -> None:
        self._viewer = viewer
        self._keys: list[dict[str, Any]] = []
        self._faces: list[tuple[Shapes, AnyArray]] = []

    def hide(self, image: Any) -> None:
        """Hide the results that lie on the maps of an image."""
        for role in _COVERING:
            for layer in find_results(self._viewer, role, image):
                if layer.visible:
                    self._keys.append(layer.metadata[ORIGIN]["key"])
                    layer.visible = False

    def see_through(self, shapes: "Shapes") -> None:
        """Leave of shapes no more than their edges."""
        faces = shapes.face_color
        if len(faces) and faces[:, 3].any():
            self._faces.append((shapes, faces[:, 3].copy()))
            clear = faces.copy()
            clear[:, 3] = 0
            shapes.face_color = clear

    def show(self) -> None:
        """Show again what was hidden, or what a new prediction has put in its place; forget it."""
        for layer in self._viewer.layers:
            if layer.metadata.get(ORIGIN, {}).get("key") in self._keys:
                layer.visible = True
        for shapes, opacities in reversed(self._faces):
            if shapes in self._viewer.layers and len(shapes.face_color):
                _make_opaque(shapes, opacities)
        self._keys.clear()
        self._faces.clear()


def _make_opaque(shapes: "Shapes", opacities: AnyArray) -> None:
    """Give faces that are clear the opacity back; those that somebody has coloured or drawn since stay."""
    faces = shapes.face_color.copy()
    if len(faces) < len(opacities):  # some were deleted, nobody knows which
        opacities = np.full(len(faces), opacities.max())
    own = faces[: len(opacities), 3]
    own[own == 0] = opacities[own == 0]
    shapes.face_color = faces
