"""Corrections in a whole window: paint while it trains, pin, jump, pause, close."""

import numpy as np
import pytest
from qtpy.QtCore import Qt, QThreadPool

from napari_strata.config import ClassTable, TrainingConfig
from napari_strata.control import JobState
from napari_strata.events import CorrectionTaken, PinResult, PinsChecked
from napari_strata.training.engine.requests import read_requests
from napari_strata.training.patches.labelled import LabelledSource
from napari_strata.widgets.corrections.dock import CorrectionsDock
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.live.corrected import Corrected, PinState
from napari_strata.widgets.live.training import live_training_of
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.patches.dock import PatchesDock
from napari_strata.widgets.train.dock import TrainDock
from napari_strata.widgets.train.settings import LABELLED, SIMULATED

STRIPES = np.s_[0, 52:92, 52:92]
"""A part with a texture of its own, which is labelled as background by mistake."""
STRIPE, EPOCH = 3, 10
QUICK = TrainingConfig.parse(
    {
        "epochs": 100_000,
        "time_limit": None,
        "steps_per_epoch": EPOCH,
        "batch_size": 2,
        "patch_size": 32,
        "validation_crops": 1,
        "device": "cpu",
        "precision": "fp32",
        "preview_interval": 0.1,
        "optimizer": {"learning_rate": 0.01},
        "schedule": {"kind": "constant"},
        "averaging": {"kind": "none"},
    }
)
"""Without end, and as quick as the network can learn."""


def picture() -> np.ndarray:
    """Return three slices: bright on the left, dark on the right, striped in a corner."""
    images = np.random.default_rng(0).normal(0, 0.1, (3, 96, 96)).astype(np.float32)
    images[:, :, :45] += 1
    images[:, 50:, 50:] += np.where(np.arange(46) // 3 % 2, 1, 0)[:, None]
    return images


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def labels(viewer):
    image = viewer.add_image(picture(), name="cells", scale=(2, 0.5, 0.5), units=("nm",) * 3)
    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(("bubble", "stripe")))
    for frame in (0, 2):
        labels.data[frame, :, :45], labels.data[frame, :, 50:] = 2, 1
    viewer.dims.set_point(0, 0)
    return labels


@pytest.fixture
def train(qtbot, viewer, tmp_path):
    dock = TrainDock(viewer, ModelLibrary(tmp_path / "models"))
    viewer.window.add_dock_widget(dock)
    dock.settings.training.set_values(QUICK)
    dock.settings.model.set_value("filters", (8, 16))
    yield dock
    dock.runner.stop()
    qtbot.waitUntil(lambda: not dock.runner.is_busy, timeout=20_000)


def click(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def start(qtbot, train, source=LABELLED):
    train.settings.source.setCurrentText(source)
    click(qtbot, train.train_button)
    qtbot.waitUntil(lambda: train.runner.state is JobState.RUNNING, timeout=60_000)
    return live_training_of(train._viewer)


def repaint(labels, box, code):
    """Repaint a box as one step, as a brush does."""
    axes = [np.arange(part.start, part.stop) if isinstance(part, slice) else np.array([part]) for part in box]
    places = np.meshgrid(*axes, indexing="ij")
    labels.data_setitem(tuple(axis.ravel() for axis in places), code)


def taken(qtbot, live, number=1):
    qtbot.waitUntil(lambda: live.ledger.taken >= number, timeout=60_000)
    return live.ledger.entries[-1]


def probe(monkeypatch) -> list[int]:
    """Return a list that will hold the steps whose patches show the new code."""
    steps, real = [], LabelledSource.patch

    def patch(source, step, item):
        drawn = real(source, step, item)
        if (drawn.labels == STRIPE).any():
            steps.append(step)
        return drawn

    monkeypatch.setattr(LabelledSource, "patch", patch)
    return steps


def error_of(live) -> float:
    (overlay,) = live.prediction.overlay.layers
    return float((overlay.data[STRIPES] != STRIPE).mean())


@pytest.mark.canvas
def test_a_mistake_that_is_painted_over_goes_from_the_live_prediction(qtbot, viewer, labels, train, monkeypatch):
    drawn = probe(monkeypatch)
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    live = start(qtbot, train)
    (overlay,) = live.prediction.overlay.layers
    qtbot.waitUntil(lambda: overlay.data.any() and error_of(live) > 0.9, timeout=300_000)
    click(qtbot, corrections.paint_button)
    assert (viewer.layers.selection.active, labels.mode) == (labels, "paint")
    repaint(labels, STRIPES, STRIPE)
    one = taken(qtbot, live)
    assert (one.frame, one.box) == (0, (52, 52, 92, 92))
    assert f"1 correction is learned from since step {one.step}." in train.words.text()
    qtbot.waitUntil(lambda: error_of(live) < 0.3, timeout=300_000)
    click(qtbot, train.stop_button)
    qtbot.waitUntil(lambda: not train.runner.is_busy, timeout=20_000)
    [(step, kept)] = read_requests(train._run / "corrections")
    assert (step, kept.codes.shape, kept.codes.min()) == (one.step, (40, 40), STRIPE)
    assert one.step <= min(drawn) < one.step + 2 * EPOCH


def test_undo_redo_fill_and_new_data_are_learned_too(qtbot, viewer, labels, train):
    live = start(qtbot, train)
    runner, seen = train.runner, []
    runner.reported.connect(lambda event: seen.append(event) if isinstance(event, CorrectionTaken) else None)

    def boxes(number):
        qtbot.waitUntil(lambda: len(seen) >= number, timeout=20_000)
        one = seen[number - 1]
        return one.frame, one.y, one.x, one.height, one.width

    repaint(labels, np.s_[0, 5:8, 60:70], 2)
    assert boxes(1) == (0, 5, 60, 3, 10)
    labels.undo()
    assert boxes(2) == (0, 5, 60, 3, 10)
    labels.redo()
    assert boxes(3) == (0, 5, 60, 3, 10)
    labels.fill((0, 5, 60), 1)
    assert boxes(4) == (0, 5, 60, 3, 10)
    data = labels.data.copy()
    data[2, 40, 3:5] = 0
    labels.data = data
    assert boxes(5) == (2, 40, 3, 1, 2)
    labels.data[0, 0, 0] = 1
    labels.refresh()
    assert boxes(6) == (0, 0, 0, 1, 1)
    assert live.ledger.taken >= 2


def test_labels_on_a_slice_that_had_none_are_learned(qtbot, viewer, labels, train):
    live = start(qtbot, train)
    repaint(labels, np.s_[1, 10:20, 10:20], 2)
    one = taken(qtbot, live)
    assert (one.frame, one.box) == (1, (10, 10, 20, 20))


def test_a_class_that_came_later_is_refused_in_words_and_the_rest_is_learned(qtbot, viewer, labels, train):
    live = start(qtbot, train)
    repaint(labels, np.s_[0, 10:20, 60:70], 4)
    repaint(labels, np.s_[0, 30:40, 60:70], 2)
    qtbot.waitUntil(lambda: "code 4) that came after the training began" in train.words.text(), timeout=20_000)
    taken(qtbot, live)
    assert labels.data[0, 15, 65] == 4


def test_what_is_painted_while_it_is_paused_is_learned_when_it_goes_on(qtbot, viewer, labels, train):
    live = start(qtbot, train)
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    click(qtbot, train.pause_button)
    assert corrections.words.text().endswith("learns them when you press Resume.")
    repaint(labels, np.s_[0, 10:20, 60:70], 2)
    qtbot.waitUntil(lambda: corrections.table.rowCount() == 1, timeout=20_000)
    assert [corrections.table.item(0, column).text() for column in range(3)] == ["waits for Resume", "0", "15, 65"]
    assert "1 correction waits for Resume." in train.words.text()
    corrections.table.selectRow(0)
    assert not corrections.pin_button.isEnabled()
    assert live.ledger.taken == 0
    click(qtbot, train.pause_button)
    assert taken(qtbot, live).box == (10, 60, 20, 70)
    qtbot.waitUntil(lambda: not live.ledger.waiting, timeout=20_000)
    assert corrections.table.rowCount() == 1
    assert corrections.table.item(0, 0).text().startswith("learned since step")
    assert corrections.words.text().endswith("learns them within seconds.")


def test_what_was_painted_in_a_pause_that_ends_with_stop_waits_no_longer(qtbot, viewer, labels, train):
    live = start(qtbot, train)
    click(qtbot, train.pause_button)
    repaint(labels, np.s_[0, 10:20, 60:70], 2)
    qtbot.waitUntil(lambda: bool(live.ledger.waiting), timeout=20_000)
    run = stopped(qtbot, train)
    assert live.ledger.waiting == []
    train.go_on(run)
    assert taken(qtbot, live).box == (10, 60, 20, 70)


def test_strokes_on_an_image_are_learned_while_it_trains_on_simulated_crystals(qtbot, viewer, train):
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    viewer.add_image(picture()[0], name="a", scale=(0.2, 0.2), units=("angstrom",) * 2)
    live = start(qtbot, train, SIMULATED)
    click(qtbot, corrections.paint_button)
    first, second = live.painted
    assert (first.name, second.name) == ("a layer 0 labels", "a layer 1 labels")
    assert viewer.layers.selection.active == first
    repaint(second, np.s_[10:20, 30:40], 2)
    one = taken(qtbot, live)
    assert (one.box, one.layers) == ((10, 30, 20, 40), {1})


def test_labels_with_other_classes_are_not_learned_and_it_is_said_why(qtbot, viewer, train):
    image = viewer.add_image(picture()[0], name="a", scale=(0.2, 0.2), units=("angstrom",) * 2)
    live = start(qtbot, train, SIMULATED)
    new_labels(viewer, image, layers=1, table=ClassTable.from_names(("x", "y")))
    assert "a labels has the classes x, y, the network C" in train.words.text()
    assert live.painted == []


def test_a_correction_is_pinned_checked_and_unpinned(qtbot, viewer, labels, train):
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    live = start(qtbot, train)
    repaint(labels, STRIPES, 2)
    one = taken(qtbot, live)
    corrections.table.selectRow(0)
    assert corrections.pin_button.text() == "Do not repeat this mistake"
    click(qtbot, corrections.pin_button)
    assert corrections.table.item(0, 0).text() == "… not checked yet"
    qtbot.waitUntil(lambda: one.error is not None, timeout=20_000)
    assert one.state in (PinState.RIGHT, PinState.WRONG)
    assert corrections.pins.text().startswith("1 pinned: ")
    assert corrections.pin_button.text() == "Unpin"
    click(qtbot, corrections.pin_button)
    assert corrections.table.item(0, 0).text() == f"learned since step {one.step}"
    assert corrections.pins.text().startswith("Nothing is pinned")


def test_a_click_on_a_row_goes_to_the_slice_and_the_region(qtbot, viewer, labels, train):
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    corrections.show()
    live = start(qtbot, train)
    live.ledger.entries.append(Corrected(2, 20, 60, 10, 20, 7))
    live.changed.emit()
    item = corrections.table.visualItemRect(corrections.table.item(0, 0))
    qtbot.mouseClick(corrections.table.viewport(), Qt.MouseButton.LeftButton, pos=item.center())
    assert viewer.dims.point[0] == 4
    assert viewer.scene.camera.center[-2:] == pytest.approx((24.5 * 0.5, 69.5 * 0.5))
    assert viewer.scene.camera.zoom >= 20


def test_the_view_is_pinned_and_a_pin_that_goes_wrong_again_is_shown_as_such(qtbot, viewer, labels, train):
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    live = start(qtbot, train)
    click(qtbot, train.pause_button)
    click(qtbot, corrections.view_button)
    (one,) = live.ledger.entries
    assert (one.pin, one.frame, one.box) == ("Pin 1", 0, (0, 0, 96, 96))
    for error, was_right, words in (
        (0.01, None, "✓ right"),
        (0.5, True, "‼ wrong AGAIN (50%)"),
        (0.4, False, "‼ wrong AGAIN (40%)"),
        (0.1, False, "✓ right"),
        (None, True, "– nothing painted there"),
    ):
        is_right = error is None or error <= 0.1
        train.runner.reported.emit(PinsChecked(3, (PinResult("Pin 1", error, is_right, was_right),)))
        assert corrections.table.item(0, 0).text() == words
    click(qtbot, train.pause_button)


def test_the_live_prediction_follows_the_slice_and_its_interval_can_be_changed(qtbot, viewer, labels, train):
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    live = start(qtbot, train)
    (overlay,) = live.prediction.overlay.layers
    corrections.interval.setValue(0.2)
    viewer.dims.set_point(0, 4)
    qtbot.waitUntil(lambda: overlay.translate[0] == 4 and overlay.data.any(), timeout=30_000)
    assert tuple(overlay.data_to_world((0, 5, 6))) == tuple(labels.data_to_world((2, 5, 6)))
    assert live.interval == 0.2


def test_closing_the_dock_leaves_the_training_and_what_was_painted(qtbot, viewer, labels, train):
    corrections = CorrectionsDock(viewer)
    live = start(qtbot, train)
    gone = []
    corrections.destroyed.connect(lambda: gone.append(True))
    corrections.setParent(train)
    corrections.setParent(None)
    qtbot.waitUntil(lambda: bool(gone), timeout=20_000)
    repaint(labels, np.s_[0, 10:20, 60:70], 2)
    taken(qtbot, live)
    assert train.runner.state is JobState.RUNNING


def test_without_a_training_the_dock_says_what_to_do(qtbot, viewer):
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    assert corrections.words.text().startswith("No training runs. Press Train")
    assert not corrections.paint_button.isEnabled()


@pytest.mark.canvas
def test_a_viewer_closed_after_a_stroke_has_it_in_the_run_folder(qtbot, make_napari_viewer, tmp_path):
    viewer = make_napari_viewer()
    dock = TrainDock(viewer, ModelLibrary(tmp_path / "models"))
    viewer.window.add_dock_widget(dock)
    image = viewer.add_image(picture(), name="cells")
    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(("bubble",)))
    labels.data[0, :, :45], labels.data[0, :, 50:] = 2, 1
    dock.settings.training.set_values(QUICK)
    dock.settings.model.set_value("filters", (4, 8))
    live = start(qtbot, dock)
    repaint(labels, np.s_[0, 10:20, 60:70], 2)
    taken(qtbot, live)
    viewer.close()
    qtbot.waitUntil(lambda: QThreadPool.globalInstance().activeThreadCount() == 0, timeout=20_000)
    [(_, kept)] = read_requests(next((tmp_path / "models").rglob("corrections")))
    assert (kept.y, kept.x, kept.codes.tolist()) == (10, 60, [[2] * 10] * 10)


def stopped(qtbot, train):
    """Stop a training, and return the folder in which it can go on."""
    click(qtbot, train.stop_button)
    qtbot.waitUntil(lambda: not train.runner.is_busy, timeout=20_000)
    return train._run


def test_labels_that_were_removed_are_said_to_be_gone_and_new_ones_are_learned(qtbot, viewer, labels, train):
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    live = start(qtbot, train)
    viewer.layers.remove(labels)
    assert corrections.words.text().startswith("The labels of this training were removed; what it learned")
    click(qtbot, corrections.paint_button)
    (new,) = live.painted
    assert corrections.words.text().startswith(f"Paint over mistakes in “{new.name}”")
    repaint(new, STRIPES, STRIPE)
    assert taken(qtbot, live).layers == {0}


def live_layers(viewer):
    return [layer.name for layer in viewer.layers if layer.metadata.get("napari_strata_live")]


def test_a_training_that_goes_on_from_its_folder_has_its_corrections_and_pins(qtbot, viewer, labels, train):
    corrections = CorrectionsDock(viewer)
    qtbot.addWidget(corrections)
    live = start(qtbot, train)
    repaint(labels, STRIPES, STRIPE)
    live.pin(taken(qtbot, live))
    qtbot.waitUntil(lambda: live.ledger.entries[0].error is not None, timeout=20_000)
    run = stopped(qtbot, train)
    assert len(live_layers(viewer)) == 1
    viewer.layers["cells"].data = picture()[::-1]  # another image: nothing is predicted on it
    train.go_on(run)
    assert live_layers(viewer) == []
    (one,) = live.ledger.entries
    assert (one.box, one.pin, one.state) == ((52, 52, 92, 92), "Pin 1", PinState.NOT_CHECKED)
    assert "what is painted now is not learned" in corrections.words.text()
    assert "what is painted now is not learned" in train.words.text()
    qtbot.waitUntil(lambda: one.error is not None, timeout=20_000)


def test_empty_labels_are_not_taken_for_those_of_a_training_that_goes_on(qtbot, viewer, labels, train):
    live = start(qtbot, train)
    run = stopped(qtbot, train)
    viewer.layers.remove(labels)
    new_labels(viewer, viewer.layers["cells"], layers=1, table=ClassTable.from_names(("bubble", "stripe")))
    train.go_on(run)
    assert live.painted == []  # all that it knows would be erased


@pytest.mark.parametrize("kind", ["none", "deep"])
def test_a_training_that_goes_on_learns_what_is_painted_on_its_layers_now_and_meanwhile(
    qtbot, viewer, labels, train, kind
):
    several = {"ensemble": {"kind": "deep", "members": 20}, "epochs": 10}  # 2000 batches
    train.settings.training.set_values(
        QUICK if kind == "none" else TrainingConfig.parse(QUICK.model_dump() | several)
    )
    live = start(qtbot, train)
    qtbot.waitUntil(lambda: kind == "none" or "network 2 of 20" in train.words.text(), timeout=60_000)
    repaint(labels, np.s_[0, 10:20, 60:70], 2)
    taken(qtbot, live)
    run = stopped(qtbot, train)
    repaint(labels, np.s_[2, 80:90, 5:25], 3)
    viewer.dims.set_point(0, 4)
    train.go_on(run)
    assert live.painted == [labels]
    qtbot.waitUntil(lambda: len(live.ledger.entries) == 2, timeout=60_000)
    assert [(one.frame, one.box) for one in live.ledger.entries] == [(0, (10, 60, 20, 70)), (2, (80, 5, 90, 25))]
    repaint(labels, np.s_[1, 30:40, 30:40], 2)
    qtbot.waitUntil(lambda: len(live.ledger.entries) == 3, timeout=60_000)
    assert (live.ledger.entries[2].frame, live.ledger.entries[2].box) == (1, (30, 30, 40, 40))
    (overlay,) = live.prediction.overlay.layers
    qtbot.waitUntil(lambda: overlay.data.any(), timeout=60_000)
    assert overlay.translate[0] == 4


@pytest.mark.parametrize("is_other", [False, True])
def test_a_simulated_training_that_goes_on_knows_the_image_that_was_corrected(qtbot, viewer, train, is_other):
    image = viewer.add_image(picture()[0], name="a", scale=(0.2, 0.2), units=("angstrom",) * 2)
    live = start(qtbot, train, SIMULATED)
    (first, _second) = new_labels(viewer, image, layers=2, table=live.plan.classes)
    repaint(first, np.s_[10:20, 30:40], 2)
    taken(qtbot, live)
    run = stopped(qtbot, train)
    if is_other:
        image.data = picture()[1]
    train.go_on(run)
    assert live.image == (None if is_other else image)
    assert len(live.painted) == (0 if is_other else 2)


def test_what_the_user_turns_to_is_predicted_while_the_training_is_paused(qtbot, viewer, labels, train):
    live = start(qtbot, train)
    click(qtbot, train.pause_button)
    viewer.dims.set_point(0, 4)
    (overlay,) = live.prediction.overlay.layers
    qtbot.waitUntil(lambda: overlay.translate[0] == 4 and overlay.data.any(), timeout=60_000)
    assert train.runner.state is JobState.PAUSED
    click(qtbot, train.pause_button)


@pytest.mark.parametrize("dock", [CorrectionsDock, PatchesDock])
def test_the_docks_scroll_where_the_window_is_low(qtbot, viewer, dock):
    low = dock(viewer)
    qtbot.addWidget(low)
    assert low.minimumSizeHint().height() <= 120
