"""Where the camera is, and a view that is widened for a while so that what lies beside an image is seen, too."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

Camera = tuple[tuple[float, ...], float]
"""Centre and zoom of a viewer's camera."""
FILLED = 0.95
"""Part of the canvas that what is to be seen fills."""


def camera_of(viewer: "Viewer") -> Camera:
    """Return where the camera is."""
    camera = viewer.scene.camera
    return tuple(float(value) for value in camera.center), float(camera.zoom)


def set_camera(viewer: "Viewer", camera: Camera) -> None:
    """Put the camera where it was."""
    viewer.scene.camera.center, viewer.scene.camera.zoom = camera


def fit(viewer: "Viewer", layers: "Sequence[Layer]") -> None:
    """Let layers fill the canvas."""
    extents = np.stack([layer.extent.world[:, -2:] for layer in layers])
    first, last = extents[:, 0].min(axis=0), extents[:, 1].max(axis=0)
    camera = viewer.scene.camera
    camera.center = (*camera.center[:-2], *(float(value) for value in (first + last) / 2))
    size = np.asarray(viewer.canvas.viewbox_size(viewer.layers))
    camera.zoom = FILLED * float(np.min(size / (last - first)))


class WideView:
    """Brings layers that lie side by side into view, and goes back to where the camera was.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    def __init__(self, viewer: "Viewer") -> None:
        self._viewer = viewer
        self._before: Camera | None = None
        self._set: Camera | None = None

    def show(self, layers: "Sequence[Layer]") -> None:
        """Fit layers into the view, once: whoever moves it then keeps it."""
        if self._before is not None:
            return
        self._before = camera_of(self._viewer)
        fit(self._viewer, layers)
        self._set = camera_of(self._viewer)

    def leave(self) -> None:
        """Go back, unless somebody has moved the view since."""
        if self._before is not None and camera_of(self._viewer) == self._set:
            set_camera(self._viewer, self._before)
        self._before = self._set = None
