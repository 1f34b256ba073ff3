import pytest
from qtpy.QtCore import Qt

from napari_strata.control import JobControl, JobState
from napari_strata.errors import TrainingError
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.widgets.train import rate_row
from napari_strata.widgets.train.rate_row import RateRow
from napari_strata.widgets.train.settings import TrainSettings


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def settings(qtbot, viewer):
    settings = TrainSettings(viewer)
    qtbot.addWidget(settings)
    return settings


@pytest.fixture
def row(qtbot, settings):
    row = RateRow(settings)
    yield row
    row.runner.stop()
    qtbot.waitUntil(lambda: not row.runner.is_busy, timeout=20_000)


def finds(monkeypatch, rate: float | None) -> None:
    """Let the search find such a rate; with None it finds none."""

    @job
    def search(control: JobControl, plan: object) -> JobBody:
        control.run()
        yield StateChanged(control.state)
        yield Progress(0.5, "half")
        if rate is None:
            raise TrainingError("The loss falls at none.", remedy="Keep it.")
        return JobResult({"learning_rate": rate})

    monkeypatch.setattr(rate_row, "_make_job", search)


def click(qtbot, row: RateRow):
    with qtbot.waitSignal(row.runner.ended, timeout=60_000) as ending:
        qtbot.mouseClick(row.button, Qt.MouseButton.LeftButton)
    return ending.args[0]


def learning_rate(settings: TrainSettings) -> float:
    return settings.training.editor("optimizer").value("learning_rate")


def test_what_is_found_is_put_into_the_form(qtbot, row, settings, monkeypatch):
    finds(monkeypatch, 0.01)
    click(qtbot, row)
    assert learning_rate(settings) == 0.01
    assert row.words.text() == "found; was 0.002"
    assert row.button.text() == "Find"


def test_the_row_lies_below_the_learning_rate(row):
    rows = row.parent().layout()
    labels = [rows.itemAt(i, rows.ItemRole.LabelRole) for i in range(2)]
    assert labels[1].widget().text() == "Learning rate"
    assert rows.itemAt(2, rows.ItemRole.FieldRole).widget() is row


def test_where_none_is_found_the_rate_stays(qtbot, row, settings, monkeypatch):
    finds(monkeypatch, None)
    click(qtbot, row)
    assert learning_rate(settings) == 0.002
    assert row.words.text() == "found none"
    assert "falls at none" in row.words.toolTip()


def test_a_second_click_cancels(qtbot, row, settings, monkeypatch):
    @job
    def endless(control: JobControl, plan: object) -> JobBody:
        control.run()
        yield StateChanged(control.state)
        while True:
            control.checkpoint()
            yield Progress(0.1, "on and on")

    monkeypatch.setattr(rate_row, "_make_job", endless)
    qtbot.mouseClick(row.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row.runner.state is JobState.RUNNING, timeout=20_000)
    assert row.button.text() == "Cancel"
    ended = click(qtbot, row)
    assert ended.result is None
    assert learning_rate(settings) == 0.002
