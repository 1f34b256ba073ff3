"""What a viewer shows."""

import numpy as np


def in_view(viewer, layer):
    """Tell whether a layer lies on the canvas, all of it."""
    first, last = layer.extent.world[:, -2:] - np.array(viewer.scene.camera.center[-2:])
    half = np.array(viewer.canvas.viewbox_size(viewer.layers)) / viewer.scene.camera.zoom / 2
    return bool(np.all(first >= -half) and np.all(last <= half))
