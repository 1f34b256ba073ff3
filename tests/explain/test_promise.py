import pytest

from napari_strata.explain.promise import broken_promise


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({}, ""),
        ({"delta": 5.0}, ""),  # a map of an earlier version
        ({"delta": 0.2, "baseline_score": -2.0}, ""),
        ({"delta": -0.3, "baseline_score": -2.0}, "The sum misses the difference by 6% of it: take more steps"),
        ({"delta": 0.3, "baseline_score": 3.0}, "The sum misses the difference: take more steps"),
    ],
)
def test_a_sum_may_miss_a_twentieth_of_the_difference(figures, words):
    assert broken_promise("integrated-gradients", 3.0, figures) == words


def test_more_steps_are_advised_only_where_there_are_steps():
    words = broken_promise("deep-lift", 3.0, {"delta": 2.5, "baseline_score": -2.0})
    assert words == "The sum misses the difference by 50% of it: its values are to be read with care"
