import pytest

from benchmarks.time_to_iou import Point, figures, time_to

CURVE = [Point(30.0, 0.2), Point(90.0, 0.74), Point(120.0, 0.73)]


def test_the_time_is_that_of_the_first_network_good_enough() -> None:
    assert time_to(CURVE, 0.737) == 90
    assert time_to(CURVE, 0.8) is None


def test_a_curve_that_never_gets_there_has_no_time() -> None:
    time, best = figures(CURVE, [Point(60.0, 0.1)])
    assert (time.value, time.baseline) == (pytest.approx(1.5), {"published": None})
    assert (best.value, best.baseline) == (0.74, {"published": 0.1})
