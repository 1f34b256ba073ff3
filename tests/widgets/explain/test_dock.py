import threading

import numpy as np
import pytest
import torch
from bright_scene import ATOMS, PIXEL_SIZE, add_bright, save_model, waiting
from fake_jobs import endless
from napari.layers import Image, Points
from qtpy.QtCore import QPoint, Qt, QThreadPool
from qtpy.QtWidgets import QApplication

from napari_strata.control import JobState
from napari_strata.io.bundle import save_bundle
from napari_strata.models.registry import load_network
from napari_strata.widgets.explain import dock as explain_dock
from napari_strata.widgets.explain.dock import ExplainDock
from napari_strata.widgets.layers.results import ORIGIN, find_results
from napari_strata.widgets.predict.dock import PredictDock


@pytest.fixture
def viewer(make_napari_viewer):
    """Return a viewer that is shown, for only then its canvas takes clicks."""
    return make_napari_viewer(show=True)


@pytest.fixture
def open_dock(viewer, models_home):
    """Open a dock on the image with known atoms and a model that sees them."""

    def open_dock(*, frames=0, image=None, **model) -> ExplainDock:
        add_bright(viewer, frames, **image or {})
        viewer.reset_view()
        save_model(models_home, **model)
        dock = ExplainDock(viewer)
        viewer.window.add_dock_widget(dock, name="Explain")
        return dock

    return open_dock


@pytest.fixture
def find_atoms(qtbot, viewer):
    """Find the atoms as the Predict dock does."""

    def find_atoms() -> Points:
        predict = PredictDock(viewer)
        qtbot.addWidget(predict)
        with qtbot.waitSignal(predict.panel.runner.ended, timeout=60_000):
            predict.panel.start_button.click()
        return viewer.layers[-1]

    return find_atoms


def click(qtbot, widget, pos=None) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=pos or QPoint())


def click_at(qtbot, viewer, pixel) -> None:
    """Click on the canvas where a pixel of the image is seen."""
    canvas = viewer.window._qt_viewer.canvas
    y, x = viewer.layers["bright"].data_to_world(pixel)[-2:]
    scene = canvas.view.transform * canvas.view.scene.transform
    click(qtbot, canvas.native, QPoint(*(round(float(v)) for v in scene.map([x, y])[:2])))
    QApplication.processEvents()  # the picker tells of a click when napari's callbacks have ended


def explain(qtbot, viewer, dock, pixel) -> str:
    """Press the button, click at a pixel, wait for the end; return what the dock then says."""
    click(qtbot, dock.panel.start_button)
    assert dock.picker.is_armed
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        click_at(qtbot, viewer, pixel)
    return dock.panel.words.text()


def heatmaps(viewer) -> list[Image]:
    return find_results(viewer, "heatmap", viewer.layers["bright"])


def brightest(heatmap: Image) -> list[int]:
    return [int(i) for i in np.unravel_index(heatmap.data.argmax(), heatmap.data.shape)]


def test_picking_lays_a_heatmap_of_the_nearest_atom_and_its_layer_over_the_image(
    qtbot, viewer, open_dock, find_atoms
):
    dock = open_dock()
    points = find_atoms()
    # move the atoms of layer 0 out of the way: the nearest to the click is then one of layer 1
    points.data = points.data + np.where(points.features["layer"] == 0, 100, 0)[:, None]
    labels = viewer.add_labels(np.zeros((56, 56), int), scale=(PIXEL_SIZE,) * 2, units=("angstrom",) * 2)
    labels.mode = "paint"
    y, x = ATOMS[5]
    said = explain(qtbot, viewer, dock, (y + 1.5, x - 1))
    assert said.startswith(f"Why C, layer 1: Gradient saliency of the atom at y {y:.1f}, x {x:.1f} px. Score ")
    assert not labels.data.any()
    assert labels.mode == "paint"
    assert viewer.layers.selection.active is labels
    (heatmap,) = heatmaps(viewer)
    assert heatmap.data.shape == (56, 56)
    assert np.allclose(heatmap.scale, PIXEL_SIZE)
    assert viewer.layers.index(heatmap) < viewer.layers.index(points)
    assert heatmap.metadata["explanation"]["method"] == "input-gradient"
    assert len(heatmap.metadata[ORIGIN]["provenance"]["weights_sha256"]) == 64
    (ring,) = find_results(viewer, "target", viewer.layers["bright"])
    assert np.allclose(ring.data, [[y, x]], atol=0.1)


def test_the_input_gradient_is_greatest_at_the_picked_atom(qtbot, viewer, open_dock):
    dock = open_dock(layers=1)
    dock.method.choose("input-gradient")
    y, x = ATOMS[9]
    said = explain(qtbot, viewer, dock, (y, x))
    assert said.startswith("Why C: Gradient saliency of the atom")
    assert np.allclose(brightest(heatmaps(viewer)[0]), [y, x], atol=4)


def test_in_a_rotated_stack_the_shown_frame_is_explained_where_it_lies(qtbot, viewer, open_dock, find_atoms):
    rotation = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    place = {"scale": (3, 0.02, 0.02), "translate": (1, 5, -7), "units": ("s", "nm", "nm"), "rotate": rotation}
    dock = open_dock(frames=3, image=place)
    find_atoms()
    viewer.dims.set_current_step(0, 2)
    y, x = ATOMS[5]
    said = explain(qtbot, viewer, dock, (2, y, x))
    assert f"atom at y {y:.1f}, x {x:.1f} px" in said
    (heatmap,) = heatmaps(viewer)
    image = viewer.layers["bright"]
    assert np.allclose(heatmap.data_to_world((0, y, x)), image.data_to_world((2, y, x)))
    assert heatmap.metadata["explanation"]["frame"] == 2
    (ring,) = find_results(viewer, "target", image)
    assert ring.data[0, 0] == 2


def test_atoms_of_a_chosen_layer_only_are_picked(qtbot, viewer, open_dock, find_atoms):
    dock = open_dock()
    points = find_atoms()
    points.data = points.data + np.where(points.features["layer"] == 1, 3, 0)[:, None]
    dock.question.decoder.setCurrentText("layer 1")
    said = explain(qtbot, viewer, dock, ATOMS[5] + 1)
    assert f"y {ATOMS[5][0] + 3:.1f}, x {ATOMS[5][1] + 3:.1f} px. " in said
    assert said.startswith("Why C, layer 1: ")


def test_where_no_atom_is_near_it_says_so_and_stays_armed(qtbot, viewer, open_dock, find_atoms):
    dock = open_dock()
    find_atoms()
    click(qtbot, dock.panel.start_button)
    click_at(qtbot, viewer, (14, 15))
    assert dock.panel.words.text().startswith("There is no atom close enough to the click.")
    assert dock.picker.is_armed
    click_at(qtbot, viewer, (-3, 20))
    assert dock.panel.words.text() == "The click was beside bright. Click on the image."
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        click_at(qtbot, viewer, ATOMS[5])
    assert not dock.picker.is_armed
    assert len(heatmaps(viewer)) == 1


def test_without_atoms_the_job_finds_the_nearest_one_of_all_layers_but_not_what_the_other_layer_is(
    qtbot, viewer, open_dock
):
    dock = open_dock()
    y, x = ATOMS[5]
    said = explain(qtbot, viewer, dock, (y + 1, x + 1))
    (heatmap,) = heatmaps(viewer)
    layer = heatmap.metadata["explanation"]["layer"]
    assert said.startswith(f"Why C, layer {layer}: Gradient saliency of the atom at y {y:.1f}, x {x:.1f} px. ")
    dock.question.against.setCurrentText("the other layer")
    click(qtbot, dock.panel.start_button)
    click_at(qtbot, viewer, ATOMS[5])
    assert dock.panel.words.text().endswith("Find the atoms in the Predict dock first, or choose a layer.")


def test_without_atoms_the_job_finds_the_one_that_is_meant_in_the_chosen_layer(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.decoder.setCurrentText("layer 0")
    y, x = ATOMS[5]
    said = explain(qtbot, viewer, dock, (y + 1, x + 1))
    assert f"atom at y {y:.1f}, x {x:.1f} px. " in said
    assert said.startswith("Why C, layer 0: ")


def test_a_second_heatmap_replaces_the_first_of_its_method_unless_kept(qtbot, viewer, open_dock, find_atoms):
    dock = open_dock()
    find_atoms()
    explain(qtbot, viewer, dock, ATOMS[5])
    explain(qtbot, viewer, dock, ATOMS[6])
    assert len(heatmaps(viewer)) == 1
    dock.method.choose("grad-cam")
    assert ". Feature map: decoder 0, level " in explain(qtbot, viewer, dock, ATOMS[6])
    assert len(heatmaps(viewer)) == 2
    dock.keep.setChecked(True)
    explain(qtbot, viewer, dock, ATOMS[7])
    assert len(heatmaps(viewer)) == 3
    dock.keep.setChecked(False)
    explain(qtbot, viewer, dock, ATOMS[8])
    assert len(heatmaps(viewer)) == 3


def test_the_ring_moves_and_an_outline_takes_its_place(qtbot, viewer, open_dock):
    dock = open_dock(layers=1)
    dock.question.target.setCurrentText("Pixel")

    def marks():
        return find_results(viewer, "target", viewer.layers["bright"])

    explain(qtbot, viewer, dock, (14, 15))
    (ring,) = marks()
    explain(qtbot, viewer, dock, (30, 35))
    assert marks() == [ring]
    assert np.allclose(ring.data, [[30, 35]])
    dock.question.target.setCurrentText("Class on the slice")
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        click(qtbot, dock.panel.start_button)
    (outline,) = marks()
    assert outline is not ring


def test_nothing_is_explained_by_atoms_that_were_located_at_another_pixel_size(
    qtbot, viewer, open_dock, find_atoms
):
    dock = open_dock()
    find_atoms()
    dock.source.calibration.box.setValue(2 * PIXEL_SIZE)
    for kind in ("Atom", "Pixel"):
        dock.question.target.setCurrentText(kind)
        click(qtbot, dock.panel.start_button)
        click_at(qtbot, viewer, ATOMS[5])
        assert f"these atoms were located at {PIXEL_SIZE:g} Å. Find the atoms anew" in dock.panel.words.text()
    assert not heatmaps(viewer)


def test_a_pixel_can_be_explained(qtbot, viewer, open_dock):
    dock = open_dock(layers=1)
    dock.question.target.setCurrentText("Pixel")
    assert not dock.method.settings.editor("tolerance").isVisible()
    said = explain(qtbot, viewer, dock, (14, 15))
    assert said.startswith("Why C: Gradient saliency of the pixel at y 14.0, x 15.0 px. Score ")


def test_the_selected_label_can_be_explained_on_the_shown_frame(qtbot, viewer, open_dock):
    dock = open_dock(
        frames=2, image={"scale": (1, PIXEL_SIZE, PIXEL_SIZE), "units": ("pixel", "angstrom", "angstrom")}
    )
    data = np.zeros((2, 56, 56), int)
    data[1, 10:20, 30:40] = 3
    labels = viewer.add_labels(data, scale=(1, PIXEL_SIZE, PIXEL_SIZE), units=("pixel", "angstrom", "angstrom"))
    labels.selected_label = 3
    viewer.dims.set_current_step(0, 1)
    dock.question.target.setCurrentText("Drawn region")
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        click(qtbot, dock.panel.start_button)
    assert dock.panel.words.text().startswith(
        "Why C, layer 0: Gradient saliency of the label at y 14.5, x 34.5 px."
    )
    assert not dock.panel.start_button.isChecked()
    viewer.layers.selection.active = viewer.layers["bright"]
    click(qtbot, dock.panel.start_button)
    assert dock.panel.words.text().startswith("No region is selected.")


def test_arming_says_what_to_do_and_escape_or_the_button_ends_it(qtbot, viewer, open_dock):
    dock = open_dock()
    button = dock.panel.start_button
    assert button.text() == "Pick atom"
    click(qtbot, button)
    assert button.isChecked()
    assert button.text() == viewer.status == "Click in the image… (Esc cancels)"
    qtbot.keyClick(viewer.window._qt_viewer.canvas.native, Qt.Key.Key_Escape)
    assert not dock.picker.is_armed
    assert (button.isChecked(), button.text()) == (False, "Pick atom")
    click(qtbot, button)
    click(qtbot, button)
    assert not dock.picker.is_armed


def test_what_no_longer_fits_the_click_disarms_it(qtbot, viewer, open_dock):
    dock = open_dock()
    for change in (
        lambda: dock.question.target.setCurrentText("Pixel"),
        lambda: dock.hide(),
        lambda: viewer.layers.remove("bright"),
    ):
        dock.show()
        click(qtbot, dock.panel.start_button)
        assert dock.picker.is_armed
        change()
        assert not dock.picker.is_armed
    assert not dock.panel.start_button.isEnabled()
    assert dock.panel.words.text() == "Open an image."


def test_in_3d_it_asks_for_2d(qtbot, viewer, open_dock):
    dock = open_dock(frames=2)
    dock.source.calibration.box.setValue(PIXEL_SIZE)
    viewer.dims.ndisplay = 3
    click(qtbot, dock.panel.start_button)
    assert dock.panel.words.text() == "A click in 3D has no depth. Switch the display to 2D."
    assert not dock.picker.is_armed


def test_removing_the_image_stops_the_job_and_says_so(qtbot, viewer, open_dock, monkeypatch):
    dock, release = open_dock(), threading.Event()
    dock.question.decoder.setCurrentText("layer 0")
    monkeypatch.setattr(explain_dock, "make_job", lambda _request, control: waiting(control, release=release))
    click(qtbot, dock.panel.start_button)
    with qtbot.waitSignal(dock.panel.runner.reported):
        click_at(qtbot, viewer, ATOMS[5])
    viewer.layers.remove("bright")
    assert dock.panel.runner.state is JobState.STOPPING
    with qtbot.waitSignal(dock.panel.runner.ended):
        release.set()
    assert dock.panel.words.text() == "bright was removed; stopped."
    assert len(viewer.layers) == 0


def test_the_layers_of_the_chosen_model_are_offered(open_dock, models_home):
    dock = open_dock()
    offered = [dock.question.decoder.itemText(i) for i in range(dock.question.decoder.count())]
    assert offered == ["that of the atom", "layer 0", "layer 1"]
    dock.question.target.setCurrentText("Drawn region")
    assert [dock.question.decoder.itemText(i) for i in range(dock.question.decoder.count())] == [
        "layer 0",
        "layer 1",
    ]


def test_better_weights_of_a_running_training_do_not_disarm(qtbot, open_dock, models_home):
    dock = open_dock()
    click(qtbot, dock.panel.start_button)
    changed = []
    dock.source.changed.connect(lambda: changed.append(1))
    weights = dock.source.model.entry.card.weights_sha256
    bundle = load_network(dock.source.model.entry.path, torch.device("cpu"))
    better = {name: value + 1 for name, value in bundle.network.state_dict().items()}
    save_bundle(dock.source.model.entry.path, better, bundle.card)
    dock.source.model.refresh()
    assert dock.source.model.entry.card.weights_sha256 != weights
    assert dock.picker.is_armed
    assert not changed


def test_disarming_says_again_what_to_press(qtbot, open_dock):
    dock = open_dock()
    click(qtbot, dock.panel.start_button)
    assert dock.panel.words.text() == "The next click only chooses the target; it does not paint or move anything."
    click(qtbot, dock.panel.start_button)
    assert dock.panel.words.text() == "Press 'Pick atom', then click near an atom in the image."


def test_where_no_pixel_size_is_known_or_needed_pixels_are_proposed(qtbot, viewer, open_dock):
    dock = open_dock(image={"scale": (1, 1), "units": ("pixel", "pixel")}, layers=1, pixel_size=None)
    assert dock.kind == "pixel"
    dock.source.calibration.box.setValue(PIXEL_SIZE)
    assert dock.kind == "atom"


def explain_for_long(qtbot, viewer, dock, monkeypatch) -> None:
    """Pick an atom of layer 0 and let the job go on until it is stopped."""
    monkeypatch.setattr(explain_dock, "make_job", lambda _request, control: endless(control))
    dock.question.decoder.setCurrentText("layer 0")
    click(qtbot, dock.panel.start_button)
    with qtbot.waitSignal(dock.panel.runner.reported):
        click_at(qtbot, viewer, ATOMS[5])


def test_cancel_ends_the_job_and_leaves_no_heatmap(qtbot, viewer, open_dock, monkeypatch):
    dock, release = open_dock(), threading.Event()
    monkeypatch.setattr(explain_dock, "make_job", lambda _request, control: waiting(control, release=release))
    dock.question.decoder.setCurrentText("layer 0")
    click(qtbot, dock.panel.start_button)
    with qtbot.waitSignal(dock.panel.runner.reported):
        click_at(qtbot, viewer, ATOMS[5])
    with qtbot.waitSignal(dock.panel.runner.ended):
        click(qtbot, dock.panel.cancel_button)
        release.set()
    assert dock.panel.words.text() == "Stopped before there was a map that could be kept."
    assert dock.panel.start_button.isEnabled()
    assert not heatmaps(viewer)


def test_a_dock_that_is_closed_while_it_explains_leaves_no_worker(qtbot, viewer, open_dock, monkeypatch):
    dock, gone = open_dock(), []
    explain_for_long(qtbot, viewer, dock, monkeypatch)
    dock.destroyed.connect(lambda: gone.append(True))
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: bool(gone))
    assert QThreadPool.globalInstance().activeThreadCount() == 0


def test_a_viewer_closed_while_it_explains_leaves_no_worker(qtbot, viewer, open_dock, monkeypatch):
    explain_for_long(qtbot, viewer, open_dock(), monkeypatch)
    viewer.close()
    qtbot.waitUntil(lambda: QThreadPool.globalInstance().activeThreadCount() == 0)
