"""Between napari's world and a layer's pixels.

A viewer's world is in the smallest of its layers' units, a nanometre beside a micrometre being one; a layer's own
``world_to_data`` takes positions in the units of that layer.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_strata.widgets.layers.stated_size import size_in_layer

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


def from_world(napari_layer: "Layer", viewer: "Viewer", position: ArrayLike) -> NDArray[np.float64]:
    """Return where a position of the viewer's world lies in a layer's pixels.

    Parameters
    ----------
    napari_layer : Layer
        The layer.
    viewer : Viewer
        Whose world it is.
    position : sequence of float
        A mouse event's position, or the viewer's ``dims.point``; leading dimensions that the layer lacks are left
        out.
    """
    own = np.asarray(position, np.float64)[-napari_layer.ndim :]
    factors = _factors(viewer.layers.units, napari_layer.units)
    return np.asarray(napari_layer.world_to_data(own * factors), np.float64)


def to_world(napari_layer: "Layer", viewer: "Viewer", position: ArrayLike) -> NDArray[np.float64]:
    """Return where a position in a layer's pixels lies in the viewer's world, over the layer's dimensions."""
    world = np.asarray(napari_layer.data_to_world(position), np.float64)
    return np.asarray(world / _factors(viewer.layers.units, napari_layer.units))


def between(source: "Layer", target: "Layer", positions: ArrayLike) -> NDArray[np.float64]:
    """Return where positions in one layer's pixels, shape (n, dimensions), lie in those of another layer."""
    factors = _factors(source.units, target.units)
    positions = np.asarray(positions, np.float64)
    dimensions = positions.shape[1]
    # napari takes one position at a time; the origin and one along each axis tell where all others lie
    basis = np.vstack([np.zeros(dimensions), np.eye(dimensions)])
    worlds = [np.asarray(source.data_to_world(place)) for place in basis]
    origin, *ends = (np.asarray(target.world_to_data(world * factors[-len(world) :])) for world in worlds)
    moved: NDArray[np.float64] = origin + positions @ (np.array(ends) - origin)
    return moved


@contextmanager
def same_view(viewer: "Viewer", napari_layer: "Layer") -> Iterator[None]:
    """Show the same part of a layer afterwards, wherever its corner was moved, however it was magnified."""
    before, scale = napari_layer.extent.world[0, -2:], napari_layer.scale[-2:].copy()
    yield
    zoom = napari_layer.scale[-2:] / scale
    camera = viewer.scene.camera
    centre = napari_layer.extent.world[0, -2:] + (np.array(camera.center[-2:]) - before) * zoom
    camera.center = (*camera.center[:-2], *centre)
    camera.zoom /= zoom.max()


def is_in_lengths(viewer: "Viewer", napari_layer: "Layer") -> bool:
    """Tell whether the viewer's world, and so its scale bar, is in the lengths that a layer states.

    It is not where napari's own reader leaves an image in pixels, nor beside layers in units of another kind.
    """
    return viewer.layers.units is not None and size_in_layer(napari_layer) is not None


def _factors(units: Sequence[Any] | None, own: Sequence[Any]) -> NDArray[np.float64]:
    """Return by what positions in `units` are multiplied to be in a layer's `own`; one factor per own axis."""
    factors = np.ones(len(own))
    if units is None:  # they cannot be compared, and napari does not try
        return factors
    for axis, (given, wanted) in enumerate(zip(units[::-1], own[::-1], strict=False), start=1):
        factors[-axis] = (1 * given).to(wanted).magnitude if given.is_compatible_with(wanted) else 1.0
    return factors
