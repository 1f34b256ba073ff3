import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_strata.config import ClassTable
from napari_strata.widgets.live.overlay import LiveOverlay, window_of

TABLE = ClassTable.from_names(("atom",))


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


def probabilities(layers: int, shape: tuple[int, int]) -> np.ndarray:
    """Class 1 certain in the upper half, background certain below."""
    result = np.zeros((layers, 2, *shape), np.float32)
    result[:, 1, : shape[0] // 2] = 1
    result[:, 0, shape[0] // 2 :] = 1
    return result


def test_a_small_image_is_predicted_whole(viewer):
    image = viewer.add_image(np.random.default_rng(0).random((40, 50)))
    window = window_of(image, viewer)
    assert (window.frame, window.y, window.x, window.shape) == (0, 0, 0, (40, 50))
    assert window.copy(0.2).data.shape == (1, 40, 50)


def test_a_large_image_is_cut_around_the_centre_of_the_view_and_stays_inside(viewer):
    image = viewer.add_image(np.random.default_rng(0).random((2000, 1000)), scale=(0.5, 0.5))
    viewer.scene.camera.center = (0, 500, 490)
    window = window_of(image, viewer)
    assert (window.y, window.x, window.shape) == (1000 - 384, 1000 - 768, (768, 768))
    assert window.copy(None).data[0, 0, 0] == image.data[616, 232]


@pytest.fixture
def stack(viewer):
    """Return a calibrated, moved and turned stack, its third slice shown."""
    image = viewer.add_image(
        np.random.default_rng(0).random((5, 900, 800)),
        name="s",
        scale=(3, 0.5, 0.5),
        translate=(7, 20, 30),
        rotate=[[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]],
        units=("nm", "nm", "nm"),
    )
    viewer.dims.set_point(0, 7 + 2 * 3)
    return image


@pytest.mark.parametrize(("layers", "kind"), [(1, Labels), (2, Image)])
def test_live_layers_lie_on_their_part_of_the_shown_slice(viewer, stack, layers, kind):
    window = window_of(stack, viewer)
    assert window.frame == 2
    overlay = LiveOverlay(viewer, window, layers=layers, classes=TABLE)
    assert len(overlay.layers) == layers
    for layer in overlay.layers:
        assert isinstance(layer, kind)
        assert layer.units == stack.units
        for corner in ((0, 0), (3, 700)):
            inside = (window.frame, window.y + corner[0], window.x + corner[1])
            assert layer.data_to_world((0, *corner)) == pytest.approx(stack.data_to_world(inside))


def test_predictions_are_written_in_place(viewer):
    image = viewer.add_image(np.random.default_rng(0).random((40, 50)))
    window = window_of(image, viewer)
    labels = LiveOverlay(viewer, window, layers=1, classes=TABLE)
    data = labels.layers[0].data
    labels.update(probabilities(1, (40, 50)))
    assert labels.layers[0].data is data
    assert (np.unique(data[:20]), np.unique(data[20:])) == ([2], [1])
    images = LiveOverlay(viewer, window, layers=2, classes=TABLE)
    images.update(probabilities(2, (40, 50)))
    assert (np.unique(images.layers[1].data[:20]), np.unique(images.layers[1].data[20:])) == ([255], [0])


def test_the_active_layer_and_its_brush_stay(viewer):
    image = viewer.add_image(np.random.default_rng(0).random((40, 50)))
    labels = viewer.add_labels(np.zeros((40, 50), int))
    labels.mode = "paint"
    overlay = LiveOverlay(viewer, window_of(image, viewer), layers=2, classes=TABLE)
    assert viewer.layers.selection.active == labels
    assert labels.mode == "paint"
    assert not any(layer.editable for layer in overlay.layers)


def test_without_their_image_the_live_layers_go(viewer):
    image = viewer.add_image(np.random.default_rng(0).random((40, 50)))
    overlay = LiveOverlay(viewer, window_of(image, viewer), layers=2, classes=TABLE)
    assert not overlay.drop_if_orphaned()
    viewer.layers.remove(image)
    assert overlay.drop_if_orphaned()
    assert len(viewer.layers) == 0
    overlay.update(probabilities(2, (40, 50)))
