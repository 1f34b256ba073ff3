"""The two layers of the probe: a small map that moves over the image, and a ring around what it is of."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import (
    HEATMAP_OPACITY,
    Origin,
    heatmap_layer,
    placement,
    target_layer,
)
from napari_strata.widgets.layers.results import find_maps, remove_results, show_results
from napari_strata.widgets.layers.target_mark import mark_target, ring_diameter
from napari_strata.widgets.layers.targets import Chosen, Place

if TYPE_CHECKING:
    from napari.layers import Image, Layer, Points
    from napari.viewer import Viewer

    from napari_strata.explain.probe import Glimpse


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    glimpse: "Glimpse"
    place: Place
    kind: str


class ProbeLayers:
    """Makes both layers at the first glimpse, and changes them in place from then on.

    Heatmaps of the image are hidden while they are seen, since they would blend; no other layer is touched.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    origin : Origin
        What is probed.
    """

    def __init__(self, viewer: "Viewer", origin: Origin) -> None:
        self._viewer, self.origin = viewer, origin
        self._map: Image | None = None
        self._ring: Points | None = None
        self._shown: _Shown | None = None
        self._hidden: list[Layer] = []
        self._kept: Chosen | None = None

    def show(self, glimpse: "Glimpse", place: Place, kind: str) -> None:
        """Show a map where it lies, and the ring at its target."""
        for layer in find_maps(self._viewer, self.origin.image):
            if layer.visible:
                layer.visible = False
                self._hidden.append(layer)
        self._shown = _Shown(glimpse, place, kind)
        if self._map is None or self._map not in self._viewer.layers:
            made = self._make_map(self._data(glimpse), self._translate(glimpse, place))
            (self._map,) = show_results(self._viewer, [made], below="atoms")
        else:
            with _drawn_once(self._map):
                self._map.translate = self._translate(glimpse, place)
                self._map.data = self._data(glimpse)
        ring_place = self._corner([place.frame, place.y, place.x])
        if self._ring is None or self._ring not in self._viewer.layers:
            (self._ring,) = show_results(self._viewer, [self._make_ring(ring_place)])
        elif not self._ring.visible or not np.array_equal(self._ring.translate, ring_place):
            with _drawn_once(self._ring):
                self._ring.translate = ring_place

    def keep(self) -> dict[str, Any]:
        """Add what is shown as a heatmap like any other; return what its metadata say, nothing where none is."""
        if self._shown is None:
            return {}
        glimpse, place, kind = self._shown.glimpse, self._shown.place, self._shown.kind
        whole = np.zeros(full_data(self.origin.image).shape[-2:], np.float32)
        whole[glimpse.window] = glimpse.map
        chosen = Chosen(kind, place, int(glimpse.metadata["layer"]))
        details = {**glimpse.metadata, "frame": place.frame}
        layer = heatmap_layer(whole, self.origin, chosen, details=details)
        show_results(self._viewer, [layer], below="atoms", keep_earlier=True)
        tell_made(self._viewer, layer)
        layer.visible = False
        self._hidden, self._kept = [layer], chosen  # seen instead of those before, once the probe is not
        return details

    def hide(self) -> None:
        """Hide both layers until the next glimpse; show the heatmap from before, or the one kept and its mark."""
        for layer in (self._map, self._ring):
            if layer is not None:
                layer.visible = False
        for layer in self._hidden:
            layer.visible = True
        if self._kept is not None and any(layer in self._viewer.layers for layer in self._hidden):
            mark_target(self._viewer, self.origin, self._kept)
        self._hidden.clear()
        self._shown = self._kept = None

    def remove(self) -> None:
        """Take both layers away."""
        for role in ("probe", "probe target"):
            remove_results(self._viewer, role, self.origin.image)
        self._map = self._ring = self._shown = None

    def _make_map(self, data: NDArray[np.float32], translate: NDArray[np.float64]) -> "Image":
        from napari.layers import Image

        return Image(
            data,
            name=self.origin.name("Probe"),
            colormap="inferno",
            contrast_limits=(0.0, 1.0),
            blending="additive",
            opacity=HEATMAP_OPACITY,
            metadata=self.origin.tag("probe"),
            **{**placement(self.origin.image), "translate": translate},
        )

    def _make_ring(self, translate: NDArray[np.float64]) -> "Points":
        ring = target_layer(self.origin, Place(0, 0, 0), diameter=ring_diameter(self.origin.pixel_size))
        ring.translate = translate
        ring.name = self.origin.name("Probed")
        ring.metadata = self.origin.tag("probe target")
        return ring

    def _data(self, glimpse: "Glimpse") -> NDArray[np.float32]:
        """Return a map whose greatest value is 1, so that the limits of its colours never change."""
        shown: NDArray[np.float32] = glimpse.map / (glimpse.map.max() or np.float32(1))
        return shown[None] if self.origin.image.ndim == 3 else shown

    def _translate(self, glimpse: "Glimpse", place: Place) -> NDArray[np.float64]:
        return self._corner([place.frame, glimpse.window[0].start, glimpse.window[1].start])

    def _corner(self, pixel: list[float]) -> NDArray[np.float64]:
        """Return the translation of a layer whose first pixel lies on a pixel (frame, y, x) of the image."""
        from napari.utils.transforms import Affine

        image: Layer = self.origin.image
        inner = Affine(scale=image.scale, rotate=image.rotate, shear=image.shear)
        moved: NDArray[np.float64] = image.translate + inner.linear_matrix @ np.array(pixel[-image.ndim :])
        return moved


@contextmanager
def _drawn_once(napari_layer: "Layer") -> Iterator[None]:
    """Change a layer, and have it sliced, sent to the canvas and drawn once, at the end.

    By itself every change is sent to the canvas with a thumbnail for the list of layers, and every move makes the
    viewer reckon anew how far all layers reach, which nothing inside the image changes.
    """
    events, was_visible = napari_layer.events, napari_layer.visible
    with events.blocker_all():
        napari_layer.visible = False  # of what is hidden nothing is drawn
        yield
    with events.thumbnail.blocker(), events.visible.blocker() if was_visible else nullcontext():
        napari_layer.visible = True
