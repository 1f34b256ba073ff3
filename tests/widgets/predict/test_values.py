"""What the Predict dock shows of a network that gives values."""

import numpy as np
import pytest
from bright_scene import add_bright
from napari.layers import Image
from qtpy.QtCore import Qt

from bright_network import positive_network, save_network
from napari_strata.config import ModelConfig
from napari_strata.widgets.predict.dock import PredictDock


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def dock(viewer, models_home):
    image = add_bright(viewer)
    config = ModelConfig(architecture="unet", layers=1, filters=(2, 4), output="values", pixel_size=0.2)
    folder = models_home / "models" / "positive" / "model"
    save_network(folder, positive_network(config), config, name="positive", names=("value",))
    dock = PredictDock(viewer)
    viewer.window.add_dock_widget(dock, name="Predict")
    assert image in viewer.layers
    return dock


def test_values_are_shown_as_an_image_on_the_image(qtbot, viewer, dock):
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
    assert dock.panel.words.text().startswith("Values (")
    image, values = viewer.layers
    assert isinstance(values, Image)
    assert values.name == "Values - positive - bright"
    assert values.data.shape == image.data.shape
    np.testing.assert_array_equal(values.scale, image.scale)
    bright = image.data > image.data.mean() + 0.1
    np.testing.assert_allclose(
        values.data[bright & (image.data < 0.9)], image.data[bright & (image.data < 0.9)], rtol=1e-3
    )


def test_there_are_no_atoms_among_values(dock):
    assert not dock.find_atoms.isEnabled()
    assert not dock.find_atoms.isChecked()
