import functools
import threading

import pytest
from fake_jobs import counting, endless
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt, QThreadPool
from qtpy.QtWidgets import QDockWidget, QMainWindow, QMessageBox, QPushButton, QVBoxLayout

from napari_strata.control import JobControl, JobState
from napari_strata.widgets.parts.dock import DOCK_WIDTH, Dock
from napari_strata.widgets.parts.form import Page
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.train.words import WordsPage


class Working(Dock):
    """A dock with a job."""

    def __init__(self):
        super().__init__()
        self.panel = JobPanel(QPushButton("Go"))
        QVBoxLayout(self).addWidget(self.panel)


@pytest.fixture
def dock(viewer):
    notification_manager.records.clear()
    dock = Working()
    dock.napari_dock = viewer.window.add_dock_widget(dock, name="Working")
    return dock


def close(qtbot, dock):
    """Press the cross of its title bar, and wait until it is destroyed."""
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    dock.napari_dock.destroyOnClose()
    qtbot.waitUntil(lambda: bool(gone))


def test_a_closed_dock_is_destroyed(qtbot, dock):
    close(qtbot, dock)


def test_a_dock_closed_while_its_job_runs_stops_the_job_first(qtbot, dock):
    dock.panel.run(functools.partial(counting, steps=100_000), name="Test")
    qtbot.waitUntil(lambda: dock.panel.runner.state is JobState.RUNNING)
    ends = []
    dock.panel.runner.ended.connect(lambda ended: ends.append(ended.reason.value))
    close(qtbot, dock)
    assert ends == ["canceled"]
    assert QThreadPool.globalInstance().activeThreadCount() == 0


def said():
    return [record.message for record in notification_manager.records]


@pytest.mark.parametrize(("make_job", "made"), [(functools.partial(counting, steps=100_000), 1), (endless, 0)])
def test_what_a_stopped_job_had_made_is_brought_and_that_it_was_stopped_is_said(qtbot, dock, make_job, made):
    brought = []
    dock.panel.brought.connect(brought.append)
    dock.panel.run(make_job, name="Predicting a")
    qtbot.waitUntil(lambda: dock.panel.runner.state is JobState.RUNNING)
    close(qtbot, dock)
    assert len(brought) == made
    assert said() == ["Predicting a was stopped because its dock was closed."]


def test_a_job_that_was_done_when_its_dock_was_closed_brings_its_result_without_a_word(qtbot, dock):
    brought, release = [], threading.Event()

    def finished_all_the_same(control):
        yield from counting(JobControl(), steps=1, release=release)  # which hears of no stop

    dock.panel.brought.connect(lambda result: brought.append(result.value))
    dock.panel.run(finished_all_the_same, name="Predicting a")
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    dock.napari_dock.destroyOnClose()
    release.set()
    qtbot.waitUntil(lambda: bool(gone))
    assert brought == [1]
    assert said() == []


def test_nobody_is_told_of_jobs_that_a_dock_runs_for_itself(qtbot, dock):
    runner, ends = JobRunner(dock), []
    runner.ended.connect(ends.append)
    runner.start(endless, name="Forecast")
    close(qtbot, dock)
    assert [ended.reason.value for ended in ends] == ["canceled"]
    assert said() == []


@pytest.mark.parametrize("is_floating", [False, True])
def test_a_dock_that_asks_before_it_is_closed_stays_unless_the_answer_is_yes(
    qtbot, dock, monkeypatch, is_floating
):
    asked = []
    monkeypatch.setattr(Working, "closing_question", "Really?")
    dock.window().show()
    dock.napari_dock.setFloating(is_floating)
    qtbot.waitUntil(dock.isVisible)
    cross = dock.napari_dock.titleBarWidget().findChild(QPushButton, "QTitleBarCloseButton")
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    for answer in (QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes):
        assert not gone
        monkeypatch.setattr(QMessageBox, "question", lambda *args, answer=answer: asked.append(args[-1]) or answer)
        qtbot.mouseClick(cross, Qt.MouseButton.LeftButton)
        qtbot.wait(50)
    assert asked == ["Really?"] * 2
    qtbot.waitUntil(lambda: bool(gone))


def test_a_hidden_dock_lives_on(qtbot, dock):
    gone = []
    dock.destroyed.connect(lambda: gone.append(dock))
    dock.napari_dock.hide()
    dock.napari_dock.show()
    qtbot.wait(50)
    assert not gone


class Watching(Dock):
    """A dock that takes note of where it is."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def came_to_front(self, is_in_front):
        self.seen.append(is_in_front)


def test_a_dock_knows_when_it_goes_behind_another_one_and_comes_back(qtbot):
    window, dock = QMainWindow(), Watching()
    qtbot.addWidget(window)
    first, second = QDockWidget("First"), QDockWidget("Second")
    first.setWidget(dock)
    for frame in (first, second):
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, frame)
    window.tabifyDockWidget(first, second)
    with qtbot.waitExposed(window):
        window.show()
    second.raise_()
    qtbot.waitUntil(lambda: dock.seen[-1:] == [False])
    first.raise_()
    qtbot.waitUntil(lambda: dock.seen[-1] is True)


def test_a_dock_outside_a_window_of_napari_is_in_front_when_it_is_shown(qtbot):
    dock = Watching()
    qtbot.addWidget(dock)
    dock.show()
    assert dock.seen == [True]


@pytest.mark.parametrize("name", ["Label", "Train", "Label history"])
def test_a_dock_leaves_room_for_its_form_and_the_scroll_bar(qtbot, make_napari_viewer, name):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 500)
    _, dock = viewer.window.add_plugin_dock_widget("napari-strata", name)
    page = next(page for page in dock.findChildren(Page) if not isinstance(page, WordsPage))

    def has_room():
        bar = page.verticalScrollBar().sizeHint().width()
        assert page.width() >= page.widget().minimumSizeHint().width() + bar
        assert page.viewport().width() >= page.widget().width()

    qtbot.waitUntil(lambda: dock.isVisible() and dock.minimumSizeHint().width() >= DOCK_WIDTH)
    qtbot.waitUntil(has_room)
