"""Going to the place of a finding: its layer, its slice, and the middle of the view."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.annotation.doctor.finding import Box, Place
from napari_strata.widgets.doctor.examined import Examined
from napari_strata.widgets.layers.camera import FILLED
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.world import to_world

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer

LEAST_SIDE = 40.0
"""A region is magnified until its longer side is so long on the screen [screen px]."""


def layer_at(place: Place, examined: Examined) -> "Image | Labels":
    """Return the napari layer that a finding is about: the labels of its crystal layer, or the image."""
    if place.layer is not None and place.layer < len(examined.labels):
        return examined.labels[place.layer]
    return examined.labels[0] if place.labels else examined.image


def go_to(viewer: "Viewer", place: Place, examined: Examined) -> None:
    """Select the layer of a finding, show its slice, and bring its region into the middle of the view.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    place : Place
        Where to go; what it leaves open stays as it is.
    examined : Examined
        What was examined.
    """
    napari_layer = layer_at(place, examined)
    if napari_layer not in viewer.layers:
        return
    viewer.layers.selection.active = napari_layer
    napari_layer.visible = True
    if place.frame is None and place.box is None:
        return
    show_region(viewer, napari_layer, place.frame or 0, place.box)


def show_region(
    viewer: "Viewer", napari_layer: "Image | Labels", frame: int, box: Box | None, *, side: float = LEAST_SIDE
) -> None:
    """Show a slice, and bring a region of it into the middle of the view.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    napari_layer : Image or Labels
        Whose pixels are meant.
    frame : int
        The slice; 0 for a single image.
    box : (int, int, int, int) or None
        Top, left, bottom and right edge [px]; None leaves the view where it is.
    side : float
        It is magnified until its longer side is so long on the screen [screen px], or made smaller until it fits.
    """
    top, left, bottom, right = box or (0, 0, *full_data(napari_layer).shape[-2:])
    leading = [frame] * (napari_layer.ndim - 2)
    middle = to_world(napari_layer, viewer, [*leading, (top + bottom - 1) / 2, (left + right - 1) / 2])
    offset = viewer.dims.ndim - napari_layer.ndim
    for axis in range(len(leading)):
        viewer.dims.set_point(offset + axis, float(middle[axis]))
    if box is not None:
        camera = viewer.scene.camera
        camera.center = (*camera.center[:-2], *middle[-2:])
        ends = [to_world(napari_layer, viewer, [*leading, y, x]) for y, x in ((top, left), (bottom, right))]
        sides = abs(ends[1] - ends[0])[-2:]
        fitting = FILLED * float(np.min(np.asarray(viewer.canvas.viewbox_size(viewer.layers)) / sides))
        camera.zoom = min(max(camera.zoom, side / float(sides.max())), fitting)
