import numpy as np
import pytest

from napari_strata.annotation.tools.threshold import (
    Threshold,
    local_mean,
    paint_threshold,
    propose_threshold,
    within_threshold,
)
from napari_strata.errors import ImageError

IMAGE = np.array([[0, 1, 2], [3, 4, 5]])
CODES = np.array([[0, 0, 1], [0, 0, 1]], np.uint8)


@pytest.mark.parametrize("method", ["otsu", "li", "triangle"])
def test_a_proposed_threshold_lies_between_two_well_separated_groups(method):
    rng = np.random.default_rng(0)
    image = np.concatenate([rng.normal(10, 1, 900), rng.normal(50, 1, 100)]).reshape(20, 50)
    assert 12 < propose_threshold(image, method) < 47


def test_pixels_without_a_number_are_left_out_of_the_proposal():
    image = np.array([[0.0, 0.0, 10.0, 10.0, np.nan, np.inf]])
    assert 0 <= propose_threshold(image, "otsu") < 10


@pytest.mark.parametrize("image", [np.full((3, 3), 7), np.full((2, 2), np.nan)])
def test_a_slice_without_contrast_has_no_threshold(image):
    with pytest.raises(ImageError, match="All pixels of this slice are equal"):
        propose_threshold(image, "otsu")


def test_what_equals_the_value_is_below_it():
    assert within_threshold(IMAGE, Threshold(3)).tolist() == [[False, False, False], [False, True, True]]
    assert within_threshold(IMAGE, Threshold(3, above=False)).tolist() == [
        [True, True, True],
        [True, False, False],
    ]


def test_pixels_without_a_number_belong_to_neither_side():
    image = np.array([[np.nan, 5.0]])
    assert not within_threshold(image, Threshold(3))[0, 0]
    assert not within_threshold(image, Threshold(3, above=False))[0, 0]


def test_a_window_compares_each_pixel_with_the_mean_around_it():
    image = np.zeros((5, 5))
    image[2, 2] = 9
    assert local_mean(image, 3)[2, 2] == pytest.approx(1)
    assert local_mean(image, 3)[0, 0] == pytest.approx(0)
    found = within_threshold(image, Threshold(0, window=3))
    assert np.argwhere(found).tolist() == [[2, 2]]
    assert not within_threshold(image, Threshold(8.5, window=3)).any()


def test_a_threshold_paints_over_or_only_where_nothing_is_painted():
    rule = Threshold(1)
    assert paint_threshold(CODES, IMAGE, rule, code=2, only_unlabelled=False).tolist() == [[0, 0, 2], [2, 2, 2]]
    assert paint_threshold(CODES, IMAGE, rule, code=2, only_unlabelled=True).tolist() == [[0, 0, 1], [2, 2, 1]]
    assert paint_threshold(CODES, IMAGE, rule, code=2, only_unlabelled=True).dtype == np.uint8


def test_a_pixel_that_is_not_finite_spoils_no_other():
    image = np.zeros((9, 9), np.float32)
    image[1, 1] = np.nan
    image[7, 7] = 1
    chosen = within_threshold(image, Threshold(0.5, window=3))
    assert np.argwhere(chosen).tolist() == [[7, 7]]
    assert local_mean(image, 3)[7, 7] == pytest.approx(1 / 9)
