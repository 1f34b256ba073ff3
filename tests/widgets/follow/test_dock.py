import json
from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_strata.control import JobState
from napari_strata.widgets.follow.dock import FollowDock


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("napari_strata.jobs.follow_run.POLL", 0.02)
    monkeypatch.setattr("napari_strata.widgets.follow.dock.REDRAW", 50)
    folder = tmp_path / "on-the-cluster"
    folder.mkdir()
    (folder / "config.yaml").write_text("")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    return folder


@pytest.fixture
def dock(qtbot, viewer, run):
    dock = FollowDock(viewer)
    viewer.window.add_dock_widget(dock)
    dock.show()
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    yield dock
    if not gone:
        dock.runner.stop()
        qtbot.waitUntil(lambda: not dock.runner.is_busy, timeout=10_000)


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def write(run: Path, event: str, **values: object) -> None:
    with (run / "events.jsonl").open("a") as file:
        file.write(json.dumps({"event": event, "time": 1e9} | values) + "\n")


def batch(run: Path, step: int) -> None:
    times = {"elapsed": 1.0, "seconds_left": 90.0}
    write(run, "BatchEnded", step=step, epoch=3, epochs=7, loss=0.5, learning_rate=1e-3, **times)


def epoch(run: Path) -> None:
    scores = {"train_loss": 0.5, "validation_loss": 0.4, "validation_dice": 0.81, "is_best": True}
    write(run, "EpochEnded", epoch=3, epochs=7, step=12, elapsed=1.0, seconds_left=90.0, **scores)


def curve(dock: FollowDock, name: str) -> list[float]:
    """Return what is drawn, on a logarithmic axis."""
    y = dock.plot._curves[name].getData()[1]
    return [] if y is None else [round(10 ** float(one), 6) for one in y]


def test_curve_and_words_follow_what_happens_elsewhere(qtbot, dock, run):
    batch(run, 11)
    click(qtbot, dock.choose_button)
    qtbot.waitUntil(lambda: "Epoch 3 of about 7, step 11, about 2 min left." in dock.words.text(), timeout=10_000)
    assert curve(dock, "batch") == [0.5]
    epoch(run)
    batch(run, 13)
    qtbot.waitUntil(lambda: "Best so far: loss 0.4, Dice 0.81 (epoch 3)." in dock.words.text(), timeout=10_000)
    qtbot.waitUntil(lambda: "step 13" in dock.words.text(), timeout=10_000)
    assert curve(dock, "best") == [0.4]
    write(run, "JobEnded", reason="completed", error=None)
    qtbot.waitUntil(lambda: "The training has ended there (completed)." in dock.words.text(), timeout=10_000)
    assert dock.runner.state is JobState.IDLE


def test_a_correction_there_takes_the_best_score_back(qtbot, dock, run):
    batch(run, 11)
    epoch(run)
    click(qtbot, dock.choose_button)
    qtbot.waitUntil(lambda: "Best so far" in dock.words.text(), timeout=10_000)
    write(run, "CorrectionTaken", frame=0, layer=0, y=1, x=2, height=3, width=4, step=12)
    qtbot.waitUntil(lambda: "Best so far" not in dock.words.text(), timeout=10_000)
    assert not curve(dock, "best")


def test_a_folder_that_is_not_chosen_changes_nothing(qtbot, dock, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    before = dock.words.text()
    click(qtbot, dock.choose_button)
    assert not dock.runner.is_busy
    assert dock.words.text() == before


def test_what_cannot_be_read_is_passed_over(qtbot, dock, run):
    (run / "events.jsonl").write_text('no event\n{"event": "BatchEnded"}\n')
    batch(run, 11)
    click(qtbot, dock.choose_button)
    qtbot.waitUntil(lambda: "step 11" in dock.words.text(), timeout=10_000)


def test_closing_the_dock_looks_there_no_longer(qtbot, dock, run):
    batch(run, 1)
    click(qtbot, dock.choose_button)
    qtbot.waitUntil(lambda: "step 1" in dock.words.text(), timeout=10_000)
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    dock.setParent(None)
    qtbot.waitUntil(lambda: bool(gone), timeout=10_000)


def test_stop_says_that_the_training_goes_on(qtbot, dock, run):
    batch(run, 1)
    click(qtbot, dock.choose_button)
    qtbot.waitUntil(lambda: "step 1" in dock.words.text(), timeout=10_000)
    assert not dock.choose_button.isEnabled()
    click(qtbot, dock.stop_button)
    qtbot.waitUntil(lambda: "The training itself goes on where it runs." in dock.words.text(), timeout=10_000)
    assert dock.choose_button.isEnabled()


def test_a_folder_without_a_training_is_said_to_be_none(qtbot, dock, run):
    (run / "config.yaml").unlink()
    click(qtbot, dock.choose_button)
    qtbot.waitUntil(lambda: "holds no training" in dock.words.text(), timeout=10_000)


def test_the_model_can_be_used_as_soon_as_there_is_one(qtbot, dock, run):
    batch(run, 1)
    click(qtbot, dock.choose_button)
    qtbot.waitUntil(lambda: "step 1" in dock.words.text(), timeout=10_000)
    assert not dock.predict_button.isEnabled()
    (run / "model").mkdir()
    (run / "model" / "card.yaml").write_text("")
    qtbot.waitUntil(dock.predict_button.isEnabled, timeout=10_000)
