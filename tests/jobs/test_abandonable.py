import threading
from concurrent.futures import Future

import pytest

from napari_strata.control import JobCanceled, JobControl
from napari_strata.jobs import abandonable as module
from napari_strata.jobs.abandonable import abandonable, followable


@pytest.fixture
def control():
    control = JobControl()
    control.begin()
    control.run()
    return control


def test_work_returns_what_it_finds_and_raises_what_it_raises(control):
    assert abandonable(control, lambda: 7) == 7

    def fail(error):
        raise error

    for error in (ValueError("no"), TimeoutError("too long"), JobCanceled()):
        with pytest.raises(type(error)) as raised:
            abandonable(control, lambda error=error: fail(error))
        assert raised.value is error


def test_work_that_ends_just_when_it_is_not_waited_for_any_longer_is_kept(control, monkeypatch):
    class Late(Future):
        def result(self, timeout=None):
            found = super().result()
            if timeout is None:
                return found
            raise TimeoutError

    monkeypatch.setattr(module, "Future", Late)
    assert abandonable(control, lambda: 7) == 7


def test_a_stop_does_not_wait_for_the_work(control):
    begun, release, ended = threading.Event(), threading.Event(), threading.Event()

    def work():
        begun.set()
        release.wait(60)
        ended.set()

    threading.Thread(target=lambda: begun.wait(60) and control.request_stop()).start()
    with pytest.raises(JobCanceled):
        abandonable(control, work)
    assert not ended.is_set()
    release.set()
    assert ended.wait(60)


def test_work_that_ends_soon_after_the_stop_is_kept(control):
    control.request_stop()
    assert abandonable(control, lambda: 7) == 7


def test_the_end_of_the_program_does_not_wait_for_the_work(control):
    assert abandonable(control, lambda: threading.current_thread().daemon)


def test_work_that_is_followed_tells_how_far_it_has_come(control):
    seen = threading.Event()

    def work(tell):
        tell(0.25)
        seen.wait(60)
        return 7

    following = followable(control, work)
    assert next(following) == 0.25
    seen.set()
    with pytest.raises(StopIteration) as stopped:
        next(following)
    assert stopped.value.value == 7


def test_work_that_is_followed_is_over_soon_after_a_stop(control):
    raised = threading.Event()

    def work(tell):
        try:
            while True:
                tell(0.5)
        except JobCanceled:
            raised.set()
            raise

    following = followable(control, work)
    assert next(following) == 0.5
    control.request_stop()
    with pytest.raises(JobCanceled):
        next(following)
    assert raised.wait(60)
