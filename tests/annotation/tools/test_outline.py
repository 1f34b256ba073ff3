import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_strata.annotation.tools.outline import grow, shrink, smooth

CODES = arrays(np.uint8, (7, 9), elements=st.integers(0, 3))


def dot() -> np.ndarray:
    codes = np.zeros((5, 5), np.uint8)
    codes[2, 2] = 2
    return codes


def square(side: int = 5) -> np.ndarray:
    codes = np.zeros((9, 9), np.uint8)
    codes[2 : 2 + side, 2 : 2 + side] = 2
    return codes


@pytest.mark.parametrize(("radius", "pixels"), [(0.9, 1), (1, 5), (1.5, 9), (2, 13), (2.3, 21)])
def test_a_pixel_grows_into_a_disk(radius, pixels):
    assert (grow(dot(), radius, code=2, only_unlabelled=False) == 2).sum() == pixels


def test_growing_keeps_other_paint_unless_it_is_asked_not_to():
    codes = dot()
    codes[2, 3] = 1
    assert grow(codes, 1, code=2, only_unlabelled=True)[2].tolist() == [0, 2, 2, 1, 0]
    assert grow(codes, 1, code=2, only_unlabelled=False)[2].tolist() == [0, 2, 2, 2, 0]


def test_shrinking_takes_the_rim_and_leaves_what_was_chosen():
    assert (shrink(square(), 1, code=2) == 2).sum() == 9
    assert (shrink(square(), 1, code=2, becomes=1) == 1).sum() == 16


def test_a_class_does_not_shrink_from_the_border_of_the_image():
    codes = np.full((4, 4), 2, np.uint8)
    assert (shrink(codes, 1, code=2) == 2).all()
    codes[0, 0] = 1
    assert (shrink(codes, 1, code=2) == 2).sum() == 13


def test_smoothing_keeps_a_straight_edge_and_takes_a_whisker():
    codes = np.zeros((9, 9), np.uint8)
    codes[:, :4] = 2
    assert (smooth(codes, 1, code=2, only_unlabelled=False) == codes).all()
    codes[4, 4:8] = 2
    assert (smooth(codes, 1, code=2, only_unlabelled=False)[:, 6:] == 0).all()


def test_smoothing_fills_a_notch_with_care():
    codes = np.zeros((9, 9), np.uint8)
    codes[:, :5] = 2
    codes[4, 3:5] = 0
    codes[4, 3] = 1
    assert smooth(codes, 1, code=2, only_unlabelled=False)[4, 3] == 2
    assert smooth(codes, 1, code=2, only_unlabelled=True)[4, 3] == 1


@settings(max_examples=40)
@given(CODES, st.floats(0.5, 3))
def test_growing_with_care_changes_unlabelled_pixels_only(codes, radius):
    grown = grow(codes, radius, code=2, only_unlabelled=True)
    assert (grown[codes != 0] == codes[codes != 0]).all()
    assert np.isin(grown, [0, 1, 2, 3]).all()


@settings(max_examples=40)
@given(CODES, st.floats(0.5, 3))
def test_growing_and_shrinking_never_leaves_less_than_there_was(codes, radius):
    closed = shrink(grow(codes, radius, code=2, only_unlabelled=False), radius, code=2)
    assert (closed[codes == 2] == 2).all()


@settings(max_examples=40)
@given(CODES, st.floats(0.5, 3))
def test_shrinking_changes_pixels_of_its_class_only(codes, radius):
    shrunk = shrink(codes, radius, code=2)
    assert (shrunk[codes != 2] == codes[codes != 2]).all()
