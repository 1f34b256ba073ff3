"""Where the tiles of a grid look: at the target of their maps, with what the maps show around it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.widgets.layers.camera import FILLED
from napari_strata.widgets.layers.world import to_world

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

LEAST_PX, LEAST_ANGSTROM = 30, 8.0
"""A view is at least so wide: atoms around the target are seen, too."""


def look_at(
    viewer: "Viewer",
    image: "Image",
    frame: int,
    shown: NDArray[np.bool_],
    position: Sequence[float],
    pixel_size: float | None,
) -> None:
    """Show the slice of a target, and fit what maps show of it into each cell of the grid.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    image : Image
        On which the maps lie.
    frame : int
        The slice; 0 for a single image.
    shown : ndarray of bool, shape (y, x)
        Where a map is not 0.
    position : (float, float)
        The target (y, x) [px].
    pixel_size : float or None
        Its pixel size [Å/px].
    """
    first, last = window_of(shown, position, pixel_size)
    leading = [frame] * (image.ndim - 2)
    ends = np.array([to_world(image, viewer, [*leading, *end]) for end in (first, last)])
    middle, sides = ends.mean(axis=0), np.abs(ends[1] - ends[0])[-2:]
    offset = viewer.dims.ndim - image.ndim
    for axis in range(len(leading)):
        viewer.dims.set_point(offset + axis, float(middle[axis]))
    camera = viewer.scene.camera
    camera.center = (*camera.center[:-2], *(float(value) for value in middle[-2:]))
    camera.zoom = FILLED * float(np.min(np.asarray(viewer.canvas.viewbox_size(viewer.layers)) / sides))


def window_of(
    shown: NDArray[np.bool_], position: Sequence[float], pixel_size: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the upper left and the lower right edge (y, x) of the window to look at [px].

    It holds the target and all that is shown, is not narrower than `LEAST_PX` and `LEAST_ANGSTROM` about
    the target, and does not reach beyond the image. Parameters are those of `look_at`.
    """
    target, shape = np.asarray(position, np.float64), np.array(shown.shape)
    least = max(LEAST_PX, LEAST_ANGSTROM / pixel_size if pixel_size else 0)
    first, last = target - least / 2, target + least / 2
    places = np.argwhere(shown)
    if len(places):
        first = np.minimum(first, places.min(axis=0) - 0.5)
        last = np.maximum(last, places.max(axis=0) + 0.5)
    return np.clip(first, -0.5, shape - 0.5), np.clip(last, -0.5, shape - 0.5)
