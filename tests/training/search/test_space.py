import pytest

from napari_strata.config.search import Choices, Range
from napari_strata.errors import ConfigError
from napari_strata.training.search.space import grid, inside, stored

PARAMETERS = {
    "training.optimizer.learning_rate": Range(low=1e-4, high=1e-2, log=True, points=3),
    "training.batch_size": Range(low=2, high=4, points=5),
    "model.filters": Choices(choices=((4, 8), (8, 16))),
}


def test_a_grid_has_every_combination_once():
    points = grid(PARAMETERS, seed=0, most=100)
    assert len(points) == 3 * 3 * 2
    assert len({tuple(point.values()) for point in points}) == 18


def test_a_grid_holds_its_ends_and_even_steps_between():
    points = grid(PARAMETERS, seed=0, most=100)
    rates = sorted({point["training.optimizer.learning_rate"] for point in points})
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2])
    assert (rates[0], rates[-1]) == (1e-4, 1e-2)
    assert {point["training.batch_size"] for point in points} == {2, 3, 4}


def test_more_points_begin_with_the_same_ones():
    assert grid(PARAMETERS, seed=3, most=18)[:5] == grid(PARAMETERS, seed=3, most=5)


def test_a_grid_too_large_to_be_one_is_refused():
    many = {
        f"training.loss.{name}": Range(low=0, high=1, points=100) for name in ("dice", "focal", "tversky", "mse")
    }
    with pytest.raises(ConfigError, match="100,000,000 points"):
        grid(many, seed=0, most=10)


def test_the_settings_as_they_are_count_as_far_as_they_could_be_found():
    present = {
        "training.optimizer.learning_rate": 0.5,
        "training.batch_size": 3,
        "model.filters": (4, 8),
    }
    assert inside(present, PARAMETERS) == {"training.batch_size": 3, "model.filters": "[4, 8]"}


def test_lists_are_kept_as_text():
    assert stored((4, 8)) == "[4, 8]"
    assert stored(0.1) == 0.1
