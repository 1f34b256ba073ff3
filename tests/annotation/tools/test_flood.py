import numpy as np
import pytest

from napari_strata.annotation.tools.flood import flood_from
from napari_strata.errors import ImageError

IMAGE = np.array([[10, 11, 20], [12, 30, 10], [13, 30, 10]], np.uint8)


def flood(codes, image=IMAGE, seed=(0, 0), tolerance=1.0, only_unlabelled=False):
    return flood_from(codes, image, seed, tolerance=tolerance, code=2, only_unlabelled=only_unlabelled)


def test_the_connected_pixels_within_the_tolerance_are_painted():
    assert flood(np.zeros((3, 3), np.uint8)).tolist() == [[2, 2, 0], [0, 0, 0], [0, 0, 0]]
    assert flood(np.zeros((3, 3), np.uint8), tolerance=3).tolist() == [[2, 2, 0], [2, 0, 0], [2, 0, 0]]


def test_the_tolerance_does_not_wrap_round_where_the_type_ends():
    image = np.array([[0, 255, 1]], np.uint8)
    assert flood(np.zeros((1, 3), np.uint8), image, tolerance=2).tolist() == [[2, 0, 0]]


def test_pixels_that_touch_at_a_corner_are_not_connected():
    image = np.array([[5, 0], [0, 5]])
    assert flood(np.zeros((2, 2), np.uint8), image).tolist() == [[2, 0], [0, 0]]


def test_paint_stays_where_only_unlabelled_pixels_are_painted():
    codes = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 0]], np.uint8)
    assert flood(codes, only_unlabelled=True).tolist() == [[1, 2, 0], [0, 0, 0], [0, 0, 0]]


def test_a_stack_is_flooded_through_its_slices():
    image = np.array([[[1, 9]], [[1, 9]], [[9, 1]]])
    assert flood(np.zeros((3, 1, 2), np.uint8), image, (0, 0, 0)).tolist() == [[[2, 0]], [[2, 0]], [[0, 0]]]


def test_a_pixel_without_intensity_is_refused():
    with pytest.raises(ImageError, match="no intensity"):
        flood(np.zeros((1, 2), np.uint8), np.array([[np.nan, 1.0]]))
