"""The layer of a heatmap while it is computed: it appears with the first coarse map, and sharpens in place."""

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

from napari_strata.widgets.explain.request import Request
from napari_strata.widgets.layers.heat_colours import heat_limits
from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.napari_layers import heatmap_layer, heatmap_name
from napari_strata.widgets.layers.results import hide_other_maps, rename_result, show_results
from napari_strata.widgets.layers.target_mark import mark_target
from napari_strata.widgets.layers.unfinished import UNFINISHED, finish, look_like_earlier
from napari_strata.widgets.maps.asked import EXPLANATION

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_strata.explain.heatmap import Heatmap

REST, MOST_REST, GROWTH = 150, 1500, 1.5
"""Least time between two maps that are shown, at first and in the end [ms], and its growth from one to the next:
they change less and less, and where OpenGL is software drawing them takes time from computing."""


class GrowingMap(QObject):
    """Shows the maps of one request, the newest one, and no more of them than the eye can follow.

    Only the finished map takes the place of an earlier one; one that is canceled stays beside it. A layer that the
    user removes meanwhile stays away; contrast limits that he sets meanwhile stay.

    Parameters
    ----------
    viewer : Viewer
        Where.
    request : Request
        What was asked.
    keep_earlier : bool
        Keep the map that this one would replace, but hidden, as all other maps of the image are.
    parent : QWidget
        To whose life it is tied; once its signals are blocked, its dock is being closed.
    """

    added = Signal(object)
    """The layer, as soon as it is there."""

    def __init__(self, viewer: "Viewer", request: Request, *, keep_earlier: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._viewer, self._request, self._keep_earlier = viewer, request, keep_earlier
        self._waiting: Heatmap | None = None
        self._limits: list[float] = []
        self._layer: Image | None = None
        self._rest = float(REST)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._show_waiting)

    def sketch(self, heatmap: "Heatmap") -> None:
        """Show a map soon."""
        self._waiting = heatmap
        if not self._timer.isActive():
            self._show_waiting()
            self._timer.start()

    def show(self, heatmap: "Heatmap") -> None:
        """Show a map now, as the last one."""
        self._waiting = heatmap
        self.stop()

    def stop(self) -> None:
        """Show what waits; no more will come."""
        self._show_waiting()
        self._timer.stop()

    def _show_waiting(self) -> None:
        heatmap, self._waiting = self._waiting, None
        if heatmap is None or self.parent().signalsBlocked():
            self._timer.stop()
            return
        self._rest = min(self._rest * GROWTH, MOST_REST)
        self._timer.setInterval(round(self._rest))
        if self._request.asked.source.why_dropped(self._viewer):
            return
        if self._layer is None:
            self._layer = self._add(heatmap)
            self.added.emit(self._layer)
        elif self._layer in self._viewer.layers:
            self._change(self._layer, heatmap)

    def _add(self, heatmap: "Heatmap") -> "Image":
        origin, chosen = self._request.asked.source.origin, self._request.found(heatmap)
        is_beside = not (self._keep_earlier or _is_finished(heatmap))
        tagged = {UNFINISHED: True} if is_beside else {}
        new = heatmap_layer(heatmap.data, origin, chosen, details=heatmap.metadata, **tagged)
        if is_beside:
            look_like_earlier(self._viewer, new)
        (layer,) = show_results(self._viewer, [new], below="atoms", keep_earlier=self._keep_earlier)
        tell_made(self._viewer, layer)
        self._finish(layer, heatmap)
        hide_other_maps(self._viewer, layer, origin.image)
        self._limits = list(layer.contrast_limits)
        mark_target(self._viewer, origin, chosen)
        return layer

    def _change(self, layer: "Image", heatmap: "Heatmap") -> None:
        origin, chosen = self._request.asked.source.origin, self._request.found(heatmap)
        layer.data = heatmap.data[None] if origin.image.ndim == 3 else heatmap.data
        if list(layer.contrast_limits) == self._limits:
            limits = heat_limits(heatmap.data, self._request.asked.config.method)
            layer.contrast_limits_range = limits
            layer.contrast_limits = limits
            self._limits = list(layer.contrast_limits)
        layer.metadata[EXPLANATION] = dict(heatmap.metadata)
        self._finish(layer, heatmap)  # before it is renamed: the earlier one may have that name
        rename_result(layer, heatmap_name(origin, chosen, heatmap.metadata))

    def _finish(self, layer: "Image", heatmap: "Heatmap") -> None:
        if _is_finished(heatmap) and not self._keep_earlier:
            finish(self._viewer, layer)


def _is_finished(heatmap: "Heatmap") -> bool:
    return bool(heatmap.metadata["done"] >= 1)
