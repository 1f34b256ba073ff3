import threading

import pytest
from qtpy.QtCore import Qt, QThreadPool

from napari_strata.errors import DeviceError
from napari_strata.events import FinishReason, JobEnded
from napari_strata.training.machine.memory import MemoryNeed
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.train import memory_line
from napari_strata.widgets.train.dock import TrainDock
from napari_strata.widgets.train.memory_line import MemoryLine
from napari_strata.widgets.train.settings import TrainSettings

GB = 10**9


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def asked(monkeypatch):
    """What memory is asked for; each patch of a batch takes 1 GB, and 10 GB are free."""
    calls = []

    def need(model, training, classes, *, seen):
        calls.append((model.architecture, training.batch_size, classes, seen))
        if training.device == "cuda":
            raise DeviceError("There is no cuda device.", remedy="Choose auto.")
        if training.patch_size == 1024:
            return MemoryNeed(weights=GB, per_patch=64 * GB, looking=0, batch=8, free=10 * GB, fitting_patch=128)
        return MemoryNeed(weights=GB, per_patch=GB, looking=0, batch=training.batch_size, free=10 * GB)

    monkeypatch.setattr("napari_strata.training.machine.memory.memory_need", need)
    monkeypatch.setattr(memory_line, "REST", 10)
    return calls


@pytest.fixture
def line(qtbot, viewer, asked):
    settings = TrainSettings(viewer)
    line = MemoryLine(settings)
    for widget in (settings, line):
        qtbot.addWidget(widget)
    line.settings = settings
    return line


def says(qtbot, line, text: str) -> None:
    qtbot.waitUntil(lambda: line.words.text() == text, timeout=60_000)


def test_what_a_training_needs_is_said_when_the_line_is_shown(qtbot, line, asked):
    line.settings.training.set_value("batch_size", 4)
    assert asked == []
    line.show()
    says(qtbot, line, "Memory: about 5.0 GB needed, 10.0 GB free.")
    assert not line.button.isVisible()
    assert asked == [("gombnet", 4, 1, 0)]


def test_a_batch_that_fits_is_proposed_and_taken_by_a_click(qtbot, line):
    line.settings.training.set_value("batch_size", 16)
    line.show()
    says(qtbot, line, "Memory: about 17.0 GB needed, 10.0 GB free.")
    assert line.button.text() == "Batch 7 fits"
    assert "color" in line.words.styleSheet()
    qtbot.mouseClick(line.button, Qt.MouseButton.LeftButton)
    assert line.settings.training.value("batch_size") == 7
    says(qtbot, line, "Memory: about 8.0 GB needed, 10.0 GB free.")
    assert not line.button.isVisible()
    assert line.words.styleSheet() == ""


def test_where_no_batch_fits_a_patch_is_proposed_and_taken_by_a_click(qtbot, line):
    line.settings.training.set_value("patch_size", 1024)
    line.show()
    says(qtbot, line, "Memory: about 513.0 GB needed, 10.0 GB free.")
    assert line.button.text() == "Patch 128 px fits"
    qtbot.mouseClick(line.button, Qt.MouseButton.LeftButton)
    assert line.settings.training.value("patch_size") == 128
    says(qtbot, line, "Memory: about 9.0 GB needed, 10.0 GB free.")


def test_many_changes_are_looked_at_once(qtbot, line, asked):
    line.show()
    says(qtbot, line, "Memory: about 9.0 GB needed, 10.0 GB free.")
    for size in range(1, 6):
        line.settings.training.set_value("batch_size", size)
    says(qtbot, line, "Memory: about 6.0 GB needed, 10.0 GB free.")
    assert [call[1] for call in asked] == [8, 5]


def test_a_device_that_is_not_there_is_said(qtbot, line):
    line.settings.training.set_value("device", "cuda")
    line.show()
    says(qtbot, line, "There is no cuda device.")


def test_a_line_that_is_hidden_asks_no_more_and_asks_again_when_shown(qtbot, line, asked):
    line.show()
    line.hide()
    qtbot.wait(100)
    assert (asked, line.runner.is_busy) == ([], False)
    line.show()
    says(qtbot, line, "Memory: about 9.0 GB needed, 10.0 GB free.")


def test_closing_the_dock_ends_the_estimate(qtbot, viewer, monkeypatch, tmp_path):
    monkeypatch.setattr(memory_line, "REST", 1)
    begun, go = threading.Event(), threading.Event()

    def job(control, *_args):
        control.begin()
        begun.set()
        while not go.wait(0.01) and not control.stop_requested:
            pass
        control.end()
        yield JobEnded(FinishReason.CANCELED)

    monkeypatch.setattr(memory_line, "_make_job", job)
    dock = TrainDock(viewer, ModelLibrary(tmp_path))
    viewer.window.add_dock_widget(dock)
    qtbot.waitUntil(begun.is_set, timeout=10_000)
    with qtbot.waitSignal(dock.destroyed, timeout=10_000):
        dock.setParent(None)
    assert QThreadPool.globalInstance().waitForDone(10_000)
    assert not go.is_set()


def test_nothing_is_estimated_while_a_training_runs(qtbot, line, asked):
    line.setEnabled(False)
    line.show()
    qtbot.wait(100)
    assert asked == []
