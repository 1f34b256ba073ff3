"""The Inside the network dock, clicked as a microscopist does."""

import threading

import numpy as np
import pytest
from bright_scene import ATOMS, PIXEL_SIZE, add_bright, save_model, waiting
from qtpy.QtCore import Qt

from napari_strata.widgets.inside import dock as inside_dock
from napari_strata.widgets.inside.dock import InsideDock
from napari_strata.widgets.layers.camera import camera_of
from napari_strata.widgets.layers.results import ORIGIN, find_results
from views import in_view

PLACE = {"scale": (3, 0.02, 0.02), "translate": (1, 5, -7), "units": ("s", "nm", "nm")}
ROTATION = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def open_dock(qtbot, viewer, models_home):
    """Open a dock on the image with known atoms and a model that passes the image; wait for its feature maps."""

    def open_dock(*, frames=0, image=None, has_image=True, **model) -> InsideDock:
        if has_image:
            add_bright(viewer, frames, **image or {})
        save_model(models_home, **{"layers": 1} | model)
        dock = InsideDock(viewer)
        viewer.window.add_dock_widget(dock, name="Inside the network")
        qtbot.waitUntil(lambda: dock.feature_map.count() > 0, timeout=30_000)
        return dock

    return open_dock


def press(qtbot, dock, button) -> str:
    """Press a button, wait for the end; return what the dock then says."""
    assert button.isEnabled()
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    return dock.panel.words.text()


def results(viewer, role):
    return find_results(viewer, role, viewer.layers["bright"])


def test_the_feature_maps_of_the_model_are_offered(open_dock):
    dock = open_dock()
    offered = [dock.feature_map.itemText(i) for i in range(dock.feature_map.count())]
    assert offered == ["encoder, level 1", "encoder, level 2", "decoder 0, level 1"]
    assert dock.channel.maximum() == 1
    dock.feature_map.setCurrentIndex(1)
    assert dock.channel.maximum() == 3
    assert "14 x 14 px" in dock.facts.text()


def test_activations_are_a_stack_on_the_image_and_its_slider_chooses_the_channel(qtbot, viewer, open_dock):
    dock = open_dock()
    said = press(qtbot, dock, dock.panel.start_button)
    assert said == "2 channels of encoder, level 1: move the slider below the image."
    (layer,) = results(viewer, "activations")
    assert layer.data.shape == (2, 56, 56)
    image = viewer.layers["bright"]
    y, x = ATOMS[5]
    assert np.allclose(layer.data_to_world((1, y, x))[1:], image.data_to_world((y, x)))
    assert layer.data[0, int(y), int(x)] == layer.data[0, int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4].max()
    assert layer.contrast_limits[0] == 0
    viewer.dims.set_current_step(0, 1)
    assert dock.channel.value() == 1


def test_coarse_activations_lie_exactly_on_a_frame_of_a_rotated_stack(qtbot, viewer, open_dock):
    dock = open_dock(frames=3, image=PLACE | {"rotate": ROTATION, "shear": [0, 0, 0.2]})
    viewer.dims.set_current_step(0, 2)
    dock.feature_map.setCurrentIndex(1)
    press(qtbot, dock, dock.panel.start_button)
    (layer,) = results(viewer, "activations")
    image = viewer.layers["bright"]
    assert layer.data.shape == (4, 1, 28, 28)
    # Pixel (5, 7) of two by two lies between the pixels 10 and 11, and 14 and 15, of the image.
    assert np.allclose(layer.data_to_world((3, 0, 5, 7)), [3, *image.data_to_world((2, 10.5, 14.5))])
    assert tuple(map(str, layer.units)) == ("pixel", *map(str, image.units))


def test_activations_of_either_sign_have_symmetric_limits_around_white(qtbot, viewer, open_dock):
    dock = open_dock(activation="gelu")
    press(qtbot, dock, dock.panel.start_button)
    (layer,) = results(viewer, "activations")
    assert layer.contrast_limits[0] == -layer.contrast_limits[1] < 0
    assert layer.colormap.name == "blue - white - red"


def test_kernels_lie_beside_the_image_and_are_as_high(qtbot, viewer, open_dock):
    dock = open_dock()
    press(qtbot, dock, dock.panel.start_button)
    before = camera_of(viewer)
    said = press(qtbot, dock, dock.buttons["kernels"])
    assert said == "2 kernels of the first convolution, beside the image."
    (layer,) = results(viewer, "kernels")
    assert [one.visible for one in (layer, *results(viewer, "activations"))] == [True, False]
    image = viewer.layers["bright"]
    rows, columns = layer.data.shape
    (top, left), (bottom, _) = (layer.data_to_world(at) for at in ((-0.5, -0.5), (rows - 0.5, columns - 0.5)))
    assert (top, bottom) == (pytest.approx(-0.5 * PIXEL_SIZE), pytest.approx(55.5 * PIXEL_SIZE))
    assert left > image.data_to_world((0, 55.5))[1]
    assert layer.contrast_limits[0] == -layer.contrast_limits[1]
    assert layer.data[1, 1] == 1  # the kernel that passes the image
    assert in_view(viewer, image)
    assert in_view(viewer, layer)
    press(qtbot, dock, dock.panel.start_button)
    assert camera_of(viewer) == before


def test_best_patches_are_atoms_and_a_click_goes_to_one_in_its_frame(qtbot, viewer, open_dock):
    dock = open_dock(frames=3, image={"scale": (1, 0.2, 0.2), "units": ("pixel", "angstrom", "angstrom")})
    dock.config.set_value("patches", 4)
    said = press(qtbot, dock, dock.buttons["patches"])
    assert said == "4 best patches: click one to go there."
    assert dock.patches.isVisible()
    (outlines,) = results(viewer, "patches")
    assert len(outlines.data) == dock.patches.count() == 4
    for corners in outlines.data:
        centre = corners[:, 1:].mean(axis=0)
        assert np.abs(ATOMS - centre).max(axis=1).min() <= 1
        assert np.ptp(corners[:, 1:], axis=0).tolist() == [5, 5]
    viewer.dims.set_current_step(0, 1)
    click_patch(qtbot, dock, 2)
    frame, *where = outlines.data[2].mean(axis=0)
    assert viewer.dims.current_step[0] == frame
    assert np.allclose(viewer.scene.camera.center[-2:], np.multiply(where, PIXEL_SIZE))


def click_patch(qtbot, dock, row) -> None:
    place = dock.patches.visualItemRect(dock.patches.item(row)).center()
    qtbot.mouseClick(dock.patches.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_a_patch_fits_into_the_view_and_so_does_what_is_shown_after_it_unless_the_view_was_moved(
    qtbot, viewer, open_dock
):
    dock = open_dock()
    press(qtbot, dock, dock.buttons["patches"])
    camera, (outlines,) = viewer.scene.camera, results(viewer, "patches")
    side = 5 * PIXEL_SIZE
    camera.zoom = 1.0
    click_patch(qtbot, dock, 0)
    assert camera.zoom == pytest.approx(160 / side)
    camera.zoom = 10_000.0  # the canvas shows a part of the patch
    click_patch(qtbot, dock, 0)
    assert camera.zoom * side == pytest.approx(0.95 * min(viewer.canvas.viewbox_size(viewer.layers)))
    press(qtbot, dock, dock.buttons["patches"])
    assert in_view(viewer, outlines)
    click_patch(qtbot, dock, 0)
    camera.zoom = 300.0
    press(qtbot, dock, dock.buttons["patches"])
    assert camera.zoom == 300


def test_a_channel_that_is_silent_is_said_and_leaves_no_outlines(qtbot, viewer, open_dock):
    dock = open_dock()
    press(qtbot, dock, dock.buttons["patches"])
    dock.channel.setValue(1)
    said = press(qtbot, dock, dock.buttons["patches"])
    assert said == "Channel 1 of encoder, level 1 is the same everywhere here: choose another channel."
    assert not results(viewer, "patches")
    assert not dock.patches.isVisible()


def test_an_image_is_made_from_activations_and_becomes_better_as_one_looks(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.config.set_value("steps", 20)
    seen = []
    dock.panel.runner.reported.connect(lambda _event: seen.append(len(results(viewer, "inversion"))))
    said = press(qtbot, dock, dock.buttons["inversion"])
    assert said.startswith("Image from encoder, level 1: its activations differ by ")
    assert 1 in seen[:-1]
    (layer,) = results(viewer, "inversion")
    assert layer.data.shape == (56, 56)
    assert layer.metadata["inside"]["done"] == 1
    assert np.allclose(layer.scale, PIXEL_SIZE)
    assert len(layer.metadata[ORIGIN]["provenance"]["weights_sha256"]) == 64


def test_a_canceled_inversion_keeps_the_image_as_it_is(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.config.set_value("steps", 10_000)
    qtbot.mouseClick(dock.buttons["inversion"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(results(viewer, "inversion")), timeout=30_000)
    assert not dock.buttons["inversion"].isEnabled()
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=10_000):
        qtbot.mouseClick(dock.panel.cancel_button, Qt.MouseButton.LeftButton)
    (layer,) = results(viewer, "inversion")
    assert 0 < layer.metadata["inside"]["done"] < 1
    assert dock.buttons["inversion"].isEnabled()


def test_a_dock_closed_while_it_works_stops_and_leaves_the_viewer_alone(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.config.set_value("steps", 10_000)
    qtbot.mouseClick(dock.buttons["inversion"], Qt.MouseButton.LeftButton)
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    dock.setParent(None)
    qtbot.waitUntil(lambda: bool(gone), timeout=20_000)
    assert len(viewer.layers) <= 2


def test_removing_the_image_stops_the_job_and_says_so(qtbot, viewer, open_dock, monkeypatch):
    dock, release = open_dock(), threading.Event()
    monkeypatch.setattr(inside_dock, "browse_job", lambda _request, control: waiting(control, release=release))
    qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
    viewer.layers.remove("bright")
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=10_000):
        release.set()
    assert dock.panel.words.text() == "bright was removed; stopped."


def test_without_a_model_or_an_image_the_buttons_are_dead_and_it_is_said_why(qtbot, viewer):
    dock = InsideDock(viewer)
    viewer.window.add_dock_widget(dock, name="Inside the network")
    assert dock.panel.words.text() == "Open an image."
    add_bright(viewer)
    assert dock.panel.words.text() == "Train a model first, or open one."
    assert not any(button.isEnabled() for button in (dock.panel.start_button, *dock.buttons.values()))


def test_a_model_that_changed_under_the_dock_is_refused_with_what_it_has(qtbot, viewer, open_dock, models_home):
    dock = open_dock(filters=(2, 4, 4))
    dock.feature_map.setCurrentIndex(2)
    save_model(models_home, layers=1)
    said = press(qtbot, dock, dock.panel.start_button)
    assert "no feature map 'encoder, level 3'" in said
    assert "It has: encoder, level 1; encoder, level 2; decoder 0, level 1." in said


def test_a_damaged_model_is_said_in_words(qtbot, viewer, models_home):
    add_bright(viewer)
    folder = save_model(models_home, layers=1)
    (folder / "weights-0.safetensors").unlink(missing_ok=True)
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    dock = InsideDock(viewer)
    viewer.window.add_dock_widget(dock, name="Inside the network")
    qtbot.waitUntil(lambda: not dock.listing.is_busy, timeout=30_000)
    assert dock.panel.words.text() not in ("", "Reading the model…")
    assert not dock.panel.start_button.isEnabled()
