"""The Train dock with the engine "process": nothing differs, and what happens there harms nothing here."""

import numpy as np
import psutil
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt

from napari_strata.config import ClassTable
from napari_strata.control import JobState
from napari_strata.events import BatchEnded, EpochEnded, FinishReason
from napari_strata.jobs.train_process import MODULE
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.train.dock import TrainDock


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def labels(viewer):
    """Two slices, painted upon."""
    picture = np.random.default_rng(0).random((48, 40)).astype(np.float32)
    image = viewer.add_image(np.stack([picture] * 2), name="stack")
    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(("bubble",)))
    labels.data[:, :8, :], labels.data[:, 30:, :] = 1, 2
    labels.refresh()
    return labels


@pytest.fixture
def dock(qtbot, viewer, labels, tmp_path):
    dock = TrainDock(viewer, ModelLibrary(tmp_path / "models"))
    viewer.window.add_dock_widget(dock)
    small = {"epochs": 10_000, "steps_per_epoch": 2, "batch_size": 2, "patch_size": 32, "engine": "process"}
    for name, value in (small | {"device": "cpu", "precision": "fp32", "preview_interval": 0.1}).items():
        dock.settings.training.set_value(name, value)
    dock.settings.model.set_value("filters", (4, 8))
    yield dock
    dock.runner.stop()
    qtbot.waitUntil(lambda: not dock.runner.is_busy, timeout=20_000)


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def child() -> psutil.Process:
    (found,) = [one for one in psutil.Process().children() if MODULE in one.cmdline()]
    return found


def test_pause_resume_and_stop_work_and_the_live_prediction_comes(qtbot, viewer, dock):
    events = []
    dock.runner.reported.connect(events.append)
    click(qtbot, dock.train_button)
    qtbot.waitUntil(lambda: any(isinstance(event, EpochEnded) for event in events), timeout=60_000)
    qtbot.waitUntil(
        lambda: any("live prediction" in layer.name.lower() for layer in viewer.layers), timeout=20_000
    )
    click(qtbot, dock.pause_button)
    assert dock.runner.state is JobState.PAUSED
    qtbot.wait(300)
    done = sum(isinstance(event, BatchEnded) for event in events)
    qtbot.wait(300)
    assert sum(isinstance(event, BatchEnded) for event in events) == done
    click(qtbot, dock.pause_button)
    qtbot.waitUntil(lambda: sum(isinstance(event, BatchEnded) for event in events) > done, timeout=20_000)
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000) as ending:
        click(qtbot, dock.stop_button)
    assert ending.args[0].reason is FinishReason.CANCELED
    assert "best weights kept" in dock.words.text()


def test_a_killed_training_leaves_viewer_and_strokes_and_says_so(qtbot, viewer, dock, labels):
    painted = labels.data.copy()
    events = []
    dock.runner.reported.connect(events.append)
    click(qtbot, dock.train_button)
    qtbot.waitUntil(lambda: any(isinstance(event, EpochEnded) for event in events), timeout=60_000)
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000) as ending:
        child().kill()
    assert ending.args[0].reason is FinishReason.FAILED
    for words in (dock.words.text(), notification_manager.records[-1].message):
        assert "ended by the system (signal 9), probably for lack of memory" in words
    assert "The best weights so far are kept." in dock.words.text()
    assert np.array_equal(labels.data, painted)
    assert labels in viewer.layers
    labels.data_setitem((np.array([0]), np.array([20]), np.array([20])), 2)
    assert labels.data[0, 20, 20] == 2
    assert dock.train_button.isEnabled()
