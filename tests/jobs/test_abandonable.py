import threading

import pytest

from napari_strata.control import JobCanceled, JobControl
from napari_strata.jobs.abandonable import abandonable


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
