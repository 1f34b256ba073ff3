"""Maps, and the Map to labels dock, in a viewer."""

import numpy as np
import pytest
from bright_scene import add_bright, save_model
from map_to_labels_hand import X, Y
from napari.layers import Image

from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.napari_layers import Origin, heatmap_layer
from napari_strata.widgets.layers.results import show_results
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.map_to_labels.dock import MapToLabelsDock
from napari_strata.widgets.parts.models import open_model


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def add_map(viewer, models_home):
    """Add the map of a model as the Explain dock does, on a known place of the image."""

    def add_map(*, method="occlusion", frames=0, data=None, species="bright", image=None) -> Image:
        if image is None:
            image = viewer.layers["bright"] if "bright" in viewer.layers else add_bright(viewer, frames)
        entry = open_model(save_model(models_home, layers=1))
        y, x = np.mgrid[:56, :56]
        peak = np.exp(-((y - Y) ** 2 + (x - X) ** 2) / 18) - 0.5 * np.exp(-((y - 44) ** 2 + (x - X) ** 2) / 18)
        frame = 1 if frames else 0
        details = {"method": method, "layer": 0, "frame": frame, "target": {"kind": "pixel"}, "done": 1}
        details |= {"class": species, "against": {"kind": "background"}}
        origin = Origin(image, 0.2, entry.card, str(entry.path))
        chosen = Chosen("pixel", Place(frame, Y, X), 0)
        made = np.float32(np.where(np.abs(peak) < 1e-3, 0, peak)) if data is None else data
        (layer,) = show_results(viewer, [heatmap_layer(made, origin, chosen, details=details)])
        tell_made(viewer, layer)
        return layer

    return add_map


@pytest.fixture
def open_dock(viewer):
    def open_dock() -> MapToLabelsDock:
        dock = MapToLabelsDock(viewer)
        viewer.window.add_dock_widget(dock, name="Map to labels")
        return dock

    return open_dock
