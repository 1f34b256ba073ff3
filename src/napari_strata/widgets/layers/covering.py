"""What lies on what is to be seen, and comes back afterwards: masks, atoms, maps, a drawn region's face."""

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.types import AnyArray
from napari_strata.widgets.layers.results import ORIGIN, find_maps, find_results

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes
    from napari.viewer import Viewer

_COVERING = ("masks", "probability", "atoms")
"""Roles of the results that lie on all others."""


class Covering:
    """What is hidden, for as long as it is.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    def __init__(self, viewer: "Viewer") -> None:
        self._viewer = viewer
        self._keys: list[dict[str, Any]] = []
        self._maps: list[tuple[Any, list[Layer]]] = []
        self._faces: list[tuple[Shapes, AnyArray]] = []

    def hide(self, image: Any) -> None:
        """Hide the results that lie on the maps of an image."""
        for role in _COVERING:
            for layer in find_results(self._viewer, role, image):
                if layer.visible:
                    self._keys.append(layer.metadata[ORIGIN]["key"])
                    layer.visible = False

    def hide_maps(self, image: Any) -> None:
        """Hide the maps that explain an image, too."""
        seen = [layer for layer in find_maps(self._viewer, image) if layer.visible]
        for layer in seen:
            layer.visible = False
        self._maps.append((image, seen))

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
        for image, maps in self._maps:
            if not any(layer.visible for layer in find_maps(self._viewer, image)):  # they would add up
                for layer in maps:
                    layer.visible = True
        for shapes, opacities in reversed(self._faces):
            if shapes in self._viewer.layers and len(shapes.face_color):
                _make_opaque(shapes, opacities)
        self._keys.clear()
        self._maps.clear()
        self._faces.clear()


def _make_opaque(shapes: "Shapes", opacities: AnyArray) -> None:
    """Give faces that are clear the opacity back; those that somebody has coloured or drawn since stay."""
    faces = shapes.face_color.copy()
    if len(faces) < len(opacities):  # some were deleted, nobody knows which
        opacities = np.full(len(faces), opacities.max())
    own = faces[: len(opacities), 3]
    own[own == 0] = opacities[own == 0]
    shapes.face_color = faces
