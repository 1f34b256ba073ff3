"""How a map is shown: what of it is transparent, its contour lines, and where it lies; never computed anew."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Vectors
from napari.utils.colormaps import Colormap

from napari_strata.config import ProposalConfig
from napari_strata.explain.proposals.map_lines import Lines, outline
from napari_strata.explain.runs import from_runs
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.camera import WideView
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.results import ORIGIN, origin_of, tag
from napari_strata.widgets.map_to_labels.map_look import (
    OURS,
    above_colours,
    as_vectors,
    own_colormap,
    ramp,
    to_the_right,
)
from napari_strata.widgets.map_to_labels.modes import Mode, View
from napari_strata.widgets.maps.asked import EXPLANATION

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

CONTOURS, BESIDE = "contours", "map beside"
"""Roles of the layers that show a map in another way."""
_LOOK = "napari_strata_look"
"""Key in the metadata of a map of its colours and contrast limits while a part of it is transparent."""
_COLOURS = 512
_TARGET = "#00e5ff"
_WIDTH, _LEAST_WIDTH, _MOST_WIDTH = 1 / 400, 0.4, 2.0
"""Of lines, as a part of the image's height, and at least and at most [px]."""
_FOR, _AGAINST = ("#ffd23f", "#ff9f1c", "#ff4f3a"), ("#9bd1ff", "#3d8bff", "#1f5fd0")
"""Contour lines from the threshold up."""


class MapDisplay:
    """Shows one map at a time in a viewer as a `View` says.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    def __init__(self, viewer: "Viewer") -> None:
        self._viewer = viewer
        self._hidden: list[Layer] = []
        self._alone: Image | None = None
        self._replaced: Image | None = None
        self._owed: dict[str, Any] | None = None
        self._bases: dict[str, Colormap] = {}
        self._busy = False
        self._wide = WideView(viewer)

    @property
    def is_busy(self) -> bool:
        """Whether what changes now is changed here, not by a person."""
        return self._busy

    def show(
        self, map_layer: Image, view: View, config: ProposalConfig, lines: Lines | None, level: float
    ) -> None:
        """Show a map; what showed another one goes.

        Parameters
        ----------
        map_layer : Image
            The map.
        view : View
            How to show it.
        config : ProposalConfig
            Which side of it counts.
        lines : Lines or None
            The lines that the view wants.
        level : float
            Strength at the threshold.
        """
        self._busy = True
        try:
            self._let_through(map_layer, view, config, level)
            self._draw_lines(map_layer, lines, view.drawn)
            self._place(map_layer, view.mode)
        finally:
            self._busy = False

    def bring_back(self) -> None:
        """Show what was hidden for a map that is seen alone."""
        self._alone = None
        for layer in self._hidden:
            if layer in self._viewer.layers:
                layer.visible = True
        self._hidden.clear()

    def leave(self, map_layer: Image | None) -> None:
        """Take away what shows a map in another way; the map is where it was."""
        self._busy = True
        try:
            self._clear(CONTOURS)
            self._clear(BESIDE)
            self._wide.leave()
            self.bring_back()
            is_replaced, self._replaced = self._replaced is map_layer, None
            if map_layer is not None and is_replaced:
                map_layer.visible = True
                self._owed = None if map_layer in self._viewer.layers else map_layer.metadata[ORIGIN]["key"]
        finally:
            self._busy = False

    def welcome(self, map_layer: Image) -> None:
        """Show a map that takes the place of one that was hidden here: as a result it is hidden like that one."""
        if self._owed is not None and map_layer.metadata[ORIGIN]["key"] == self._owed:
            map_layer.visible = True
        self._owed = None

    def _let_through(self, layer: Image, view: View, config: ProposalConfig, threshold: float) -> None:
        """Make what is below the threshold transparent, in the layer's own colours."""
        is_ours = layer.colormap.name.endswith(OURS)
        look = self._look_of(layer) if is_ours else None
        if not view.hides_weak:
            if look is not None:
                layer.colormap, layer.contrast_limits = look["colormap"], look["limits"]
            return
        if look is None:
            look = {"colormap": layer.colormap, "limits": tuple(layer.contrast_limits)}
        elif tuple(layer.contrast_limits) != look["set"]:
            look["limits"] = tuple(layer.contrast_limits)  # somebody else has moved them
        low, high = look["limits"]
        low = min(low, -threshold) if config.side != "for" else low
        high = max(high, threshold * 1.001) if config.side != "against" else high
        if tuple(layer.contrast_limits) != (low, high):
            layer.contrast_limits = (low, high)
        layer.metadata = {**layer.metadata, _LOOK: {**look, "set": tuple(layer.contrast_limits)}}
        colours = above_colours(look["colormap"], np.linspace(low, high, _COLOURS), threshold, config)
        if not is_ours:
            layer.colormap = own_colormap(look["colormap"], layer, colours)
            self._bases[layer.colormap.name] = look["colormap"]
        # napari lists every colormap that it was ever given, so a slider changes the colours of one.
        layer.colormap.colors = colours
        layer.events.colormap()

    def _look_of(self, layer: Image) -> dict[str, Any] | None:
        """Return how a map looked before; of one that was changed in place the metadata forget it."""
        limits = tuple(layer.contrast_limits)
        base = self._bases.get(layer.colormap.name)
        known: dict[str, Any] | None = layer.metadata.get(_LOOK)
        return known or (None if base is None else {"colormap": base, "limits": limits, "set": limits})

    def _draw_lines(self, layer: Image, lines: Lines | None, count: int) -> None:
        if lines is None or not len(lines.ends):
            self._clear(CONTOURS)
            return
        shown = self._found(CONTOURS, layer)
        data = as_vectors(lines.ends, layer.ndim)
        rows = np.where(lines.is_against, count, 0) + lines.number
        colours = np.concatenate([ramp(_FOR, count), ramp(_AGAINST, count)])[rows]
        if shown and isinstance(shown[0], Vectors):
            shown[0].data = data
            shown[0].edge_color = colours
            return
        self._clear(CONTOURS)
        self._add(self._lines_of(data, colours, layer, CONTOURS, f"Contours of {layer.name}", placement(layer)))

    def _place(self, layer: Image, mode: Mode) -> None:
        if mode is not Mode.ALONE:
            self.bring_back()
        if mode in (Mode.BESIDE, Mode.CONTOURS):
            layer.visible, self._replaced = False, layer
        elif mode is Mode.ALONE or self._replaced is layer:
            layer.visible, self._replaced = True, None
        if mode is Mode.BESIDE:
            self._put_beside(layer)
        else:
            self._clear(BESIDE)
            self._wide.leave()
        if mode is Mode.ALONE and self._alone is not layer:
            self._hide_others(layer)

    def _hide_others(self, layer: Image) -> None:
        """Hide the other layers, once: one that somebody shows again stays."""
        self._alone = layer
        kept = [layer, *self._found(CONTOURS, layer)]
        for other in self._viewer.layers:
            if other.visible and other not in kept:
                other.visible = False
                self._hidden.append(other)

    def _put_beside(self, layer: Image) -> None:
        (shown,) = self._found(BESIDE, layer) or (None,)
        if not isinstance(shown, Image) or shown.data is not layer.data:
            self._clear(BESIDE)
            place = to_the_right(layer)
            shown = Image(
                layer.data,
                name=f"Beside: {layer.name}",
                blending="translucent",
                metadata=self._tag(BESIDE, layer),
                **place,
            )
            self._add(shown)
            if runs := layer.metadata[EXPLANATION].get("target", {}).get("runs"):
                data = as_vectors(outline(from_runs(runs) != 0), layer.ndim)
                self._add(self._lines_of(data, _TARGET, layer, BESIDE, "Explained, beside", place))
        shown.colormap, shown.contrast_limits = layer.colormap, layer.contrast_limits
        self._wide.show([layer, shown])

    def _lines_of(
        self, data: AnyArray, colours: Any, layer: Image, role: str, name: str, place: dict[str, Any]
    ) -> Vectors:
        return Vectors(
            data,
            name=name,
            edge_color=colours,
            edge_width=float(np.clip(_WIDTH * full_data(layer).shape[-2], _LEAST_WIDTH, _MOST_WIDTH)),
            vector_style="line",
            opacity=1.0,
            metadata=self._tag(role, layer),
            **place,
        )

    def _add(self, layer: "Layer") -> None:
        active = self._viewer.layers.selection.active
        self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = active

    def _clear(self, role: str) -> None:
        for layer in [one for one in self._viewer.layers if _role(one) == role]:
            self._viewer.layers.remove(layer)

    def shows_beside(self, layer: "Layer", map_layer: Image | None) -> bool:
        """Tell whether a layer is the copy of a map beside its image."""
        is_beside = isinstance(layer, Image) and _role(layer) == BESIDE
        return is_beside and map_layer is not None and bool(layer.metadata["of"] == map_layer.unique_id)

    def _found(self, role: str, layer: Image) -> "list[Layer]":
        """Return the layer that shows this map in another way, if there is one."""
        return [
            one for one in self._viewer.layers if _role(one) == role and one.metadata["of"] == layer.unique_id
        ][:1]

    def _tag(self, role: str, layer: Image) -> dict[str, Any]:
        image, model = origin_of(self._viewer, layer)
        provenance = layer.metadata[ORIGIN]["provenance"]
        owner = layer if image is None else image
        return tag(role, owner, model, provenance) | {"of": layer.unique_id}


def _role(layer: "Layer") -> str:
    return str(layer.metadata.get(ORIGIN, {}).get("key", {}).get("role", ""))
