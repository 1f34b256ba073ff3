import functools

import pytest
from fake_jobs import counting, raising
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_strata.errors import ImageError
from napari_strata.events import JobEnded, JobResult, Progress, Warned
from napari_strata.jobs.job import job
from napari_strata.widgets.parts import job_panel
from napari_strata.widgets.parts.job_panel import JobPanel


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@job
def hasty(control):
    """Report faster than a window can draw."""
    control.run()
    for step in range(20):
        yield Progress(step / 20, f"step {step}")
    yield Warned("Something is odd.", "Mend it.")
    return JobResult(value="done")


@pytest.fixture
def panel(viewer):
    panel = JobPanel(QPushButton("Go"))
    viewer.window.add_dock_widget(panel)
    return panel


def test_events_arrive_in_order_though_the_progress_bar_lets_qt_deliver_others(qtbot, panel):
    events, results = [], []
    panel.runner.reported.connect(events.append)
    panel.brought.connect(results.append)
    with qtbot.waitSignal(panel.runner.ended):
        panel.run(hasty, name="Test")
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert isinstance(events[-1], JobEnded)
    assert [result.value for result in results] == ["done"]


def test_the_words_of_a_result_have_their_room_before_anything_is_drawn(qtbot, panel):
    window = QWidget()
    qtbot.addWidget(window)
    rows = QVBoxLayout(window)
    rows.addWidget(panel)
    rows.addWidget(QWidget(), 1)
    window.resize(300, 600)
    window.show()
    room = []
    panel.brought.connect(lambda _result: panel.say("many words " * 60))
    panel.runner.ended.connect(lambda _ended: room.append(panel.rect().contains(panel.words.geometry())))
    with qtbot.waitSignal(panel.runner.ended):
        panel.run(hasty, name="Test")
    assert room == [True]
    assert panel.words.height() > 2 * panel.words.fontMetrics().height()


def test_an_obstacle_keeps_the_job_from_starting_and_is_said(panel):
    panel.set_obstacle("Open an image.")
    assert (panel.words.text(), panel.start_button.isEnabled()) == ("Open an image.", False)
    panel.set_obstacle("")
    assert (panel.words.text(), panel.start_button.isEnabled()) == ("", True)


def test_how_the_last_job_went_stays_to_be_read(panel):
    panel.say("16 atoms.")
    panel.set_obstacle("")
    assert panel.words.text() == "16 atoms."


def test_a_mistake_behind_a_click_is_said_and_raised_no_further(panel):
    def slot():
        raise ImageError("It is constant.", remedy="Take another.")

    panel.guarded(slot)()
    assert panel.words.text() == "It is constant. Take another."


def test_a_job_that_fails_says_why(qtbot, panel):
    with qtbot.waitSignal(panel.runner.ended):
        panel.run(lambda control: raising(control, ImageError("No.", remedy="Yes.")), name="Test")
    assert panel.words.text() == "No. Yes."


def test_a_second_start_is_refused_and_the_first_goes_on(qtbot, panel):
    panel.run(functools.partial(counting, steps=30), name="Test")
    panel.guarded(functools.partial(panel.run, functools.partial(counting, steps=1), name="Test"))()
    assert "Test is still" in panel.words.text()
    with qtbot.waitSignal(panel.brought) as done:
        pass
    assert done.args[0].value == 30


def test_the_time_left_is_told_where_it_is_long(qtbot, panel):
    for left, said in ((None, "Working…"), (2.0, "Working…"), (130.0, "Working, about 2 min left…")):
        panel.runner.reported.emit(Progress(0.5, "Working", left))
        qtbot.waitUntil(lambda said=said: panel.words.text() == said)


def test_of_progress_that_comes_faster_than_it_is_worth_drawing_the_newest_is_told(qtbot, panel):
    told = []
    panel.bar.valueChanged.connect(told.append)
    for step in range(1, 20):
        panel.runner.reported.emit(Progress(step / 20, f"step {step}"))
    assert (panel.words.text(), told) == ("step 1…", [50])
    qtbot.waitUntil(lambda: panel.words.text() == "step 19…")
    assert told == [50, 950]


def test_progress_that_is_not_told_yet_is_not_told_after_the_end(qtbot, viewer, monkeypatch):
    monkeypatch.setattr(job_panel, "REST", 1)
    panel = JobPanel(QPushButton("Go"))
    viewer.window.add_dock_widget(panel)
    panel.brought.connect(lambda result: panel.say(result.value))
    with qtbot.waitSignal(panel.runner.ended):
        panel.run(hasty, name="Test")
    qtbot.wait(20)
    assert panel.words.text() == "done"


def test_a_warning_notifies_once_and_is_read_after_every_run(panel, monkeypatch):
    shown = []
    monkeypatch.setattr("napari_strata.widgets.parts.job_panel.show_warned", shown.append)
    warned = Warned("It is outside what the model has seen.")
    for _ in range(2):
        panel.runner.reported.emit(warned)
    assert shown == [warned]
    assert "outside" in panel.warnings.text()
