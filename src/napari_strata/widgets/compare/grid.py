"""Maps side by side in napari's grid, each on a copy of its image.

napari's own grid is used, not canvases of our own: all its cells share one camera and one set of sliders, so they
are linked by nature, and whatever napari can do with a layer (contrast, opacity, the value under the cursor) can
be done with each map.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import QObject, Signal

from napari_strata.config import ExplainMethod
from napari_strata.explain.catalogue import METHODS
from napari_strata.widgets.compare.tile_view import look_at
from napari_strata.widgets.layers.camera import Camera, camera_of, set_camera
from napari_strata.widgets.layers.heat_colours import heat_limits, heat_style
from napari_strata.widgets.layers.napari_layers import Origin, frame_placement, placement
from napari_strata.widgets.parts.connections import connect_while_alive

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.jobs.compare_maps import ComparedMap, Comparison

ROLE = "compared"
"""Role of the layers in the grid."""
STRIDE = -2
"""An image and its map in each cell, counted from the top of the list of layers."""
_SPACING = 4


@dataclass(frozen=True, slots=True)
class _Before:
    """How the viewer was."""

    grid: dict[str, Any]
    visible: list[tuple[Layer, bool]]
    active: Layer | None
    camera: Camera
    point: tuple[float, ...]


class MapGrid(QObject):
    """Shows maps side by side, and leaves the viewer as it was.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    shown = Signal(bool)
    """Whether the grid is shown now."""

    def __init__(self, viewer: "Viewer", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._before: _Before | None = None
        self._pairs: dict[ExplainMethod, tuple[Image, Image]] = {}
        self._looked: Camera | None = None
        self._busy = False
        connect_while_alive(self, self._on_layers, viewer.layers.events.inserted, viewer.layers.events.removed)
        connect_while_alive(self, self._on_enabled, viewer.canvas.grid.events.enabled)

    @property
    def is_shown(self) -> bool:
        """Whether maps are side by side."""
        return self._before is not None

    @property
    def layers(self) -> list[Image]:
        """The layers in the grid, those of the first cell first."""
        return [layer for pair in self._pairs.values() for layer in pair]

    def show(self, rows: "Comparison", origin: Origin, frame: int) -> None:
        """Show the maps side by side, with the target in view; those that are shown stay as they are.

        The view is the widest window in which a map is not 0; a person who moved it keeps it.
        """
        new = [row for row in rows if row.data is not None and row.method not in self._pairs]
        if not new:
            return
        self._busy = True
        try:
            with self._viewer.layers.batched_update():
                if self._before is None:
                    self._before = self._remember()
                    for layer in self._viewer.layers:
                        layer.visible = False
                for row in new:
                    self._add(row, origin, frame)
                self._viewer.layers.selection.active = self.layers[-1]
                grid = self._viewer.canvas.grid
                grid.stride, grid.shape, grid.spacing, grid.enabled = STRIDE, (-1, -1), _SPACING, True
            self._look(rows, origin, frame)
        finally:
            self._busy = False
        self.shown.emit(True)

    def leave(self) -> None:
        """Take the maps away; grid, visibilities, the active layer, the slice and the camera are as before."""
        before, self._before = self._before, None
        if before is None:
            return
        self._busy = True
        try:
            with self._viewer.layers.batched_update():  # one by one, napari cleans its memory up after each
                self._take_away()
                for name, value in before.grid.items():
                    setattr(self._viewer.canvas.grid, name, value)
                for layer, was_visible in before.visible:
                    layer.visible = was_visible
            if before.active is None or before.active in self._viewer.layers:
                self._viewer.layers.selection.active = before.active
            if len(before.point) == self._viewer.dims.ndim:
                self._viewer.dims.point = before.point
            set_camera(self._viewer, before.camera)
        finally:
            self._busy = False
        self.shown.emit(False)

    def _remember(self) -> _Before:
        grid, layers = self._viewer.canvas.grid, self._viewer.layers
        settings = {name: getattr(grid, name) for name in ("stride", "shape", "spacing", "enabled")}
        visible = [(layer, layer.visible) for layer in layers]
        return _Before(
            settings, visible, layers.selection.active, camera_of(self._viewer), tuple(self._viewer.dims.point)
        )

    def _take_away(self) -> None:
        layers, self._pairs, self._looked = self.layers, {}, None
        for layer in layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _look(self, rows: "Comparison", origin: Origin, frame: int) -> None:
        """Bring what the maps show into each cell, unless a person moved the view since."""
        if self._looked is not None and self._looked != camera_of(self._viewer):
            return
        maps = [row.data != 0 for row in rows if row.data is not None]
        position = next(row.metadata["position"] for row in rows if row.data is not None)
        look_at(self._viewer, self.layers[0], frame, np.any(maps, axis=0), position, origin.pixel_size)
        self._looked = camera_of(self._viewer)

    def _add(self, row: "ComparedMap", origin: Origin, frame: int) -> None:
        """Add a pair below those that are shown, which is the next cell."""
        assert row.data is not None, "who calls has looked"
        image, title = origin.image, METHODS[row.method].title
        tag = origin.tag(ROLE, method=row.method)
        ground = Image(
            image.data,
            multiscale=image.multiscale,
            name=f"{image.name} below {title}",
            colormap=image.colormap,
            contrast_limits=image.contrast_limits,
            metadata=tag,
            **placement(image),
        )
        heat = Image(
            row.data[None] if image.ndim == 3 else row.data,
            name=title,
            contrast_limits=heat_limits(row.data, row.method),
            metadata=tag,
            **heat_style(row.method),
            **frame_placement(image, frame),
        )
        heat.name_overlay.visible = True
        index = len(self._viewer.layers) - len(self.layers)
        for layer in (heat, ground):
            self._viewer.layers.insert(index, layer)
        self._pairs[row.method] = (ground, heat)

    def _on_layers(self, event: Any) -> None:
        """Leave when somebody adds a layer, which belongs to no cell, or removes one of a pair."""
        if not self._busy and self.is_shown and (event.type == "inserted" or event.value in self.layers):
            self.leave()

    def _on_enabled(self, _event: object) -> None:
        """Leave when the grid is switched off by napari's button."""
        if not self._busy and self.is_shown and not self._viewer.canvas.grid.enabled:
            self.leave()
