import functools
import threading
from pathlib import Path

import numpy as np
import pytest
from bright_scene import ATOMS, PIXEL_SIZE, add_bright, save_model, waiting
from fake_jobs import counting, endless, raising
from napari.layers import Image, Labels, Points
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt, QThreadPool
from qtpy.QtWidgets import QFileDialog
from scipy.spatial import KDTree

from napari_strata.control import JobState
from napari_strata.errors import CalibrationError
from napari_strata.events import Progress
from napari_strata.io.atom_tables import read_atoms
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.predict import dock as predict_dock
from napari_strata.widgets.predict.dock import PredictDock
from napari_strata.widgets.predict.report_dialog import ReportDialog


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def dock(viewer):
    """Return a dock in the viewer's window."""
    dock = PredictDock(viewer)
    viewer.window.add_dock_widget(dock, name="Predict")
    return dock


@pytest.fixture
def open_dock(viewer, models_home):
    """Open a dock on the image with known atoms and a model that sees them."""

    def open_dock(*, frames=0, image=None, **model) -> PredictDock:
        add_bright(viewer, frames, **image or {})
        save_model(models_home, **model)
        dock = PredictDock(viewer)
        viewer.window.add_dock_widget(dock, name="Predict")
        return dock

    return open_dock


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def predict(qtbot, dock: PredictDock) -> str:
    """Press Predict and wait for the end; return what the dock then says."""
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        click(qtbot, dock.panel.start_button)
    return dock.panel.words.text()


def layers(viewer, kind):
    return [layer for layer in viewer.layers if isinstance(layer, kind)]


def test_predict_adds_masks_probabilities_and_atoms_of_every_layer(qtbot, viewer, open_dock):
    dock = open_dock()
    said = predict(qtbot, dock)
    assert said.startswith("16 atoms in layer 0, 16 in layer 1 (")
    names = [layer.name.partition(" -")[0] for layer in viewer.layers]
    assert names == ["bright", "Layer 0 P(C)", "Layer 1 P(C)", "Layer 0 masks", "Layer 1 masks", "Atoms"]
    (points,) = layers(viewer, Points)
    for layer in (0, 1):
        found = points.data[points.features["layer"] == layer]
        distance, _ = KDTree(found).query(ATOMS)
        assert distance.max() < 0.1
    for mask in layers(viewer, Labels):
        at = tuple(ATOMS.astype(int).T)
        assert (mask.data[at] == 2).all()
        assert set(np.unique(mask.data)) == {1, 2}


def test_a_stack_is_predicted_frame_by_frame_where_it_lies(qtbot, viewer, open_dock):
    place = {"scale": (3, 0.02, 0.02), "translate": (1, 5, -7), "units": ("s", "nm", "nm")}
    dock = open_dock(frames=3, image=place)
    predict(qtbot, dock)
    (points,) = layers(viewer, Points)
    assert np.bincount(points.data[:, 0].astype(int)).tolist() == [32, 30, 28]
    assert [layer.data.shape for layer in layers(viewer, Labels)] == [(3, 56, 56)] * 2
    for layer in viewer.layers:
        assert np.allclose(layer.scale, place["scale"])
        assert np.allclose(layer.translate, place["translate"])
        assert [f"{unit:~}" for unit in layer.units] == ["s", "nm", "nm"]


def test_in_a_low_window_the_settings_scroll_and_what_was_found_stays_in_view(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.panel.say("16 atoms in layer 0. " * 12)
    dock.resize(400, 420)
    assert dock.minimumSizeHint().height() <= 420
    words = dock.panel.words
    qtbot.waitUntil(lambda: words.height() >= words.heightForWidth(words.width()))
    below = dock.export_button
    assert below.mapTo(dock, below.rect().bottomLeft()).y() < dock.height()


def test_what_a_second_model_finds_lies_on_top_of_all_that_the_first_one_found(
    qtbot, viewer, open_dock, models_home
):
    dock = open_dock()
    second = save_model(models_home, run="brighter")
    predict(qtbot, dock)
    dock.source.model.refresh(choose=second)
    predict(qtbot, dock)
    kinds = [type(layer) for layer in viewer.layers]
    assert kinds == [Image, *[Image, Image, Labels, Labels, Points] * 2]


def test_a_model_of_one_layer_that_needs_no_pixel_size_gives_one_mask(qtbot, viewer, open_dock):
    dock = open_dock(image={"scale": (1, 1), "units": ("pixel", "pixel")}, layers=1, pixel_size=None)
    assert not dock.find_atoms.isChecked()
    assert predict(qtbot, dock).startswith("Masks of C (")
    assert [layer.name.partition(" -")[0] for layer in viewer.layers] == ["bright", "P(C)", "Masks"]


def test_without_a_pixel_size_the_dock_says_at_once_that_it_is_needed(qtbot, open_dock):
    dock = open_dock(image={"scale": (1, 1), "units": ("pixel", "pixel")})
    assert not dock.panel.start_button.isEnabled()
    assert dock.panel.words.text() == "Type the pixel size: bright needs it."
    dock.source.calibration.box.setValue(PIXEL_SIZE)
    assert dock.panel.start_button.isEnabled()
    assert dock.panel.words.text() == ""
    assert predict(qtbot, dock).startswith("16 atoms in layer 0")


def test_an_empty_dock_says_what_is_missing(viewer, dock, models_home):
    assert dock.panel.words.text() == "Open an image."
    add_bright(viewer)
    assert dock.panel.words.text() == "Train a model first, or open one."
    save_model(models_home)
    dock.source.model.refresh()
    assert dock.panel.words.text() == ""
    assert dock.panel.start_button.isEnabled()


def test_without_find_atoms_there_are_masks_only(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.find_atoms.setChecked(False)
    assert not dock.atoms.isVisible()
    assert predict(qtbot, dock).startswith("Masks of 2 layers (")
    assert layers(viewer, Points) == []
    assert not dock.export_button.isEnabled()


def test_predicting_again_replaces_what_nobody_edited_and_keeps_what_somebody_did(qtbot, viewer, open_dock):
    dock = open_dock()
    predict(qtbot, dock)
    before, opacities = list(viewer.layers), [0.1 * number for number in range(1, len(viewer.layers) + 1)]
    for layer, opacity in zip(before, opacities, strict=True):
        layer.opacity = opacity
    predict(qtbot, dock)
    assert list(viewer.layers) == before and [layer.opacity for layer in before] == opacities
    mask = layers(viewer, Labels)[0]
    mask.paint((3, 3), 2)
    predict(qtbot, dock)
    assert mask in viewer.layers
    assert mask.name.endswith("(edited)")
    assert len(viewer.layers) == len(before) + 1


def test_atoms_are_exported_as_the_user_left_them(qtbot, viewer, open_dock, tmp_path, monkeypatch):
    dock = open_dock()
    predict(qtbot, dock)
    (points,) = layers(viewer, Points)
    points.data = points.data + np.array([0.5, 0])
    points.selected_data = {0, 1, 2}
    points.remove_selected()
    points.add([1.0, 2.0])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "atoms"), ""))
    click(qtbot, dock.export_button)
    table = read_atoms(tmp_path / "atoms.csv")
    assert len(table) == 32 - 3 + 1
    assert set(table["image"]) == {"bright"}
    added = table[(table["y_px"] == 1) & (table["x_px"] == 2)]
    assert added[["layer", "species", "y_A", "probability"]].to_numpy().tolist() == [[0, "C", 0.2, 1.0]]
    assert np.allclose(table["y_A"], PIXEL_SIZE * table["y_px"], atol=1e-6)
    assert dock.panel.words.text().startswith("30 atoms of 'Atoms - bright - bright' written to ")


def test_atoms_are_exported_in_the_format_that_is_chosen(qtbot, open_dock, tmp_path, monkeypatch):
    dock = open_dock()
    predict(qtbot, dock)
    for chosen, name in (("CIF, a block per layer (*.cif)", "a.cif"), ("CSV table with units (*.csv)", "a.csv")):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, c=chosen: (str(tmp_path / "a"), c))
        click(qtbot, dock.export_button)
        assert len(read_atoms(tmp_path / name)) == 32
    assert (tmp_path / "a.csv").read_text(encoding="utf-8-sig").startswith("# (0, 0) is the centre")


def test_an_export_that_cannot_be_written_is_refused_in_words(qtbot, open_dock, tmp_path, monkeypatch):
    dock = open_dock()
    predict(qtbot, dock)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path), ""))
    click(qtbot, dock.export_button)
    assert str(tmp_path) in dock.panel.words.text()


def test_a_cancelled_dialog_exports_nothing(qtbot, open_dock, monkeypatch):
    dock = open_dock()
    said = predict(qtbot, dock)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    click(qtbot, dock.export_button)
    assert dock.panel.words.text() == said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda viewer, image: viewer.layers.remove(image), "bright was removed; stopped."),
        (lambda viewer, image: setattr(image, "data", np.zeros((20, 20))), "were replaced meanwhile"),
        (lambda viewer, image: setattr(image, "data", image.data + 1), "were replaced meanwhile"),
        (lambda viewer, image: setattr(image, "scale", (0.3, 0.3)), "pixel size of bright was changed meanwhile"),
    ],
)
def test_a_result_that_no_longer_fits_is_dropped_with_words(qtbot, viewer, open_dock, monkeypatch, change, words):
    dock, release = open_dock(), threading.Event()
    monkeypatch.setattr(predict_dock, "_make_job", lambda control, *_: waiting(control, release=release))
    with qtbot.waitSignal(dock.panel.runner.reported):
        click(qtbot, dock.panel.start_button)
    (image,) = layers(viewer, Image)
    change(viewer, image)
    with qtbot.waitSignal(dock.panel.runner.ended):
        release.set()
    assert words in dock.panel.words.text()
    assert not layers(viewer, Labels)


def test_a_prediction_whose_image_is_removed_ends_by_itself(qtbot, viewer, open_dock, monkeypatch):
    dock = open_dock()
    monkeypatch.setattr(predict_dock, "_make_job", lambda control, *_: endless(control))
    with qtbot.waitSignal(dock.panel.runner.reported):
        click(qtbot, dock.panel.start_button)
    (image,) = layers(viewer, Image)
    with qtbot.waitSignal(dock.panel.runner.ended):
        viewer.layers.remove(image)
    assert dock.panel.words.text() == "bright was removed; stopped."


def test_a_moved_image_gets_its_result_where_it_now_is(qtbot, viewer, open_dock, monkeypatch):
    dock, make_job, release = open_dock(), predict_dock._make_job, threading.Event()

    def late(*arguments):
        release.wait(5)
        return make_job(*arguments)

    monkeypatch.setattr(predict_dock, "_make_job", late)
    click(qtbot, dock.panel.start_button)
    viewer.layers["bright"].translate = (4, 5)
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        release.set()
    assert [layer.translate.tolist() for layer in viewer.layers] == [[4, 5]] * 6


def test_cancel_ends_the_job_and_leaves_no_layers(qtbot, viewer, open_dock, monkeypatch):
    dock, release = open_dock(), threading.Event()
    monkeypatch.setattr(predict_dock, "_make_job", lambda control, *_: waiting(control, release=release))
    with qtbot.waitSignal(dock.panel.runner.reported):
        click(qtbot, dock.panel.start_button)
    assert not dock.panel.start_button.isEnabled()
    assert dock.panel.bar.isVisibleTo(dock)
    with qtbot.waitSignal(dock.panel.runner.ended):
        click(qtbot, dock.panel.cancel_button)
        assert dock.panel.words.text() == "Stopping…"
        assert not dock.panel.cancel_button.isEnabled()
        release.set()
    assert dock.panel.words.text() == "Stopped."
    assert dock.panel.start_button.isEnabled()
    assert not dock.panel.bar.isVisibleTo(dock)
    assert [layer.name for layer in viewer.layers] == ["bright"]


IN_NANOMETRES = {"scale": (1, 0.02, 0.02), "units": ("s", "nm", "nm")}


def stopped_in_the_third_frame(make_job, control, *arguments):
    for event in make_job(control, *arguments):
        yield event
        if isinstance(event, Progress) and "frame 3" in event.message:
            control.request_stop()


def test_cancel_shows_the_slices_that_were_done(qtbot, viewer, open_dock, monkeypatch):
    dock, make_job = open_dock(frames=3, image=IN_NANOMETRES), predict_dock._make_job
    monkeypatch.setattr(predict_dock, "_make_job", functools.partial(stopped_in_the_third_frame, make_job))
    said = predict(qtbot, dock)
    assert said.startswith("Stopped after 2 of 3 slices. 31 atoms in layer 0, 31 in layer 1 in 2 slices (")
    assert [layer.data.shape for layer in layers(viewer, Labels)] == [(2, 56, 56)] * 2


def test_a_cancelled_prediction_does_not_replace_a_whole_one(qtbot, viewer, open_dock, monkeypatch):
    dock, make_job = open_dock(frames=3, image=IN_NANOMETRES), predict_dock._make_job
    predict(qtbot, dock)
    whole = [*layers(viewer, Labels), *layers(viewer, Points)]
    monkeypatch.setattr(predict_dock, "_make_job", functools.partial(stopped_in_the_third_frame, make_job))
    predict(qtbot, dock)
    assert all(layer in viewer.layers for layer in whole)
    assert len(layers(viewer, Labels)) == 4
    assert len(layers(viewer, Points)) == 2


def test_a_failure_is_said_in_words_and_the_dock_stays_usable(qtbot, viewer, open_dock, monkeypatch):
    dock, make_job = open_dock(), predict_dock._make_job
    monkeypatch.setattr(predict_dock, "_make_job", lambda control, *_: raising(control, RuntimeError("broken")))
    assert "RuntimeError: broken" in predict(qtbot, dock)
    monkeypatch.setattr(predict_dock, "_make_job", make_job)
    assert predict(qtbot, dock).startswith("16 atoms")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.full((20, 20), 3.0), "is constant"),
        (np.full((20, 20), np.nan), "not finite"),
        (np.full((20, 20), np.inf), "not finite"),
        (np.zeros((1, 1)), "1 x 1 pixels"),
        (np.zeros((2, 2, 2, 20, 20)), "5 dimensions"),
        (np.zeros((2, 2, 20, 20)), "4 dimensions"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_in_words(qtbot, viewer, dock, models_home, data, words):
    save_model(models_home, pixel_size=None)
    dock.source.model.refresh()
    viewer.add_image(data, rgb=False)
    click(qtbot, dock.panel.start_button)
    assert words in dock.panel.words.text()
    assert dock.panel.runner.state is JobState.IDLE


@pytest.mark.parametrize("channels", [3, 4])
def test_a_colour_image_is_predicted_once_it_is_turned_grey(qtbot, viewer, dock, models_home, channels):
    save_model(models_home, pixel_size=None)
    dock.source.model.refresh()
    assert not dock.source.grey_button.isVisibleTo(dock)
    viewer.add_image(np.random.default_rng(0).random((20, 20, channels)), rgb=True, name="photo")
    assert dock.panel.words.text() == "photo is a colour image: press 'Convert to grey'."
    assert not dock.panel.start_button.isEnabled()
    click(qtbot, dock.source.grey_button)
    assert dock.source.image.layer.name == "photo grey"
    assert not dock.source.grey_button.isVisibleTo(dock)
    assert predict(qtbot, dock).startswith("Masks")


def test_a_truncated_model_is_refused_in_words(qtbot, open_dock, models_home):
    dock = open_dock()
    (weights,) = (models_home / "models").rglob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-10])
    assert "does not match the checksum" in predict(qtbot, dock)


def test_a_model_that_was_deleted_meanwhile_is_refused_in_words(qtbot, open_dock):
    dock = open_dock()
    (Path(dock.source.model.entry.path) / "card.yaml").unlink()
    click(qtbot, dock.panel.start_button)
    assert "is no model" in dock.panel.words.text()


def test_it_predicts_while_a_training_runs(qtbot, open_dock):
    dock, training = open_dock(), JobRunner()
    training.start(functools.partial(counting, steps=100_000), name="Training")
    assert predict(qtbot, dock).startswith("16 atoms")
    assert training.is_busy
    with qtbot.waitSignal(training.ended):
        training.stop()


@pytest.mark.canvas
def test_a_dock_that_is_closed_while_it_predicts_leaves_no_worker(qtbot, viewer, open_dock, monkeypatch):
    dock = open_dock()
    monkeypatch.setattr(predict_dock, "_make_job", lambda control, *_: endless(control))
    with qtbot.waitSignal(dock.panel.runner.reported):
        click(qtbot, dock.panel.start_button)
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: bool(gone))
    assert QThreadPool.globalInstance().activeThreadCount() == 0


@pytest.mark.canvas
def test_a_dock_that_is_closed_while_it_predicts_leaves_the_slices_that_were_done_and_says_so(
    qtbot, viewer, open_dock, monkeypatch
):
    dock, make_job = open_dock(frames=3, image=IN_NANOMETRES), predict_dock._make_job
    reached = threading.Event()

    def held_in_the_third_frame(control, *arguments):
        for event in make_job(control, *arguments):
            yield event
            if isinstance(event, Progress) and "frame 3" in event.message:
                reached.set()
                control.wait_for_requests()  # until it is stopped

    monkeypatch.setattr(predict_dock, "_make_job", held_in_the_third_frame)
    click(qtbot, dock.panel.start_button)
    qtbot.waitUntil(reached.is_set, timeout=60_000)
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: bool(gone))
    assert notification_manager.records[-1].message == (
        "Predicting bright was stopped because its dock was closed."
    )
    (points,) = layers(viewer, Points)
    assert len(points.data) == 62  # as after Cancel
    assert len(layers(viewer, Labels)) == 2


def test_a_viewer_closed_while_it_predicts_leaves_no_worker(qtbot, make_napari_viewer, models_home, monkeypatch):
    viewer = make_napari_viewer()
    add_bright(viewer)
    save_model(models_home)
    dock = PredictDock(viewer)
    viewer.window.add_dock_widget(dock, name="Predict")
    monkeypatch.setattr(predict_dock, "_make_job", lambda control, *_: counting(control, steps=100_000))
    with qtbot.waitSignal(dock.panel.runner.reported):
        click(qtbot, dock.panel.start_button)
    viewer.close()
    qtbot.waitUntil(lambda: QThreadPool.globalInstance().activeThreadCount() == 0)


def test_a_doubt_about_the_image_stays_on_the_dock_until_the_next_prediction(qtbot, viewer, open_dock):
    dock = open_dock(pixel_size=0.12)
    predict(qtbot, dock)
    doubt = "bright is outside what the model bright has seen, because its pixels of 0.2 Å are coarser"
    assert dock.panel.warnings.text().startswith(doubt)
    assert dock.panel.words.text().startswith("16 atoms")
    viewer.layers["bright"].scale = (0.12, 0.12)
    predict(qtbot, dock)
    assert not dock.panel.warnings.isVisibleTo(dock)


def test_what_was_told_of_an_image_goes_when_another_one_is_chosen(qtbot, viewer, open_dock):
    dock = open_dock(pixel_size=0.12)
    predict(qtbot, dock)
    assert dock.panel.warnings.text() and dock.panel.words.text()
    viewer.layers.remove("bright")
    assert dock.panel.warnings.text() == "" and dock.panel.words.text() == "Open an image."
    add_bright(viewer)
    assert (dock.panel.warnings.text(), dock.panel.words.text()) == ("", "")


def test_atoms_located_at_another_pixel_size_are_neither_exported_nor_reported(qtbot, viewer, open_dock, tmp_path):
    dock = open_dock()
    said = predict(qtbot, dock)
    dock.panel.warnings.setText("It is noisier.")
    dock.source.calibration.box.setValue(2 * PIXEL_SIZE)
    why = f"now {2 * PIXEL_SIZE:g} Å; these atoms were located at {PIXEL_SIZE:g} Å. Find the atoms anew"
    assert why in dock.panel.words.text()
    assert dock.panel.warnings.text() == ""
    click(qtbot, dock.report_button)
    assert not dock.findChildren(ReportDialog)
    with pytest.raises(CalibrationError, match="located at"):
        dock.export(tmp_path / "atoms.csv")
    assert not list(tmp_path.glob("atoms*"))
    dock.source.calibration.box.setValue(1.005 * PIXEL_SIZE)
    assert dock.panel.words.text() == said
    dock.export(tmp_path / "atoms.csv")
    dock.source.calibration.box.setValue(2 * PIXEL_SIZE)
    assert "located at" not in predict(qtbot, dock)
    dock.export(tmp_path / "atoms.csv")
