import functools
import gc
import os
import sys
import threading
import weakref

import pytest
import torch
from fake_jobs import counting, preparing, raising
from napari.utils import progress
from qtpy.QtCore import QThreadPool, QTimer
from qtpy.QtWidgets import QWidget

from napari_strata.control import JobControl, JobState, JobStateError
from napari_strata.events import BatchEnded, FinishReason, JobEnded
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.worker import NICENESS


@pytest.fixture
def runner(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    yield JobRunner(parent)


def run_to_end(qtbot, runner, make_job, after_start=lambda: None) -> JobEnded:
    with qtbot.waitSignal(runner.ended, timeout=10_000) as ending:
        runner.start(make_job, name="Test")
        after_start()
    return ending.args[0]


def test_a_job_runs_in_another_thread_and_reports_on_the_gui_thread(qtbot, runner):
    threads = {}

    def make_job(control: JobControl):
        threads["job"] = threading.get_ident()
        return counting(control, steps=3)

    runner.reported.connect(lambda _event: threads.setdefault("gui", threading.get_ident()))
    ended = run_to_end(qtbot, runner, make_job)
    assert ended.reason is FinishReason.COMPLETED
    assert ended.result.value == 3
    assert threads["gui"] == threading.get_ident() != threads["job"]


def test_states_go_from_preparing_to_running_to_idle(qtbot, runner):
    states = []
    runner.state_changed.connect(states.append)
    run_to_end(qtbot, runner, functools.partial(counting, steps=3))
    assert states == [JobState.PREPARING, JobState.RUNNING, JobState.IDLE]


def test_stop_ends_a_running_job_with_what_it_has(qtbot, runner):
    runner.start(functools.partial(counting, steps=10_000), name="Test")
    qtbot.waitUntil(lambda: runner.state is JobState.RUNNING)
    with qtbot.waitSignal(runner.ended) as ending:
        runner.stop()
        assert runner.state is JobState.STOPPING
    assert ending.args[0].reason is FinishReason.CANCELED
    assert 0 < ending.args[0].result.value < 10_000


def test_stop_while_preparing_ends_without_running(qtbot, runner):
    states, release = [], threading.Event()
    runner.state_changed.connect(states.append)
    with qtbot.waitSignal(runner.reported):
        runner.start(functools.partial(preparing, release=release), name="Test")
    with qtbot.waitSignal(runner.ended) as ending:
        runner.stop()
        release.set()
    assert ending.args[0] == JobEnded(FinishReason.CANCELED)
    assert states == [JobState.PREPARING, JobState.STOPPING, JobState.IDLE]


def test_stop_before_the_job_has_begun_is_not_lost(qtbot, runner):
    ended = run_to_end(qtbot, runner, functools.partial(counting, steps=10_000), after_start=runner.stop)
    assert ended.reason is FinishReason.CANCELED


def test_a_paused_job_waits_and_goes_on(qtbot, runner):
    events = []
    runner.reported.connect(events.append)
    runner.start(functools.partial(counting, steps=40), name="Test")
    qtbot.waitUntil(lambda: runner.state is JobState.RUNNING)
    runner.pause()
    qtbot.wait(50)
    count = len(events)
    qtbot.wait(50)
    assert len(events) == count
    with qtbot.waitSignal(runner.ended) as ending:
        runner.resume()
    assert ending.args[0].result.value == 40


def test_a_paused_job_can_be_stopped(qtbot, runner):
    runner.start(functools.partial(counting, steps=10_000), name="Test")
    qtbot.waitUntil(lambda: runner.state is JobState.RUNNING)
    runner.pause()
    with qtbot.waitSignal(runner.ended) as ending:
        runner.stop()
    assert ending.args[0].reason is FinishReason.CANCELED


@pytest.mark.parametrize("error", [RuntimeError("no"), torch.OutOfMemoryError("no"), ValueError("no")])
def test_any_error_inside_a_job_ends_it_as_failed(qtbot, runner, error):
    ended = run_to_end(qtbot, runner, lambda control: raising(control, error))
    assert (ended.reason, ended.error) == (FinishReason.FAILED, error)
    assert runner.state is JobState.IDLE


def test_a_job_that_cannot_be_made_ends_as_failed(qtbot, runner):
    def make_job(control: JobControl):
        raise ImportError("no such library")

    ended = run_to_end(qtbot, runner, make_job)
    assert ended.reason is FinishReason.FAILED
    assert isinstance(ended.error, ImportError)


def test_a_second_start_is_refused_in_words_and_the_first_goes_on(qtbot, runner):
    runner.start(functools.partial(counting, steps=20), name="Training")
    with pytest.raises(JobStateError, match=r"Training is still preparing\. Stop it"):
        runner.start(functools.partial(counting, steps=1), name="Training")
    with qtbot.waitSignal(runner.ended) as ending:
        pass
    assert ending.args[0].result.value == 20


def test_the_next_job_can_start_when_one_has_ended(qtbot, runner):
    for steps in (2, 3):
        assert run_to_end(qtbot, runner, functools.partial(counting, steps=steps)).result.value == steps


def test_garbage_collection_leaves_alone_what_was_there_before_the_job_ran(qtbot, runner):
    runner.start(functools.partial(counting, steps=10_000), name="Test")
    qtbot.waitUntil(lambda: runner.state is JobState.RUNNING)
    assert gc.get_freeze_count() > 10_000
    with qtbot.waitSignal(runner.ended):
        runner.stop()
    qtbot.waitUntil(lambda: gc.get_freeze_count() == 0)


def test_a_destroyed_runner_stops_its_job(qtbot, viewer):
    dock = QWidget()
    runner = JobRunner(dock)
    runner.start(functools.partial(counting, steps=100_000), name="Test")
    qtbot.waitUntil(lambda: runner.state is JobState.RUNNING)
    dock.deleteLater()
    qtbot.waitUntil(lambda: QThreadPool.globalInstance().activeThreadCount() == 0)


def test_progress_shows_in_the_activity_dock_and_goes_away(qtbot, runner, viewer):
    release = threading.Event()
    runner.start(functools.partial(counting, steps=1000, pause=0.01, release=release), name="Test")
    (bar,) = progress._all_instances
    qtbot.waitUntil(lambda: bar.desc == "Test: getting ready: ", timeout=8000)
    release.set()
    qtbot.waitUntil(lambda: bar.desc == "Test: " and bar.n > 0, timeout=8000)
    with qtbot.waitSignal(runner.ended):
        runner.stop()
    assert not progress._all_instances


def test_events_are_told_in_the_order_in_which_they_happened(qtbot, runner, viewer):
    steps, ends = [], []
    runner.reported.connect(lambda event: steps.append(event.step) if isinstance(event, BatchEnded) else None)
    runner.ended.connect(lambda _ended: ends.append(len(steps)))
    run_to_end(qtbot, runner, functools.partial(counting, steps=600, pause=0.001))
    assert steps == list(range(1, 601))
    assert ends == [600]


def test_whoever_closes_the_window_is_told_which_job_runs(qtbot, runner, make_napari_viewer):
    viewer = make_napari_viewer()
    runner.start(functools.partial(counting, steps=100_000), name="Training graphene")
    qtbot.waitUntil(lambda: runner.state is JobState.RUNNING)
    assert viewer.window._task_status_manager.get_status() == ["napari-worker: Executing Training graphene"]
    with qtbot.waitSignal(runner.ended):
        runner.stop()


def test_closing_the_viewer_waits_for_the_stopped_job(qtbot, make_napari_viewer):
    viewer = make_napari_viewer()
    dock = QWidget()
    viewer.window.add_dock_widget(dock)
    runner = JobRunner(dock)
    runner.start(functools.partial(counting, steps=100_000), name="Test")
    qtbot.waitUntil(lambda: runner.state is JobState.RUNNING)
    viewer.close()
    qtbot.waitUntil(lambda: QThreadPool.globalInstance().activeThreadCount() == 0, timeout=500)
    assert not progress._all_instances


def test_the_second_of_a_double_click_finds_the_job_started(qtbot, runner):
    refused = []

    def click():
        try:
            runner.start(functools.partial(counting, steps=3), name="Test")
        except JobStateError as error:
            refused.append(error)

    QTimer.singleShot(0, click)  # napari's bar lets Qt deliver it while the first click is still at work
    with qtbot.waitSignal(runner.ended, timeout=10_000):
        click()
    assert len(refused) == 1
    assert not list(progress._all_instances)


def test_what_a_job_worked_on_is_let_go_when_it_has_ended(qtbot, runner):
    class Data:
        pass

    def start():
        data = Data()
        runner.start(lambda control: counting(control, steps=1 + 0 * id(data)), name="Test")
        return weakref.ref(data)

    with qtbot.waitSignal(runner.ended, timeout=10_000):
        data = start()
    gc.collect()
    assert data() is None


def test_more_jobs_run_at_once_than_there_are_cores(qtbot):
    runners = [JobRunner() for _ in range(QThreadPool.globalInstance().maxThreadCount() + 1)]
    for number, one in enumerate(runners):
        one.start(functools.partial(counting, steps=100_000), name=f"Test {number}")
    qtbot.waitUntil(lambda: all(one.state is JobState.RUNNING for one in runners))
    for one in runners:
        with qtbot.waitSignal(one.ended):
            one.stop()
    qtbot.waitUntil(lambda: QThreadPool.globalInstance().activeThreadCount() == 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a niceness of their own")
def test_a_job_gives_way_to_the_window(qtbot, runner):
    nice = {}

    def make_job(control: JobControl):
        nice["job"] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        return counting(control, steps=1)

    before = os.getpriority(os.PRIO_PROCESS, 0)
    run_to_end(qtbot, runner, make_job)
    assert nice["job"] == max(before, NICENESS)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
