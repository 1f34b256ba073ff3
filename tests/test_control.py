import threading

import pytest

from napari_strata.control import JobCanceled, JobControl, JobState, JobStateError
from napari_strata.requests import Look, Unpin


def running() -> JobControl:
    control = JobControl()
    control.begin()
    control.run()
    return control


def test_a_job_goes_from_idle_through_preparing_to_running_and_back():
    control = JobControl()
    seen = [control.state]
    control.begin()
    seen.append(control.state)
    control.run()
    seen.append(control.state)
    control.end()
    seen.append(control.state)
    assert seen == [JobState.IDLE, JobState.PREPARING, JobState.RUNNING, JobState.IDLE]


def test_stop_while_preparing_cancels_before_the_job_runs():
    control = JobControl()
    control.begin()
    control.request_stop()
    assert control.state is JobState.STOPPING
    with pytest.raises(JobCanceled):
        control.run()


def test_stop_while_running_is_seen_at_the_next_checkpoint():
    control = running()
    control.request_stop()
    assert control.state is JobState.STOPPING
    with pytest.raises(JobCanceled):
        control.checkpoint()


def test_pause_and_resume_come_back_to_running():
    control = running()
    control.pause()
    assert control.state is JobState.PAUSED
    control.resume()
    assert control.state is JobState.RUNNING
    control.checkpoint()


def test_the_time_of_pauses_is_counted(monkeypatch):
    now = [10.0]
    monkeypatch.setattr("napari_strata.control.time.monotonic", lambda: now[0])
    control = JobControl()
    control.begin()
    control.run()
    for seconds in (2.0, 3.0):
        control.pause()
        now[0] += seconds
        control.resume()
        now[0] += 100
    assert control.seconds_paused == 5
    control.pause()
    now[0] += 1
    assert control.seconds_paused == 6
    control.request_stop()
    now[0] += 50
    assert control.seconds_paused == 6


def test_a_paused_job_wakes_up_when_it_is_stopped():
    control = running()
    control.pause()
    woken = threading.Event()

    def wait() -> None:
        control.wait_while_paused()
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not woken.wait(0.05)
    control.request_stop()
    assert woken.wait(5)
    thread.join()
    assert control.state is JobState.STOPPING


def test_a_paused_job_is_woken_by_requests_of_a_kind_and_leaves_the_others():
    control = running()
    assert control.wait_for(Look) == []
    control.pause()
    pin, look = Unpin("a"), Look(None, 1)
    found: list[list[Look]] = []
    thread = threading.Thread(target=lambda: found.append(control.wait_for(Look)))
    thread.start()
    control.post(pin)
    control.post(look)
    thread.join(20)
    assert found == [[look]]
    assert control.take_requests() == [pin]


@pytest.mark.parametrize("end", ["resume", "request_stop"])
def test_a_paused_job_that_waits_for_requests_goes_on_when_it_is_resumed_or_stopped(end):
    control = running()
    control.pause()
    found: list[list[Look]] = []
    thread = threading.Thread(target=lambda: found.append(control.wait_for(Look)))
    thread.start()
    getattr(control, end)()
    thread.join(20)
    assert found == [[]]


@pytest.mark.parametrize("action", ["pause", "resume", "run"])
def test_an_idle_job_can_neither_pause_nor_resume_nor_run(action):
    with pytest.raises(JobStateError, match="idle"):
        getattr(JobControl(), action)()


def test_stopping_an_idle_job_changes_nothing():
    control = JobControl()
    control.request_stop()
    assert control.state is JobState.IDLE
    assert not control.stop_requested


def test_a_running_job_cannot_begin_again():
    with pytest.raises(JobStateError, match="running"):
        running().begin()


def test_a_second_life_forgets_the_first_stop():
    control = running()
    control.request_stop()
    control.end()
    control.begin()
    assert not control.stop_requested
