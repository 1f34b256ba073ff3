"""The pixels of a map that are seen."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.types import FloatImage
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.world import from_world
from napari_strata.widgets.maps.asked import EXPLANATION

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer


def map_values(viewer: "Viewer", map_layer: "Image") -> tuple[FloatImage, int]:
    """Return the map that is seen, shape (y, x), and the frame of the image that it explains."""
    data = full_data(map_layer)
    frame = int(map_layer.metadata[EXPLANATION].get("frame", 0))
    if data.ndim == 2:
        return np.asarray(data), frame
    at = from_world(map_layer, viewer, viewer.dims.point)[0]
    index = int(np.clip(np.rint(at), 0, len(data) - 1))
    return np.asarray(data[index]), frame if len(data) == 1 else index
