from pathlib import Path

import numpy as np
import pytest
from napari.layers import Image, Labels
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt, QThreadPool

from napari_strata.config import ClassTable
from napari_strata.control import JobState
from napari_strata.events import BatchEnded, PreviewReady
from napari_strata.io.bundle import find_bundle, read_card
from napari_strata.io.masks import read_masks
from napari_strata.training.folders.listing import find_runs, read_run
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.live.training import live_training_of
from napari_strata.widgets.parts.layer_choice import RESULT
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.train.dock import TrainDock
from napari_strata.widgets.train.settings import LABELLED

PICTURE = np.random.default_rng(0).random((48, 40)).astype(np.float32)
IN_ANGSTROM = {"scale": (0.2, 0.2), "units": ("angstrom", "angstrom")}


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def dock(qtbot, viewer, tmp_path):
    dock = TrainDock(viewer, ModelLibrary(tmp_path / "models"))
    viewer.window.add_dock_widget(dock)
    small = {"epochs": 2, "steps_per_epoch": 2, "batch_size": 2, "patch_size": 32, "validation_crops": 2}
    for name, value in (small | {"device": "cpu", "precision": "fp32", "preview_interval": 0.1}).items():
        dock.settings.training.set_value(name, value)
    dock.settings.model.set_value("filters", (4, 8))
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    yield dock
    if not gone:
        dock.runner.stop()
        qtbot.waitUntil(lambda: not dock.runner.is_busy, timeout=20_000)


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def train_to_end(qtbot, dock, then=lambda: None):
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000) as ending:
        click(qtbot, dock.train_button)
        assert dock.runner.is_busy, last_words()
        then()
    return ending.args[0]


def train_for_long(qtbot, dock):
    """Start a training that will not end by itself, and wait for its first batch."""
    dock.settings.training.set_value("epochs", 10_000)
    batches = []
    dock.runner.reported.connect(lambda event: batches.append(event) if isinstance(event, BatchEnded) else None)
    click(qtbot, dock.train_button)
    qtbot.waitUntil(lambda: bool(batches), timeout=60_000)


def stop(qtbot, dock):
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000) as ending:
        click(qtbot, dock.stop_button)
    return ending.args[0]


def last_words() -> str:
    return notification_manager.records[-1].message


def choose(qtbot, dock, name: str, text: str) -> None:
    """Choose from a list of the network's settings by keys, as a user does who unfolds them."""
    if not dock.settings.model.advanced.isExpanded():
        click(qtbot, dock.settings.model.advanced.toggleButton())
    box = dock.settings.model.editor(name)
    while box.currentText() != text:
        place = box.currentIndex()
        qtbot.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() > place, f"there is no {text}"


def live_layers(viewer) -> list:
    return [layer for layer in viewer.layers if "live prediction" in layer.name.lower()]


def paint(labels: Labels, frame: int) -> None:
    labels.data[frame, :8, :], labels.data[frame, 30:, :] = 1, 2


def labelled_stack(viewer, *, layers: int) -> tuple[Image, list[Labels]]:
    image = viewer.add_image(np.stack([PICTURE] * 3), name="stack")
    return image, new_labels(viewer, image, layers=layers, table=ClassTable.from_names(("bubble",)))


def test_training_on_simulated_crystals_ends_with_a_model_and_live_layers(qtbot, viewer, dock):
    viewer.add_image(PICTURE, name="a", **IN_ANGSTROM)
    ended = train_to_end(qtbot, dock)
    assert ended.error is None
    card = read_card(find_bundle(ended.result.value))
    assert (card.name, card.model.architecture, card.classes.names) == ("Gomb-Net graphene", "gombnet", ("C",))
    assert dock.words.text().startswith("Finished: all epochs are done; best weights kept (epoch ")
    assert "“Gomb-Net-graphene” is ready in the Predict dock" in dock.words.text()
    first, second = live_layers(viewer)
    assert first.data.shape == PICTURE.shape
    assert first.data.any()
    assert second.data.any()
    assert first.scale.tolist() == [0.2, 0.2]


def test_classes_that_overlap_are_chosen_and_learned(qtbot, viewer, dock):
    names = ("cell", "nucleus", "cell+nucleus")
    image = viewer.add_image(np.stack([PICTURE] * 2), name="cells")
    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(names))
    for code, rows in ((1, slice(0, 12)), (2, slice(12, 24)), (3, slice(24, 36)), (4, slice(36, 48))):
        labels.data[:, rows] = code
    dock.settings.source.setCurrentText(LABELLED)
    choose(qtbot, dock, "output", "multi-label")
    ended = train_to_end(qtbot, dock)
    assert ended.error is None
    card = read_card(find_bundle(ended.result.value))
    assert (card.model.output, card.classes.names) == ("multi-label", ("cell", "nucleus"))
    (live,) = live_layers(viewer)
    assert set(np.unique(live.data)) <= {1, 2, 3}


def test_without_an_image_there_is_a_model_and_no_live_layer(qtbot, viewer, dock):
    ended = train_to_end(qtbot, dock)
    assert ended.result.value.is_dir()
    assert len(viewer.layers) == 0


def test_a_few_strokes_train_a_unet_whose_live_labels_lie_on_the_shown_slice(qtbot, viewer, dock):
    image, (labels,) = labelled_stack(viewer, layers=1)
    paint(labels, 0)
    paint(labels, 2)
    viewer.dims.set_point(0, 2)
    dock.settings.source.setCurrentText(LABELLED)
    ended = train_to_end(qtbot, dock)
    assert ended.error is None
    card = read_card(find_bundle(ended.result.value))
    assert (card.model.architecture, card.model.pixel_size, card.classes.names) == ("unet", None, ("bubble",))
    assert card.name == "U-Net stack"
    (live,) = live_layers(viewer)
    assert live.data.shape == (1, 48, 40)
    assert tuple(live.data_to_world((0, 5, 6))) == tuple(image.data_to_world((2, 5, 6)))
    assert set(np.unique(live.data)) <= {1, 2}


def test_a_gombnet_learns_from_one_labels_layer_per_crystal_layer(qtbot, viewer, dock):
    _image, layers = labelled_stack(viewer, layers=2)
    for labels in layers:
        paint(labels, 0)
        paint(labels, 1)
    dock.settings.source.setCurrentText(LABELLED)
    dock.settings.network.setCurrentIndex(0)
    assert [choice.layer for choice in dock.settings.labels[:2]] == layers
    ended = train_to_end(qtbot, dock)
    assert ended.error is None
    assert read_card(find_bundle(ended.result.value)).model.layers == 2


def test_painting_while_it_trains_changes_nothing_that_was_copied_and_loses_nothing(qtbot, viewer, dock):
    _image, (labels,) = labelled_stack(viewer, layers=1)
    paint(labels, 0)
    dock.settings.source.setCurrentText(LABELLED)
    train_for_long(qtbot, dock)
    labels.paint((1, 20, 20), 2)
    assert stop(qtbot, dock).error is None
    assert labels.data[1, 20, 20] == 2
    assert labels.data[0, 0, 0] == 1


def test_the_strokes_are_kept_in_the_run_folder(qtbot, viewer, dock):
    _image, (labels,) = labelled_stack(viewer, layers=1)
    paint(labels, 0)
    dock.settings.source.setCurrentText(LABELLED)
    ended = train_to_end(qtbot, dock)
    kept = read_masks(Path(ended.result.paths["run"]) / "labels.tif")
    np.testing.assert_array_equal(kept[:, 0], labels.data)


def test_the_buttons_follow_the_state(qtbot, viewer, dock):
    def enabled():
        return tuple(b.isEnabled() for b in (dock.train_button, dock.pause_button, dock.stop_button))

    assert enabled() == (True, False, False)
    train_for_long(qtbot, dock)
    assert enabled() == (False, True, True)
    click(qtbot, dock.pause_button)
    assert dock.pause_button.text() == "Resume"
    assert dock.words.text().startswith("Paused in epoch")
    click(qtbot, dock.pause_button)
    assert dock.pause_button.text() == "Pause"
    click(qtbot, dock.stop_button)
    assert enabled() == (False, False, False)
    assert dock.words.text().startswith("Stopping: the step at hand is finished first")
    qtbot.waitUntil(lambda: enabled() == (True, False, False), timeout=20_000)


def test_loss_and_time_left_are_shown_while_it_trains(qtbot, viewer, dock):
    dock._clock.setInterval(100)
    train_for_long(qtbot, dock)
    qtbot.waitUntil(lambda: "left." in dock.words.text(), timeout=20_000)
    qtbot.waitUntil(lambda: dock.plot._curves["batch"].getOriginalDataset()[0] is not None, timeout=20_000)
    stop(qtbot, dock)


def test_stop_keeps_the_best_weights_and_says_where(qtbot, viewer, dock):
    train_for_long(qtbot, dock)
    qtbot.waitUntil(lambda: "Best so far: loss" in dock.words.text(), timeout=20_000)
    ended = stop(qtbot, dock)
    assert find_bundle(ended.result.value)
    assert dock.words.text().startswith("Stopped; best weights kept (epoch ")


def test_stop_while_preparing_leaves_no_model_and_no_worker(qtbot, viewer, dock):
    ended = train_to_end(qtbot, dock, then=lambda: click(qtbot, dock.stop_button))
    assert (ended.reason.value, ended.result) == ("canceled", None)
    assert dock.words.text() == "Stopped before the first batch; there is no model."
    assert dock.train_button.isEnabled()


def test_stop_while_preparing_leaves_no_empty_live_prediction(qtbot, viewer, dock):
    image = viewer.add_image(PICTURE, name="camera")
    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(("C",)))
    labels.data_setitem((np.arange(8), np.arange(8)), np.repeat([1, 2], 4))
    dock.settings.source.setCurrentText(LABELLED)
    train_to_end(qtbot, dock, then=lambda: click(qtbot, dock.stop_button))
    assert [layer.name for layer in viewer.layers] == ["camera", labels.name]
    (run,) = (read_run(path) for path in find_runs(dock._library.folder))
    assert (run.state.value, run.words.split(";")[0]) == ("stopped", "It ended before the first batch")


def test_a_second_click_on_train_is_refused_in_words(qtbot, viewer, dock):
    train_for_long(qtbot, dock)
    qtbot.waitUntil(lambda: bool(dock._library.list()), timeout=20_000)
    click(qtbot, dock.train_button)
    dock.train_button.clicked.emit()
    assert "Training Gomb-Net-graphene is still running. Stop it" in last_words()
    stop(qtbot, dock)
    assert len(list(dock._library.folder.iterdir())) == 1


def test_a_running_training_is_offered_as_such(qtbot, viewer, dock):
    train_for_long(qtbot, dock)
    qtbot.waitUntil(lambda: bool(dock._library.list()), timeout=20_000)
    assert dock._library.list()[0].is_training
    stop(qtbot, dock)
    assert not dock._library.list()[0].is_training


def test_the_image_removed_meanwhile_ends_the_live_layers_and_not_the_training(qtbot, viewer, dock):
    image = viewer.add_image(PICTURE, **IN_ANGSTROM)
    train_for_long(qtbot, dock)
    viewer.layers.remove(image)
    qtbot.waitUntil(lambda: not live_layers(viewer))
    assert "The image was removed: the training goes on without a live preview." in dock.words.text()
    qtbot.wait(300)
    assert dock.runner.state is JobState.RUNNING
    assert stop(qtbot, dock).error is None


def test_the_image_removed_while_strokes_are_learned_leaves_the_strokes(qtbot, viewer, dock):
    image, (labels,) = labelled_stack(viewer, layers=1)
    paint(labels, 0)
    painted = labels.data.copy()
    dock.settings.source.setCurrentText(LABELLED)
    train_for_long(qtbot, dock)
    viewer.layers.remove(image)
    assert stop(qtbot, dock).error is None
    assert labels in viewer.layers
    np.testing.assert_array_equal(labels.data, painted)


def test_a_live_layer_removed_meanwhile_is_not_missed(qtbot, viewer, dock):
    viewer.add_image(PICTURE, **IN_ANGSTROM)
    train_for_long(qtbot, dock)
    viewer.layers.remove(live_layers(viewer)[0])
    qtbot.wait(300)
    assert stop(qtbot, dock).error is None
    assert len(live_layers(viewer)) == 1


def test_all_layers_can_be_deleted_at_once_after_a_training(qtbot, viewer, dock):
    viewer.add_image(PICTURE, **IN_ANGSTROM)
    train_to_end(qtbot, dock)
    viewer.layers.select_all()
    viewer.layers.remove_selected()
    qtbot.wait(50)
    assert not len(viewer.layers)


@pytest.mark.parametrize("is_paused", [False, True])
def test_closing_the_dock_stops_the_training_and_keeps_the_model(qtbot, viewer, dock, is_paused):
    library, live, gone = dock._library, live_training_of(viewer), []
    train_for_long(qtbot, dock)
    qtbot.waitUntil(lambda: bool(library.list()), timeout=20_000)
    if is_paused:
        click(qtbot, dock.pause_button)
    dock.destroyed.connect(lambda: gone.append(True))
    dock.setParent(None)  # as napari does
    qtbot.waitUntil(lambda: bool(gone), timeout=20_000)
    (entry,) = library.list()
    assert (entry.card.name, entry.is_training) == ("Gomb-Net graphene", False)
    assert not live.runs
    ending = "“Gomb-Net-graphene” is ready in the Predict dock."
    assert last_words().startswith("Stopped; best weights kept")
    assert last_words().endswith(ending)
    again = TrainDock(viewer, library)
    qtbot.addWidget(again)
    assert again.words.text().endswith(ending)


def test_before_a_training_ends_with_its_dock_the_dock_asks(qtbot, viewer, dock):
    assert dock.closing_question == ""
    train_for_long(qtbot, dock)
    assert dock.closing_question.startswith("Gomb-Net-graphene is still training. Closing the dock ends it")
    stop(qtbot, dock)
    assert dock.closing_question == ""


def test_a_training_that_goes_on_shows_its_earlier_curve(qtbot, viewer, dock):
    train_for_long(qtbot, dock)
    qtbot.waitUntil(lambda: len(dock.plot._epochs) > 3, timeout=20_000)
    run = Path(stop(qtbot, dock).result.paths["run"])
    dock.go_on(run)
    assert dock.plot._curves["validation"].getOriginalDataset()[0][:3].tolist() == [2, 4, 6]
    stop(qtbot, dock)


def test_closing_the_viewer_stops_the_training_and_keeps_the_model(qtbot, make_napari_viewer, tmp_path):
    viewer = make_napari_viewer()
    library = ModelLibrary(tmp_path / "models")
    dock = TrainDock(viewer, library)
    viewer.window.add_dock_widget(dock)
    for name, value in {"steps_per_epoch": 1, "batch_size": 1, "patch_size": 32, "validation_crops": 1}.items():
        dock.settings.training.set_value(name, value)
    dock.settings.model.set_value("filters", (4, 8))
    train_for_long(qtbot, dock)
    viewer.close()
    qtbot.waitUntil(lambda: QThreadPool.globalInstance().activeThreadCount() == 0, timeout=20_000)
    assert library.list()[0].card.name == "Gomb-Net graphene"


def test_a_viewer_closed_while_strokes_are_learned_leaves_them_in_the_run_folder(
    qtbot, make_napari_viewer, tmp_path
):
    viewer = make_napari_viewer()
    dock = TrainDock(viewer, ModelLibrary(tmp_path / "models"))
    viewer.window.add_dock_widget(dock)
    _image, (labels,) = labelled_stack(viewer, layers=1)
    paint(labels, 0)
    painted = labels.data.copy()
    dock.settings.source.setCurrentText(LABELLED)
    click(qtbot, dock.train_button)
    viewer.close()
    qtbot.waitUntil(lambda: QThreadPool.globalInstance().activeThreadCount() == 0, timeout=20_000)
    [kept] = (tmp_path / "models").rglob("labels.tif")
    np.testing.assert_array_equal(read_masks(kept)[:, 0], painted)


def test_a_new_training_replaces_the_live_layers(qtbot, viewer, dock):
    viewer.add_image(PICTURE, **IN_ANGSTROM)
    train_to_end(qtbot, dock)
    old = live_layers(viewer)
    train_to_end(qtbot, dock)
    assert len(live_layers(viewer)) == 2
    assert not set(old) & set(live_layers(viewer))


def test_live_layers_make_way_for_results_once_the_training_is_over(qtbot, viewer, dock):
    viewer.add_image(PICTURE, **IN_ANGSTROM)
    train_to_end(qtbot, dock)
    viewer.add_image(PICTURE, name="mine")
    assert all(layer.visible for layer in live_layers(viewer))
    viewer.add_image(PICTURE, name="result", metadata={RESULT: True})
    assert not any(layer.visible for layer in live_layers(viewer))


BAD_PICTURES = {
    "not finite": (np.where(np.eye(16) > 0, np.nan, 1.0), {}, "pixels that are not finite"),
    "infinite": (np.where(np.eye(16) > 0, np.inf, 1.0), {}, "pixels that are not finite"),
    "constant": (np.ones((16, 16)), {}, "is constant"),
    "colour": (np.random.default_rng(0).random((16, 16, 3)), {"rgb": True}, "is a colour image"),
    "one pixel": (np.ones((1, 1)), {}, "1 x 1 pixels"),
    "five dimensions": (np.zeros((2, 2, 2, 16, 16)), {}, "has 5 dimensions"),
}


@pytest.mark.parametrize("kind", BAD_PICTURES)
def test_an_image_that_cannot_be_used_is_refused_in_words(qtbot, viewer, dock, kind):
    data, settings, words = BAD_PICTURES[kind]
    image = viewer.add_image(data, name="bad", **settings)
    dock.settings.model.set_value("pixel_size", 0.2)
    image.scale, image.units = (0.2,) * image.ndim, ("angstrom",) * image.ndim
    click(qtbot, dock.train_button)
    qtbot.waitUntil(lambda: not dock.runner.is_busy, timeout=20_000)
    assert words in last_words()
    assert dock.train_button.isEnabled()


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ((0,), "Nothing is painted in stack labels"),
        ((1,), "Only background is painted"),
        ((2,), "Only bubble is painted"),
        ((1, 7), r"codes [7], which are not in its class table"),
    ],
)
def test_labels_that_teach_nothing_are_refused_in_words(qtbot, viewer, dock, codes, words):
    _image, (labels,) = labelled_stack(viewer, layers=1)
    labels.data[0, 0, : len(codes)] = codes
    dock.settings.source.setCurrentText(LABELLED)
    click(qtbot, dock.train_button)
    assert words in last_words()
    assert not dock.runner.is_busy


def test_labels_of_another_shape_are_refused_in_words(qtbot, viewer, dock):
    viewer.add_image(PICTURE, name="a")
    viewer.add_labels(np.ones((3, 4), int), name="other")
    dock.settings.source.setCurrentText(LABELLED)
    click(qtbot, dock.train_button)
    assert "other has shape (3, 4), its image (48, 40)" in last_words()


def test_a_missing_pixel_size_is_asked_for(qtbot, viewer, dock):
    viewer.add_image(PICTURE, name="a")
    click(qtbot, dock.train_button)
    assert "The pixel size of a is not known" in last_words()
    assert dock.words.text() == last_words()
    dock.settings.calibration.box.setValue(0.2)
    assert train_to_end(qtbot, dock).error is None


def test_a_folder_that_cannot_be_written_is_named(qtbot, viewer, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    dock = TrainDock(viewer, ModelLibrary(tmp_path / "file" / "models"))
    qtbot.addWidget(dock)
    click(qtbot, dock.train_button)
    assert f"{tmp_path / 'file' / 'models'}" in last_words()
    assert not dock.runner.is_busy


def test_the_budget_is_shown_before_training(qtbot, viewer):
    dock = TrainDock(viewer)
    qtbot.addWidget(dock)
    assert dock.words.text() == "Trains for at most 5 minutes or 100 epochs. Stop keeps the best weights."


def test_the_network_works_on_its_own_grid_only_where_atoms_are_seen(viewer, dock):
    image = viewer.add_image(PICTURE, scale=(5, 5), units=("nm", "nm"))
    settings = dock.settings
    assert settings.model.values().pixel_size == 0.2
    settings.source.setCurrentText(LABELLED)
    settings.network.setCurrentIndex(0)
    assert settings.model.values().pixel_size is None
    image.scale = (0.01, 0.01)
    assert settings.model.values().pixel_size == 0.2


def test_the_curve_is_drawn_however_often_previews_come(qtbot, viewer, dock):
    train_for_long(qtbot, dock)
    dock._clock.setInterval(200)
    drawn, draw = [], dock.plot.draw
    dock.plot.draw = lambda: drawn.append(draw())
    for _ in range(16):
        dock._on_event(PreviewReady(np.zeros((1, 2, 4, 4), np.float32), 0, 0))
        qtbot.wait(100)
    assert drawn
    stop(qtbot, dock)
