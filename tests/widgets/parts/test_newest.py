import threading

import pytest
from fake_jobs import counting, preparing, raising
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QVBoxLayout

from napari_strata.errors import LatticeError
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.newest import NewestJob

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def newest(qtbot):
    newest = NewestJob()
    qtbot.addWidget(newest)
    return newest


@pytest.fixture
def brought(newest):
    brought = []
    newest.brought.connect(lambda result: brought.append(result.value))
    return brought


def test_of_many_requests_the_last_one_is_answered(qtbot, newest, brought):
    release = threading.Event()
    newest.ask(lambda control: preparing(control, release=release), name="first")
    for steps in (2, 3):
        newest.ask(lambda control, steps=steps: counting(control, steps=steps), name="later")
    assert newest.is_busy
    release.set()
    qtbot.waitUntil(lambda: not newest.is_busy, timeout=20_000)
    assert brought == [3]


def test_what_is_forgotten_is_not_told(qtbot, newest, brought):
    release = threading.Event()
    newest.ask(lambda control: preparing(control, release=release), name="first")
    newest.forget()
    assert not newest.is_busy
    with qtbot.waitSignal(newest.runner.ended, timeout=20_000):
        release.set()
    assert brought == [] and newest.words.text() == ""


def test_a_mistake_is_said_in_words_and_the_next_request_is_answered(qtbot, newest, brought):
    error = LatticeError("It failed.", remedy="Do otherwise.")
    newest.ask(lambda control: raising(control, error), name="bad")
    qtbot.waitUntil(lambda: newest.words.text() == "It failed. Do otherwise.", timeout=20_000)
    newest.ask(lambda control: counting(control, steps=1), name="good")
    qtbot.waitUntil(lambda: brought == [1], timeout=20_000)
    assert newest.words.text() == ""


def test_a_closing_dock_starts_no_waiting_job(qtbot):
    class Holder(Dock):
        def __init__(self):
            super().__init__()
            self.newest = NewestJob()
            QVBoxLayout(self).addWidget(self.newest)

    dock, release, made = Holder(), threading.Event(), []
    dock.newest.ask(lambda control: preparing(control, release=release), name="first")
    dock.newest.ask(lambda control: made.append(1) or counting(control, steps=1), name="second")
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    dock._end()
    release.set()
    qtbot.waitUntil(lambda: gone == [True], timeout=20_000)
    assert made == []


@pytest.fixture
def cancelable(qtbot):
    newest = NewestJob(can_cancel=True)
    qtbot.addWidget(newest)
    with qtbot.waitExposed(newest):
        newest.show()
    return newest


def test_a_canceled_job_tells_nothing_and_can_be_started_again(qtbot, cancelable):
    release, brought = threading.Event(), []
    cancelable.brought.connect(lambda result: brought.append(result.value))
    cancelable.ask(lambda control: preparing(control, release=release), name="Plotting")
    assert cancelable.words.text().startswith("Plotting")
    with qtbot.waitSignal(cancelable.runner.ended, timeout=20_000):
        qtbot.mouseClick(cancelable.cancel_button, LEFT)
        assert not cancelable.cancel_button.isEnabled()
        release.set()
    assert (brought, cancelable.words.text()) == ([], "Stopped.")
    assert not cancelable.cancel_button.isVisible()
    qtbot.mouseClick(cancelable.again_button, LEFT)
    qtbot.waitUntil(lambda: brought == ["ran"], timeout=20_000)
    assert not cancelable.again_button.isVisible() and cancelable.words.text() == ""


def test_another_request_follows_a_canceled_one(qtbot, cancelable):
    release, brought = threading.Event(), []
    cancelable.brought.connect(lambda result: brought.append(result.value))
    cancelable.ask(lambda control: preparing(control, release=release), name="first")
    qtbot.mouseClick(cancelable.cancel_button, LEFT)
    cancelable.ask(lambda control: counting(control, steps=2), name="second")
    release.set()
    qtbot.waitUntil(lambda: brought == [2], timeout=20_000)
    assert not cancelable.again_button.isVisible()
