import pytest
import torch

from napari_strata.control import JobControl, JobState
from napari_strata.errors import StrataError
from napari_strata.events import FinishReason, JobEnded, JobResult, Progress, StateChanged
from napari_strata.jobs.job import job


@job
def counting(control, count, *, fail=None):
    control.run()
    yield StateChanged(control.state)
    for i in range(count):
        control.checkpoint()
        yield Progress((i + 1) / count, "counting")
    if fail is not None:
        raise fail
    return JobResult({"count": count})


def test_a_job_that_is_left_alone_completes_with_its_result():
    control = JobControl()
    *events, last = counting(control, 2)
    assert last == JobEnded(FinishReason.COMPLETED, JobResult({"count": 2}))
    assert [e.state for e in events if isinstance(e, StateChanged)] == [JobState.PREPARING, JobState.RUNNING]
    assert control.state is JobState.IDLE


@pytest.mark.parametrize(
    "error",
    [RuntimeError("shapes"), torch.OutOfMemoryError("gpu"), StrataError("what", remedy="how"), ValueError("x")],
)
def test_whatever_is_raised_inside_ends_the_job_as_failed(error):
    control = JobControl()
    *_, last = counting(control, 1, fail=error)
    assert last == JobEnded(FinishReason.FAILED, error=error)
    assert control.state is JobState.IDLE


def test_a_stopped_job_ends_as_canceled():
    control = JobControl()
    events = counting(control, 100)
    for event in events:
        if isinstance(event, Progress):
            control.request_stop()
    assert event == JobEnded(FinishReason.CANCELED)
    assert control.state is JobState.IDLE


def test_a_job_stopped_while_preparing_ends_as_canceled():
    control = JobControl()
    events = counting(control, 1)
    assert next(events) == StateChanged(JobState.PREPARING)
    control.request_stop()
    assert list(events) == [JobEnded(FinishReason.CANCELED)]


def test_an_abandoned_job_leaves_its_control_idle():
    control = JobControl()
    events = counting(control, 5)
    next(events)
    events.close()
    assert control.state is JobState.IDLE
