"""The one mark of an image that says what the map that is seen explains: a ring, or an outline."""

from typing import TYPE_CHECKING, Any

from napari_strata.widgets.layers.napari_layers import Origin, region_layer, target_layer
from napari_strata.widgets.layers.results import (
    ORIGIN,
    STACK_ROLE,
    find_results,
    is_edited,
    put_below,
    show_results,
)
from napari_strata.widgets.layers.targets import Chosen

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

_RING = 1.8
"""Diameter of the ring around what is explained [Å]."""
_RING_PX = 14.0
"""The same where the pixel size is not known [px]."""


def ring_diameter(pixel_size: float | None) -> float:
    """Return the diameter of the ring around what is explained [px]; the pixel size is in Å/px."""
    return _RING_PX if pixel_size is None else _RING / pixel_size


def mark_target(viewer: "Viewer", origin: Origin, chosen: Chosen, *, show: bool = True) -> None:
    """Mark what is explained, and nothing else of the image; a mark that is there is moved.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    origin : Origin
        Image and model.
    chosen : Chosen
        What is explained.
    show : bool
        Show the mark, too, where somebody has hidden it.
    """
    new: Any = (
        target_layer(origin, chosen.place, diameter=ring_diameter(origin.pixel_size))
        if chosen.mask is None
        else region_layer(origin, chosen)
    )
    for old in find_results(viewer, "target", origin.image):
        if (
            type(old) is not type(new)
            or is_edited(old)
            or old.metadata[ORIGIN]["key"] != new.metadata[ORIGIN]["key"]
        ):
            new.visible = old.visible
            viewer.layers.remove(old)
    (mark,) = show_results(viewer, [new])
    for role in ("heatmap", STACK_ROLE):
        put_below(viewer, role, origin.image, mark)
    if show:
        mark.visible = True


def hide_mark(viewer: "Viewer", image: "Image") -> None:
    """Hide what marks the target of another map of an image."""
    for mark in find_results(viewer, "target", image):
        mark.visible = False
