"""The Parameter search dock, by clicks on it; trainings are real but tiny."""

import threading
from pathlib import Path

import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from bright_network import save_bright
from napari_strata.config.search import Choices, Range
from napari_strata.control import JobState
from napari_strata.errors import TrainingError
from napari_strata.events import (
    EpochEnded,
    FinishReason,
    JobEnded,
    JobResult,
    Progress,
    StateChanged,
    TrialEnded,
    TrialStarted,
    TrialState,
)
from napari_strata.io.bundle import read_card
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.setting_names import short_names
from napari_strata.widgets.search import dock as search_dock
from napari_strata.widgets.search.dock import SearchDock
from napari_strata.widgets.train.dock import TrainDock

RATE, BATCH = "training.optimizer.learning_rate", "training.batch_size"
VALUES = ({RATE: 0.002, BATCH: 8}, {RATE: 0.001, BATCH: 4})


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def train(viewer, tmp_path):
    dock = TrainDock(viewer, ModelLibrary(tmp_path / "models"))
    small = {"steps_per_epoch": 1, "batch_size": 2, "patch_size": 32, "validation_crops": 2}
    for name, value in (small | {"device": "cpu", "precision": "fp32", "tensorboard": False}).items():
        dock.settings.training.set_value(name, value)
    dock.settings.model.set_value("filters", (4, 8))
    return dock


@pytest.fixture
def dock(qtbot, viewer, train, tmp_path, monkeypatch):
    monkeypatch.setattr(search_dock, "show_train_dock", lambda _viewer: None)  # there are no docks to open here
    both, row = QWidget(), QHBoxLayout()
    both.setLayout(row)
    dock = SearchDock(viewer, ModelLibrary(tmp_path / "models"), train=lambda: train)
    row.addWidget(train)
    row.addWidget(dock)
    viewer.window.add_dock_widget(both)
    for name, value in {"trials": 2, "epochs": 1, "sampler": "random"}.items():
        dock.form.set_value(name, value)
    for name in dock.parameters.values():
        dock.parameters.tick(name, name == RATE)
    yield dock
    for runner in both.findChildren(JobRunner):
        runner.stop()
        qtbot.waitUntil(lambda runner=runner: not runner.is_busy, timeout=20_000)


@pytest.fixture
def pretend(monkeypatch):
    """Replace the search by given events; a None among them waits for `go`."""
    go = threading.Event()

    def replace(*events: object) -> threading.Event:
        def job(control, *_args):
            control.begin()
            control.run()
            yield StateChanged(control.state)
            for event in events:
                while event is None and not go.wait(0.01) and not control.stop_requested:
                    control.wait_while_paused()
                if event is not None and not control.stop_requested:
                    yield event
            control.end()
            reason = FinishReason.CANCELED if control.stop_requested else FinishReason.COMPLETED
            best = {"best_trial": 1, "score": 0.7, "values": VALUES[0], "importances": {RATE: 0.9}}
            yield JobEnded(reason, JobResult(best | {"ended_by": "stop" if control.stop_requested else "trials"}))

        monkeypatch.setattr(search_dock, "make_search", job)
        monkeypatch.setattr(search_dock, "make_continued", job)
        return go

    yield replace
    go.set()


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def search_to_end(qtbot, dock, button=None):
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000) as ending:
        click(qtbot, button or dock.start_button)
        assert dock.runner.is_busy, dock.words.text()
    return ending.args[0]


def epoch(dice: float) -> EpochEnded:
    return EpochEnded(1, 2, 50, 1.0, 0.5, dice, True, 1.0, 1.0)


def ended(
    number: int, score: float | None, state: TrialState = TrialState.COMPLETE, words: str = ""
) -> TrialEnded:
    return TrialEnded(number, 2, VALUES[number - 1], state, score, 2, 1.0, words=words)


def cells(dock, row: int) -> list[str]:
    return [dock.trials.item(row, column).text() for column in range(dock.trials.columnCount())]


def test_a_search_by_clicks_ends_with_a_table_and_a_model(qtbot, dock, train):
    done = search_to_end(qtbot, dock)
    assert done.error is None
    first, second = dock.trials.rows
    assert {first.number, second.number} == {1, 2}
    assert first.score >= second.score
    assert read_card(done.result.value).model.filters == (4, 8)
    assert dock.words.text().startswith(f"All trials are done. Best: trial {first.number}")
    assert dock.start_button.isEnabled()


def test_what_is_usually_searched_is_ticked_with_its_ends(qtbot, viewer, train):
    dock = SearchDock(viewer, train=lambda: train)
    qtbot.addWidget(dock)
    assert dock.parameters.values() == {
        RATE: {"low": "0.0003", "high": "0.01", "log": True},
        "training.optimizer.weight_decay": {"low": "0.0001", "high": "0.1", "log": True},
        BATCH: {"choices": [4, 8, 16]},
        "model.dropout": {"low": "0", "high": "0.4", "log": False},
        "training.averaging.decay": {"choices": [0.9, 0.97, 0.99, 0.997]},
    }


def test_lists_and_words_are_chosen_from_as_they_are_written(dock):
    dock.parameters.tick("model.filters")
    dock.parameters.edit_cell("model.filters", low="[4, 8], [8, 16]")
    assert dock.parameters.values()["model.filters"] == {"choices": [[4, 8], [8, 16]]}


@pytest.mark.parametrize(
    ("name", "edit", "words"),
    [
        (
            RATE,
            {"low": "fast"},
            "Optimizer: Learning rate, From: “fast” is no number. Type a number, such as 0.5.",
        ),
        (RATE, {"low": "-1"}, "Optimizer: Learning rate, From: “-1” is too small. Type a number above 0."),
        (RATE, {"low": "2"}, "Learning rate: From, 2, is not below To, 0.01. Type the smaller number under From."),
        (RATE, {"high": "0,00003"}, "From, 0.0003, is not below To, 3e-05."),
        ("model.dropout", {"high": "2"}, "Network: Dropout, To: “2” is too large. Type a number below 1."),
        (RATE, {"low": "0,02"}, "Optimizer: Learning rate: From, 0.02, is not below To, 0.01."),
        ("training.loss.tversky", {"low": "0"}, "Loss: Tversky: From is 0, and Log needs a number above 0."),
        (BATCH, {"low": "4, many"}, "Batch size: “many” is no whole number. Type a whole number, such as 8."),
        (BATCH, {"low": "4, ]"}, "Batch size: “4, ]” is no list. Type values with commas between them."),
        (BATCH, {"low": " "}, "Batch size: no value is given. Type one or more, with commas between them."),
        ("model.filters", {"low": "[4, 8], []"}, "Network: Filters: nothing is given."),
    ],
)
def test_what_cannot_be_searched_is_said_and_nothing_starts(qtbot, dock, name, edit, words):
    dock.parameters.tick(RATE, False)
    dock.parameters.tick(name)
    if "tversky" in name:
        dock.parameters.item(dock.parameters._rows[name], 3).setCheckState(Qt.CheckState.Checked)
    dock.parameters.edit_cell(name, **edit)
    click(qtbot, dock.start_button)
    assert not dock.runner.is_busy
    assert words in dock.words.text()
    assert words in notification_manager.records[-1].message


def test_nothing_ticked_is_said(qtbot, dock):
    dock.parameters.tick(RATE, False)
    click(qtbot, dock.start_button)
    assert not dock.runner.is_busy
    assert dock.words.text() == "No setting is ticked. Tick one or more of those to try."


def test_settings_of_the_train_dock_that_cannot_be_are_said(qtbot, dock, train):
    train.settings.model.set_value("filters", ())
    click(qtbot, dock.start_button)
    assert not dock.runner.is_busy
    assert dock.words.text() == "Filters: nothing is given. Type 2 values or more."


def test_settings_that_do_not_go_together_are_called_by_their_titles(qtbot, dock):
    dock.parameters.tick("training.loss.dice")
    dock.form.set_value("score", "loss")
    click(qtbot, dock.start_button)
    assert "“Loss: Dice” changes what the loss means; choose the score dice." in dock.words.text()


def test_a_refusal_leads_back_to_what_to_try(qtbot, dock, monkeypatch):
    def job(control, *_args):
        control.begin()
        yield JobEnded(FinishReason.FAILED, error=TrainingError("No score.", remedy="Label more."))

    monkeypatch.setattr(search_dock, "make_search", job)
    search_to_end(qtbot, dock)
    assert dock.tabs.tabText(dock.tabs.currentIndex()) == "What to try"


def test_what_fits_the_network_of_the_train_dock_is_offered(qtbot, dock, train):
    def offered():
        return {name.rpartition(".")[2] for name in dock.parameters.names}

    dock.came_to_front(True)
    assert "focal" in offered()
    assert not {"architecture", "mse", "binary_cross_entropy"} & offered()
    train.settings.network.choose("unet")
    assert "architecture" in offered()
    train.settings.model.set_value("output", "multi-label")
    assert "binary_cross_entropy" in offered()
    assert "cross_entropy" not in offered()


def test_what_was_ticked_for_another_network_is_not_searched(qtbot, dock, train, pretend):
    train.settings.network.choose("unet")
    dock.came_to_front(True)
    dock.parameters.tick("model.architecture")
    assert list(dock.parameters.values()) == [RATE, "model.architecture"]
    train.settings.network.choose("gombnet")
    assert list(dock.parameters.values()) == [RATE]
    pretend()
    assert search_to_end(qtbot, dock).error is None


def test_a_folder_that_is_not_chosen_continues_nothing(qtbot, dock, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: "")
    before = dock.words.text()
    click(qtbot, dock.continue_button)
    assert not dock.runner.is_busy
    assert dock.words.text() == before


def test_settings_are_called_as_in_the_train_dock(dock):
    titles = [dock.parameters.item(row, 0).text() for row in range(dock.parameters.rowCount())]
    assert "Optimizer: Largest gradient" in titles
    assert short_names((RATE, "model.norm", "training.optimizer.clip_norm")) == [
        "Learning rate",
        "Norm",
        "Largest gradient",
    ]


def test_what_every_trial_starts_from_is_said(qtbot, dock, train, pretend, tmp_path):
    pretend()
    search_to_end(qtbot, dock)
    assert dock.start_words.text() == "Every trial starts from a new network."
    folder = tmp_path / "models" / "coins-2" / "model"
    save_bright(folder, architecture="gombnet", layers=2)
    train.settings.start.open(folder)
    search_to_end(qtbot, dock)
    assert dock.start_words.text() == "Every trial starts from coins-2."


def test_trials_are_sorted_by_score_and_the_running_one_is_bold(qtbot, dock, pretend):
    dock.parameters.tick(BATCH)
    go = pretend(TrialStarted(1, 2, VALUES[0]), ended(1, 0.6), TrialStarted(2, 2, VALUES[1]), epoch(0.7), None)
    click(qtbot, dock.start_button)
    qtbot.waitUntil(lambda: [row.score for row in dock.trials.rows] == [0.7, 0.6], timeout=5000)
    assert dock.tabs.currentIndex() == 1
    header = [dock.trials.horizontalHeaderItem(n).text() for n in range(dock.trials.columnCount())]
    assert header == ["Trial", "Dice", "State", "Epochs", "Learning rate", "Batch size"]
    assert cells(dock, 0) == ["2", "0.7000", "running", "1", "0.001", "4"]
    assert cells(dock, 1) == ["1", "0.6000", "complete", "2", "0.002", "8"]
    assert [dock.trials.item(row, 0).font().bold() for row in (0, 1)] == [True, False]
    with qtbot.waitSignal(dock.runner.ended):
        go.set()


def test_the_chosen_trial_stays_chosen_when_it_moves(qtbot, dock, pretend):
    go = pretend(TrialStarted(1, 2, VALUES[0]), ended(1, 0.6), None, TrialStarted(2, 2, VALUES[1]), ended(2, 0.8))
    click(qtbot, dock.start_button)
    qtbot.waitUntil(lambda: len(dock.trials.rows) == 1, timeout=5000)
    dock.trials.selectRow(0)
    with qtbot.waitSignal(dock.runner.ended):
        go.set()
    assert [row.number for row in dock.trials.rows] == [2, 1]
    assert dock.trials.chosen.number == 1


def test_a_failed_trial_has_no_score_and_says_why(qtbot, dock, pretend):
    pretend(TrialStarted(1, 2, VALUES[0]), ended(1, None, TrialState.FAILED, "The loss became nan."))
    search_to_end(qtbot, dock)
    assert cells(dock, 0)[:4] == ["1", "", "failed", "2"]
    assert dock.trials.item(0, 0).toolTip() == "The loss became nan."


def test_the_best_settings_go_to_the_train_dock(qtbot, dock, train, pretend):
    pretend(TrialStarted(1, 2, VALUES[0]), ended(1, 0.6), TrialStarted(2, 2, VALUES[1]), ended(2, 0.8))
    search_to_end(qtbot, dock)
    assert not dock.settings_button.isEnabled()
    dock.trials.selectRow(0)
    click(qtbot, dock.settings_button)
    training = train.settings.training.values(start=train.settings.start.values())
    assert (training.optimizer.learning_rate, training.batch_size) == (0.001, 4)
    assert dock.words.text() == "The Train dock has the settings of trial 2."


def test_only_the_best_trial_has_a_model_to_use(qtbot, dock, pretend, monkeypatch):
    used = []
    monkeypatch.setattr(search_dock, "use_model", lambda _viewer, folder: used.append(folder))
    pretend(TrialStarted(1, 2, VALUES[0]), ended(1, 0.6), TrialStarted(2, 2, VALUES[1]), ended(2, 0.8))
    search_to_end(qtbot, dock)
    dock.trials.selectRow(1)
    assert not dock.model_button.isEnabled()
    dock.trials.selectRow(0)
    click(qtbot, dock.model_button)
    assert [folder.name for folder in used] == ["Search-Gomb-Net-graphene"]


def test_pause_holds_and_resume_goes_on(qtbot, dock, pretend):
    go = pretend(TrialStarted(1, 2, VALUES[0]), None)
    click(qtbot, dock.start_button)
    qtbot.waitUntil(lambda: dock.runner.state is JobState.RUNNING, timeout=5000)
    click(qtbot, dock.pause_button)
    assert (dock.runner.state, dock.pause_button.text(), dock.words.text()) == (
        JobState.PAUSED,
        "Resume",
        "Paused.",
    )
    click(qtbot, dock.pause_button)
    assert dock.runner.state is JobState.RUNNING
    with qtbot.waitSignal(dock.runner.ended):
        go.set()


def test_stop_ends_a_search_that_runs(qtbot, dock, pretend):
    pretend(TrialStarted(1, 2, VALUES[0]), Progress(0.5, "Trial 1 of 2"), None)
    click(qtbot, dock.start_button)
    qtbot.waitUntil(lambda: dock.words.text() == "Trial 1 of 2", timeout=5000)
    assert dock.bar.value() == 500
    with qtbot.waitSignal(dock.runner.ended) as ending:
        click(qtbot, dock.stop_button)
    assert ending.args[0].reason is FinishReason.CANCELED
    assert dock.words.text().startswith(
        "Stopped. Best: trial 1, 0.7000.\nWhat matters most: Optimizer: Learning rate"
    )


def test_a_failure_is_said_and_the_dock_is_ready_again(qtbot, dock, monkeypatch):
    def job(control, *_args):
        control.begin()
        yield JobEnded(FinishReason.FAILED, error=TrainingError("No score.", remedy="Label more."))

    monkeypatch.setattr(search_dock, "make_search", job)
    search_to_end(qtbot, dock)
    assert dock.words.text() == "No score. Label more."
    assert dock.start_button.isEnabled()


def test_a_search_goes_on_from_its_folder_with_more_trials(qtbot, dock, tmp_path, monkeypatch):
    dock.form.set_value("trials", 1)
    folder = Path(search_to_end(qtbot, dock).result.paths["search"])
    dock.form.set_value("trials", 2)
    dock.parameters.tick(RATE, False)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(folder))
    done = search_to_end(qtbot, dock, dock.continue_button)
    assert done.error is None
    assert sorted(row.number for row in dock.trials.rows) == [1, 2]
    assert list(dock.parameters.values()) == [RATE]


def test_a_folder_without_a_search_is_refused(qtbot, dock, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(tmp_path))
    click(qtbot, dock.continue_button)
    assert not dock.runner.is_busy
    assert "holds no search" in dock.words.text()


def test_closing_the_dock_stops_the_search(qtbot, dock, pretend):
    pretend(TrialStarted(1, 2, VALUES[0]), None)
    click(qtbot, dock.start_button)
    qtbot.waitUntil(lambda: len(dock.trials.rows) == 1, timeout=5000)
    with qtbot.waitSignal(dock.runner.ended, timeout=5000):
        dock.setParent(None)


def test_every_setting_has_a_row_that_can_be_ticked_as_it_is_proposed(dock):
    names = list(dock.parameters.names)
    for name in names:
        dock.parameters.tick(name)
    parsed = dock.form.values(parameters=dock.parameters.values()).parameters
    assert list(parsed) == names
    assert {type(one) for one in parsed.values()} == {Range, Choices}
