"""Clicks and boxes as they are seen on the image, and drawing a box with the mouse."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points, Shapes
from numpy.typing import ArrayLike
from qtpy.QtCore import QObject, QTimer, Signal

from napari_strata.widgets.layers.calibration import IMAGE, METADATA
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.world import between
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

    from napari_strata.inference.promptable.prompts import Prompts

INSIDE, OUTSIDE = "#3cff64", "#ff3b3b"
"""Colours of clicks on the object and beside it."""
Box = tuple[float, float, float, float]
_SIZE = 9
"""Diameter of a click's mark [screen px]."""
_ADDED = "added"


class PromptMarks(QObject):
    """Shows what was pointed at on one image.

    Parameters
    ----------
    viewer : Viewer
        Where to show it.
    parent : QObject
        Ends it.
    """

    drawn = Signal(object)
    """A box that was drawn, as `napari_strata.inference.promptable.prompts.Prompts` holds it."""

    def __init__(self, viewer: "Viewer", parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._points: Points | None = None
        self._shapes: Shapes | None = None

    @property
    def box_layer(self) -> "Shapes | None":
        """The layer on which a box is drawn, or None."""
        return self._shapes if self._shapes in self._viewer.layers else None

    def show_clicks(self, image: "Image", frame: int, prompts: "Prompts") -> None:
        """Mark the clicks of a slice."""
        self._remove(self._points)
        self._points = None
        if not len(prompts.points):
            return
        at = np.insert(prompts.points, 0, frame, axis=1)[:, -image.ndim :]
        self._points = Points(
            at,
            name="Clicks",
            face_color=[INSIDE if inside else OUTSIDE for inside in prompts.is_inside],
            border_color="black",
            size=_SIZE / self._viewer.scene.camera.zoom / image.scale[-1],
            metadata=_metadata(image),
            **placement(image),
        )
        self._points.editable = False
        self._keeping_active(lambda: self._viewer.add_layer(self._points))

    def draw_box(self, image: "Image") -> None:
        """Let the next drag on the canvas draw a box; the last one goes."""
        self._remove(self._shapes)
        self._shapes = Shapes(
            ndim=image.ndim,
            name="Box",
            face_color="transparent",
            edge_color=INSIDE,
            edge_width=2 / self._viewer.scene.camera.zoom / image.scale[-1],
            metadata=_metadata(image),
            **placement(image),
        )
        shapes = self._shapes
        self._viewer.add_layer(shapes)
        self._viewer.layers.selection.active = shapes
        shapes.mode = "add_rectangle"
        # napari is still drawing when it tells
        shapes.events.data.connect(lambda event: _is_added(event) and QTimer.singleShot(0, self._finish(image)))

    def clear(self) -> None:
        """Remove all marks."""
        self._remove(self._points)
        self._remove(self._shapes)
        self._points = self._shapes = None

    def _finish(self, image: "Image") -> Callable[[], None]:
        def finish() -> None:
            shapes = self.box_layer
            if shapes is None or not shapes.nshapes or image not in self._viewer.layers:
                return
            corners = between(shapes, image, np.asarray(shapes.data[-1]))
            shapes.mode = "pan_zoom"
            self.drawn.emit(box_around(corners, full_data(image).shape[-2:]))

        return finish

    def _keeping_active(self, do: Callable[[], Any]) -> None:
        active = self._viewer.layers.selection.active
        do()
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active

    def _remove(self, napari_layer: "Layer | None") -> None:
        if napari_layer is not None and napari_layer in self._viewer.layers:
            self._viewer.layers.remove(napari_layer)


def box_around(corners: ArrayLike, shape: tuple[int, int]) -> Box:
    """Return the box around corners (..., y, x) [px], cut at the edge of the image."""
    at = np.asarray(corners, np.float64)[:, -2:]
    low, high = (np.clip(edge, -0.5, np.array(shape) - 0.5) for edge in (at.min(axis=0), at.max(axis=0)))
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _is_added(event: Any) -> bool:
    return str(getattr(event.action, "value", event.action)) == _ADDED


def _metadata(image: "Image") -> dict[str, Any]:
    return {RESULT: True, METADATA: {IMAGE: image.unique_id}}
