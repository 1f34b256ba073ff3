import pytest

from napari_strata.jobs import time_left as module
from napari_strata.jobs.time_left import TimeLeft


@pytest.fixture
def told(monkeypatch):
    """Return what is told at some times [s] when some parts of the work are done."""

    def told(*steps):
        times = iter([at for at, _ in steps])
        monkeypatch.setattr(module, "monotonic", lambda: next(times))
        clock = TimeLeft()
        return [clock.after(done) for _, done in steps]

    return told


def test_the_first_step_which_takes_longer_than_any_other_does_not_count(told):
    # a tenth in 4 s after the first: eight tenths are left, and then seven
    assert told((100, 0.1), (104, 0.2), (108, 0.3)) == [None, pytest.approx(32), pytest.approx(28)]


def test_nothing_is_told_before_two_seconds(told):
    assert told((0, 0.0), (1.9, 0.5), (2.0, 0.5)) == [None, None, 2.0]


def test_nothing_is_told_before_a_fiftieth_is_done(told):
    # a single slow atom of two thousand would tell 40 minutes for a job of one
    assert told((0, 0.0), (2.4, 0.001), (5.0, 0.02)) == [None, None, pytest.approx(245)]


def test_nothing_is_left_at_the_end(told):
    assert told((0, 0.5), (3, 1.0)) == [None, 0]
