"""The Training runs dock, by clicks on it."""

import json
import os
from pathlib import Path

import pytest
from filelock import FileLock
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QDialogButtonBox, QFileDialog, QHBoxLayout, QMessageBox, QWidget

from napari_strata.config import ClassTable, ModelCard, ModelConfig, TrainConfig
from napari_strata.control import JobState
from napari_strata.events import FinishReason
from napari_strata.training.folders.listing import RunState, read_run
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.runs import dock as runs_dock
from napari_strata.widgets.runs.dock import RunsDock
from napari_strata.widgets.runs.more_training import MoreTraining
from napari_strata.widgets.runs.settings import RunSettings
from napari_strata.widgets.runs.table import learned_from
from napari_strata.widgets.train.dock import TrainDock

HEAD = "epoch,epochs,step,train_loss,validation_loss,validation_dice,is_best,elapsed,seconds_left,member"
SMALL = {"epochs": 3, "steps_per_epoch": 2, "batch_size": 2, "patch_size": 32, "validation_crops": 2}
CONFIG = TrainConfig.parse(
    {"name": "mine", "model": {"filters": [4, 8]}, "training": SMALL | {"device": "cpu", "precision": "fp32"}}
)


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def home(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def train(viewer, home):
    return TrainDock(viewer, ModelLibrary(home))


@pytest.fixture
def dock(qtbot, viewer, train, home, monkeypatch):
    monkeypatch.setattr(runs_dock, "show_train_dock", lambda _viewer: None)  # there are no docks to open here
    write_run(home / "stopped", dice=(0.2, 0.6, 0.7), ended_by="stop", started="2026-01-03T10:00:00+00:00")
    write_run(home / "finished", dice=(0.5, 0.9), started="2026-01-02T10:00:00+00:00")
    write_run(home / "broken", started="2026-01-01T10:00:00+00:00")
    (home / "broken" / "config.yaml").write_text("name: [")
    os.utime(home / "broken" / "config.yaml", (0, 0))
    (home / "holiday pictures").mkdir()
    write_card(home / "finished" / "model")
    both, row = QWidget(), QHBoxLayout()
    both.setLayout(row)
    dock = RunsDock(viewer, ModelLibrary(home), train=lambda: train)
    row.addWidget(train)
    row.addWidget(dock)
    viewer.window.add_dock_widget(both)
    qtbot.waitUntil(lambda: dock.table.rowCount() == 4 and not dock.runner.is_busy, timeout=10_000)
    yield dock
    for runner in both.findChildren(JobRunner):
        runner.stop()
        qtbot.waitUntil(lambda runner=runner: not runner.is_busy, timeout=20_000)


def write_run(folder: Path, *, started: str, dice: tuple[float, ...] = (), ended_by: str = "epochs") -> None:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG.to_yaml())
    (folder / "events.jsonl").write_text("")
    lines = [f"{n},3,{50 * n},1.5,{1 - score},{score},True,{60.5 * n},1,0" for n, score in enumerate(dice, 1)]
    (folder / "history.csv").write_text("\n".join((HEAD, *lines)) + "\n")
    facts = {"format": 1, "sessions": [{"started": started, "ended_by": ended_by}]}
    (folder / "run.json").write_text(json.dumps(facts))


def write_card(bundle: Path) -> None:
    card = ModelCard(
        name="mine",
        created="2026-01-02T03:05:00+00:00",
        model=ModelConfig(architecture="attention-unet", layers=1, filters=(6, 12)),
        classes=ClassTable.from_names(("C",)),
        trained_on="labels of two slices",
        figures={"validation_dice": 0.9},
        software={},
        weights_file="weights-00000000.safetensors",
        weights_sha256="0" * 64,
    )
    bundle.mkdir(parents=True)
    (bundle / "card.yaml").write_text(card.to_yaml())


def click(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(dock, *names: str) -> None:
    dock.table.clearSelection()
    dock.table.choose([run.folder for run in dock.table.runs if run.folder.name in names])


def row_of(dock, name: str) -> list[str]:
    row = [run.folder.name for run in dock.table.runs].index(name)
    return [dock.table.item(row, column).text() for column in range(dock.table.columnCount())]


def names(dock) -> list[str]:
    return [run.folder.name for run in dock.table.runs]


def settle(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.runner.is_busy, timeout=10_000)


def answer(monkeypatch, button) -> list[str]:
    asked: list[str] = []
    monkeypatch.setattr(QMessageBox, "question", lambda _self, _title, text: asked.append(text) or button)
    return asked


def test_the_runs_of_the_library_are_listed_the_newest_first(dock):
    assert names(dock) == ["stopped", "finished", "broken", "holiday pictures"]
    run, dice, state, started, epochs, time, learned_from, network = row_of(dock, "finished")
    assert (run, dice, state, epochs, time) == ("finished", "Dice 0.900", "finished", "2", "0:02:01")
    assert started.startswith("02 Jan 2026")
    assert (learned_from, network) == ("labels of two slices", "Attention U-Net")
    assert row_of(dock, "stopped")[-2:] == ["simulated graphene", "Gomb-Net, 2 layers"]


def test_damaged_and_foreign_folders_have_a_readable_row(dock):
    assert row_of(dock, "broken")[2] == row_of(dock, "holiday pictures")[2] == "cannot be read"
    choose(dock, "holiday pictures")
    assert "no config.yaml" in dock.words.text()
    assert [b.isEnabled() for b in (dock.load_button, dock.continue_button, dock.delete_button)] == [False] * 3
    assert dock.folder_button.isEnabled()


def test_a_click_on_a_column_sorts_by_its_values(dock):
    dock.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert names(dock)[:2] == ["finished", "stopped"]


def test_the_curves_of_chosen_runs_are_compared(dock):
    choose(dock, "stopped", "finished")
    assert dock.curves.isVisible()
    assert dock.curves.curves == [
        ("stopped", [50, 100, 150], [0.2, 0.6, 0.7]),
        ("finished", [50, 100], [0.5, 0.9]),
    ]
    dock.curves.kind.setCurrentText("Training loss")
    assert dock.curves.curves[1] == ("finished", [50, 100], [1.5, 1.5])
    choose(dock, "holiday pictures")
    assert not dock.curves.isVisible()


def test_a_run_that_learns_values_is_told_and_drawn_by_their_errors(qtbot, dock, home):
    head = HEAD.replace("seconds_left", "seconds_left,validation_rmse,validation_r2")
    (home / "stopped" / "history.csv").write_text(f"{head}\n1,3,50,1.5,0.2,,True,60,1,0.03,0.91,0\n")
    click(qtbot, dock.refresh_button)
    settle(qtbot, dock)
    assert row_of(dock, "stopped")[1] == "R² 0.910, RMSE 0.03"
    dock.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert names(dock)[:2] == ["stopped", "finished"]
    choose(dock, "stopped")
    assert dock.curves.kind.currentText() == "Loss on held-out data"  # there is no Dice
    dock.curves.kind.setCurrentText("R² (values)")
    assert dock.curves.curves == [("stopped", [50], [0.91])]


def test_a_run_without_the_chosen_curve_is_named_and_not_drawn(qtbot, dock, home):
    (home / "stopped" / "history.csv").write_text(f"{HEAD}\n1,3,50,1.5,,,True,60,1,0\n")
    click(qtbot, dock.refresh_button)
    settle(qtbot, dock)
    choose(dock, "stopped", "finished")
    dock.curves.kind.setCurrentText("Dice")
    assert [name for name, *_ in dock.curves.curves] == ["finished"]
    assert dock.curves.words.text() == "No Dice of stopped: nothing was held out, or it gives values."
    assert dock.curves._plot.isVisible()
    choose(dock, "stopped")
    assert dock.curves.kind.currentText() == "Training loss"
    assert not dock.curves.words.isVisible()
    dock.curves.kind.setCurrentText("Dice")
    assert not dock.curves._plot.isVisible()  # no empty axes


def test_load_chooses_the_model_in_the_predict_dock(qtbot, dock, home, monkeypatch):
    used = []
    monkeypatch.setattr(runs_dock, "use_model", lambda _viewer, folder: used.append(folder))
    choose(dock, "stopped")
    assert not dock.load_button.isEnabled()  # it left no model
    choose(dock, "finished")
    click(qtbot, dock.load_button)
    assert used == [home / "finished"]


def test_the_settings_of_a_run_go_to_the_train_dock(qtbot, dock, train):
    choose(dock, "stopped")
    click(qtbot, dock.settings_button)
    window = dock.findChild(RunSettings)
    assert "steps_per_epoch: 2" in window.text.toPlainText()
    click(qtbot, window.use_button)
    plan = train.settings.take()
    assert (plan.config.training, plan.config.model) == (CONFIG.training, CONFIG.model)
    assert dock.words.text() == "The Train dock has the settings of stopped."


def test_settings_that_cannot_be_read_can_be_seen_but_not_used(qtbot, dock):
    choose(dock, "broken")
    click(qtbot, dock.settings_button)
    window = dock.findChild(RunSettings)
    assert window.text.toPlainText() == "name: ["
    assert not window.use_button.isEnabled()
    window.reject()


def test_the_next_training_can_start_from_a_model(qtbot, dock, train, home):
    choose(dock, "finished")
    click(qtbot, dock.start_button)
    assert train.settings.start.values().model == str(home / "finished" / "model")
    assert train.settings.network.architecture == "attention-unet"
    assert train.settings.model.values(architecture="attention-unet", layers=1).filters == (6, 12)


def test_delete_asks_and_then_deletes(qtbot, dock, home, monkeypatch):
    asked = answer(monkeypatch, QMessageBox.StandardButton.Yes)
    choose(dock, "stopped", "finished")
    click(qtbot, dock.delete_button)
    settle(qtbot, dock)
    assert str(home / "stopped") in asked[0]
    assert "painted" not in asked[0]
    assert names(dock) == ["broken", "holiday pictures"]
    assert not (home / "finished").exists()


def test_no_leaves_everything(qtbot, dock, home, monkeypatch):
    answer(monkeypatch, QMessageBox.StandardButton.No)
    choose(dock, "stopped")
    click(qtbot, dock.delete_button)
    assert (home / "stopped" / "config.yaml").exists()


def test_painted_labels_are_not_deleted_without_saying_so(qtbot, dock, home, monkeypatch):
    (home / "stopped" / "labels.tif").write_bytes(b"")
    click(qtbot, dock.refresh_button)
    settle(qtbot, dock)
    asked = answer(monkeypatch, QMessageBox.StandardButton.No)
    choose(dock, "stopped", "finished")
    click(qtbot, dock.delete_button)
    assert "The labels that were painted for stopped are deleted, too" in asked[0]


def test_a_run_that_was_killed_before_its_first_epoch_names_the_image_of_its_labels(dock, home):
    data = {"source": "labels", "images": ["inputs/image.tif"], "labels": ["inputs/masks.tif"], "classes": ["C"]}
    config = TrainConfig.parse({"model": {"architecture": "unet", "layers": 1}, "data": data})
    (home / "stopped" / "config.yaml").write_text(config.to_yaml())
    assert learned_from(read_run(home / "stopped")) == "labels painted in napari"
    facts = json.loads((home / "stopped" / "run.json").read_text())
    (home / "stopped" / "run.json").write_text(json.dumps(facts | {"data": [{"image": "cells"}]}))
    assert learned_from(read_run(home / "stopped")) == "labels of cells"


def test_what_somebody_else_put_into_a_run_stays_and_is_named(qtbot, dock, home, monkeypatch):
    (home / "stopped" / "thesis.tex").write_text("")
    answer(monkeypatch, QMessageBox.StandardButton.Yes)
    choose(dock, "stopped")
    click(qtbot, dock.delete_button)
    settle(qtbot, dock)
    assert [path.name for path in (home / "stopped").iterdir()] == ["thesis.tex"]


def test_a_run_that_trains_now_cannot_be_deleted(qtbot, dock, home, monkeypatch):
    answer(monkeypatch, QMessageBox.StandardButton.Yes)
    choose(dock, "stopped")
    with FileLock(home / "stopped" / ".lock"):  # since the list was read
        click(qtbot, dock.delete_button)
        assert "A training is running" in notification_manager.records[-1].message
        settle(qtbot, dock)
        choose(dock, "stopped")
        assert row_of(dock, "stopped")[2] == "training now"
        assert not dock.delete_button.isEnabled()


def test_folders_can_be_added(qtbot, dock, tmp_path, monkeypatch):
    write_run(tmp_path / "elsewhere" / "cluster", started="2026-02-01T10:00:00+00:00")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(tmp_path / "elsewhere"))
    click(qtbot, dock.add_button)
    settle(qtbot, dock)
    assert names(dock)[0] == "cluster"


def test_a_run_that_comes_is_seen_without_a_click_and_the_choice_stays(qtbot, dock, home):
    choose(dock, "finished")
    write_run(home / "new", started="2026-03-01T10:00:00+00:00")
    write_card(home / "new" / "model")
    qtbot.waitUntil(lambda: "new" in names(dock), timeout=10_000)
    assert [run.folder.name for run in dock.table.chosen] == ["finished"]


def test_the_folder_opens_in_the_file_manager(qtbot, dock, home, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    choose(dock, "broken")
    click(qtbot, dock.folder_button)
    assert opened == [str(home / "broken")]


def test_a_stopped_training_goes_on_in_the_train_dock(qtbot, dock, train, home):
    for name, value in (SMALL | {"epochs": 1000, "device": "cpu", "precision": "fp32"}).items():
        train.settings.training.set_value(name, value)
    train.settings.model.set_value("filters", (4, 8))
    train.settings.name.setText("long")
    click(qtbot, train.train_button)
    qtbot.waitUntil((home / "long" / "model" / "card.yaml").is_file, timeout=60_000)
    with qtbot.waitSignal(train.runner.ended, timeout=30_000):
        click(qtbot, train.stop_button)
    before = len(read_run(home / "long").history)
    dock.refresh()
    settle(qtbot, dock)
    choose(dock, "long")
    click(qtbot, dock.continue_button)
    assert dock.words.text() == "long goes on in the Train dock."
    qtbot.waitUntil(lambda: row_of(dock, "long")[2] == "training now", timeout=10_000)  # while it is prepared
    choose(dock, "long")
    assert dock.words.text() == "long: training now."
    assert not dock.delete_button.isEnabled()
    qtbot.waitUntil(lambda: train.runner.state is JobState.RUNNING, timeout=60_000)
    with qtbot.waitSignal(train.runner.ended, timeout=30_000) as ending:
        click(qtbot, train.stop_button)
    assert ending.args[0].reason is FinishReason.CANCELED
    run = read_run(home / "long")
    assert run.state is RunState.STOPPED
    assert len(run.history) >= before
    qtbot.waitUntil(lambda: row_of(dock, "long")[2] == "stopped", timeout=10_000)


def test_a_finished_training_goes_on_with_more_epochs(qtbot, dock, train, home):
    for name, value in (SMALL | {"device": "cpu", "precision": "fp32", "time_limit": 5.0}).items():
        train.settings.training.set_value(name, value)
    train.settings.model.set_value("filters", (4, 8))
    train.settings.name.setText("short")
    with qtbot.waitSignal(train.runner.ended, timeout=60_000):
        click(qtbot, train.train_button)
    dock.refresh()
    settle(qtbot, dock)
    choose(dock, "short")
    click(qtbot, dock.continue_button)
    window = dock.findChild(MoreTraining)
    assert (window.epochs.value(), window.minutes.value()) == (3, 0)
    window.epochs.setValue(0)
    assert not window.continue_button.isEnabled()
    window.epochs.setValue(2)
    with qtbot.waitSignal(train.runner.ended, timeout=60_000) as ending:
        click(qtbot, window.continue_button)
    assert ending.args[0].reason is FinishReason.COMPLETED
    assert read_run(home / "short").config.training.epochs == 5
    assert [epoch.step for epoch in read_run(home / "short").history] == [2, 4, 6, 8, 10]


def test_a_window_that_asks_for_more_can_be_cancelled(qtbot, dock, train, home):
    choose(dock, "finished")
    before = (home / "finished" / "config.yaml").read_bytes()
    click(qtbot, dock.continue_button)
    window = dock.findChild(MoreTraining)
    qtbot.mouseClick(window.buttons.button(QDialogButtonBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)
    assert not train.runner.is_busy
    assert (home / "finished" / "config.yaml").read_bytes() == before


def test_a_folder_that_is_not_chosen_adds_nothing(qtbot, dock, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: "")
    before = names(dock)
    click(qtbot, dock.add_button)
    settle(qtbot, dock)
    assert names(dock) == before


def test_a_run_of_another_program_that_ends_is_seen_without_a_click(qtbot, dock, tmp_path):
    dock._timer.setInterval(50)
    run = tmp_path / "elsewhere" / "cluster"
    write_run(run, started="2026-02-01T10:00:00+00:00")
    with FileLock(run / ".lock"):
        dock.add_folder(run)
        qtbot.waitUntil(lambda: "cluster" in names(dock), timeout=10_000)
        assert row_of(dock, "cluster")[2] == "training now"
    qtbot.waitUntil(lambda: row_of(dock, "cluster")[2] == "finished", timeout=10_000)


def test_a_run_goes_on_only_where_nobody_trains_it(qtbot, dock, train, home):
    choose(dock, "stopped")
    with FileLock(home / "stopped" / ".lock"):  # another program does, since the list was read
        with qtbot.waitSignal(train.runner.ended, timeout=60_000) as ending:
            click(qtbot, dock.continue_button)
            if (window := dock.findChild(MoreTraining)) is not None:
                click(qtbot, window.continue_button)
        assert ending.args[0].reason is FinishReason.FAILED
    assert not (home / "stopped" / ".training").exists()
    assert train.train_button.isEnabled()


def test_closing_while_it_reads_does_no_harm(qtbot, dock):
    dock.refresh()
    with qtbot.waitSignal(dock.destroyed, timeout=10_000):
        dock.setParent(None)


def test_a_whole_window_opens_the_dock_below_train(qtbot, make_napari_viewer_proxy, home):
    viewer = make_napari_viewer_proxy()
    _frame, train = viewer.window.add_plugin_dock_widget("napari-strata", "Train")
    for name in ("Training runs", "Parameter search"):
        train.links.buttons[name].click()
        _frame, widget = viewer.window.add_plugin_dock_widget("napari-strata", name)
        qtbot.waitUntil(lambda widget=widget: not widget.runner.is_busy, timeout=10_000)
        assert type(widget).__name__ in ("RunsDock", "SearchDock")
        assert widget.minimumSizeHint().height() <= 120  # with the Train dock it fits on the screen of a laptop
