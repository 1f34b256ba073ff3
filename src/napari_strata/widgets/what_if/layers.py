"""A changed part of an image, and what the network says of it, as layers that lie on the image."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config import ModelCard
from napari_strata.types import BACKGROUND, AnyArray
from napari_strata.widgets.layers.colours import class_colours
from napari_strata.widgets.layers.heat_colours import AGAINST, FOR
from napari_strata.widgets.layers.napari_layers import Origin, frame_placement
from napari_strata.widgets.layers.results import let_be_replaced, show_results

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer
    from napari.utils.colormaps import DirectLabelColormap
    from napari.viewer import Viewer

    from napari_strata.explain.changes.flip import Flip, Gone
    from napari_strata.explain.changes.outcome import Outcome
    from napari_strata.explain.window import Window

DETAILS = "what_if"
"""Key in the metadata of these layers under which lies what was asked and found, ready for JSON."""


class WhatIfLayers:
    """Makes the layers at the first outcome, and changes them in place from then on.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    title : str
        What the layers show, for their names; what differs comes first, since napari cuts names in the middle.
    role : str
        Begin of their roles.
    """

    def __init__(self, viewer: "Viewer", title: str, role: str) -> None:
        self._viewer, self._title, self._role = viewer, title, role
        self._made: dict[str, Layer] = {}
        self._origin: Origin | None = None
        self._layer: int | None = None
        self._hidden: list[Layer] = []
        self._behind: list[Layer] = []
        self._is_away = False

    def show(self, outcome: "Outcome", origin: Origin, *, frame: int, layer: int) -> None:
        """Show the changed image and the prediction of a crystal layer, on one frame."""
        if self._origin is None or self._origin.image is not origin.image or self._origin.model != origin.model:
            self._made, self._origin, self._layer = {}, origin, None
        self._come_forward()
        details = {**outcome.metadata, "frame": frame}
        self._put("image", outcome.image, outcome.window, details, partial(_image, origin.image))
        if outcome.masks is not None:
            masks = self._put("prediction", outcome.masks, outcome.window, details, _masks)
            if self._layer != layer:
                masks.colormap, self._layer = _colours(origin.card, layer), layer

    def show_flip(self, flip: "Flip | Gone", origin: Origin, *, frame: int, layer: int) -> None:
        """Show a change, too: red where it adds, blue where it takes away."""
        self.show(flip.outcome, origin, frame=frame, layer=layer)
        if flip.outcome.masks is None:
            self._drop("prediction")
        details = {**flip.outcome.metadata, "frame": frame}
        made = self._put("change", flip.change, flip.outcome.window, details, _change)
        end = float(np.abs(flip.change).max()) or 1.0
        made.contrast_limits_range = made.contrast_limits = (-end, end)

    def hide(self) -> None:
        """Hide the layers until `bring_back`, those that are made meanwhile, too."""
        self._is_away = True
        self._hidden += self._take_out_of_sight()

    def bring_back(self) -> None:
        """Show again what `hide` hid."""
        self._is_away = False
        _bring(self._hidden)

    def give_way(self) -> None:
        """Hide the layers until there is another outcome: two changed images and predictions cover each other."""
        self._behind += [*self._hidden, *self._take_out_of_sight()]
        self._hidden.clear()

    def _come_forward(self) -> None:
        if self._is_away:
            self._hidden += self._behind
            self._behind.clear()
        _bring(self._behind)

    def _take_out_of_sight(self) -> "list[Layer]":
        seen = [made for made in self._made.values() if made.visible and made in self._viewer.layers]
        for made in seen:
            made.visible = False
        return seen

    def remove(self) -> None:
        """Take the layers away."""
        self._behind.clear()
        self._hidden.clear()
        for what in list(self._made):
            self._drop(what)

    def _drop(self, what: str) -> None:
        """Take away a layer that an earlier search left."""
        old = self._made.pop(what, None)
        if old is not None and old in self._viewer.layers:
            self._viewer.layers.remove(old)

    def _put(self, what: str, data: AnyArray, window: "Window", details: dict[str, Any], make: Any) -> Any:
        """Make a layer, or give it other data and another place."""
        assert self._origin is not None, "show notes it"
        origin, known = self._origin, self._made.get(what)
        first = (float(window[0].start), float(window[1].start))
        place = frame_placement(origin.image, details["frame"], corner=first)
        shown = data[None] if origin.image.ndim == 3 else data
        if known is None or known not in self._viewer.layers:
            made = make(
                data=shown,
                name=origin.name(
                    self._title if what == "change" else f"{what.capitalize()}, {self._title.lower()}"
                ),
                metadata=origin.tag(f"{self._role} {what}"),
                **place,
            )
            (known,) = show_results(self._viewer, [made])
            self._made[what] = known
            known.visible = True  # a result is hidden like the one it replaces, which an earlier dock hid
            if self._is_away:
                self.hide()
            if what == "image":
                self._lay_on_image(known)
        else:
            known.translate = place["translate"]
            known.data = shown
            let_be_replaced(known)  # what changed it is no person
        known.metadata[DETAILS] = details
        return known

    def _lay_on_image(self, patch: "Layer") -> None:
        """Put the changed image right above the image, below all that is drawn on it."""
        assert self._origin is not None, "show notes it"
        layers = self._viewer.layers
        layers.move(layers.index(patch), layers.index(self._origin.image) + 1)


def _bring(layers: "list[Layer]") -> None:
    """Show layers again, and forget them."""
    for layer in layers:
        layer.visible = True
    layers.clear()


def _image(image: "Image", **settings: Any) -> "Image":
    from napari.layers import Image

    return Image(colormap=image.colormap, contrast_limits=image.contrast_limits, gamma=image.gamma, **settings)


def _masks(**settings: Any) -> "Labels":
    from napari.layers import Labels

    return Labels(opacity=0.5, **settings)


def _colours(card: ModelCard, layer: int) -> "DirectLabelColormap":
    from napari.utils.colormaps import DirectLabelColormap

    colours = {BACKGROUND + 1 + i: colour for i, colour in enumerate(class_colours(card, layer))}
    clear = {None: "transparent", 0: "transparent", BACKGROUND: "transparent"}
    return DirectLabelColormap(color_dict=clear | colours)


def _change(**settings: Any) -> "Image":
    from napari.layers import Image
    from napari.utils.colormaps import Colormap

    colormap = Colormap(
        [f"{AGAINST}ff", f"{AGAINST}00", f"{FOR}00", f"{FOR}ff"],
        controls=[0, 0.499, 0.501, 1],
        name="less - more",
        display_name="less - more",
    )
    return Image(colormap=colormap, blending="translucent", **settings)
