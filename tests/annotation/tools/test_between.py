import numpy as np
import pytest

from napari_strata.annotation.tools.between import fill_between, gaps_of, signed_distance
from napari_strata.errors import LabelsError


def square(side: int, at: int = 7) -> np.ndarray:
    codes = np.zeros((15, 15), np.uint8)
    half = side // 2
    codes[at - half : at + half + 1, at - half : at + half + 1] = 2
    return codes


def stack(*sides: int) -> np.ndarray:
    return np.stack([square(side) if side else np.zeros((15, 15), np.uint8) for side in sides])


def test_the_outline_runs_between_pixels():
    assert signed_distance(np.array([[False, False, True, True, True, False]])).tolist() == [
        [-1.5, -0.5, 0.5, 1.5, 0.5, -0.5]
    ]


def test_between_squares_of_three_and_seven_pixels_lies_one_of_five():
    filled = fill_between(stack(3, 0, 7), code=2)
    assert (filled[1] == square(5)).all()


def test_the_same_shape_is_repeated():
    filled = fill_between(stack(5, 0, 0, 0, 5), code=2)
    assert (filled == square(5)).all()


def test_the_first_and_the_last_slice_stay():
    codes = stack(3, 0, 7)
    assert (fill_between(codes, code=2)[[0, 2]] == codes[[0, 2]]).all()


def test_paint_in_between_is_kept():
    codes = stack(5, 0, 5)
    codes[1, 7, 7] = 1
    filled = fill_between(codes, code=2)
    assert filled[1, 7, 7] == 1
    assert (filled[1] == 2).sum() == 24


def test_a_moved_square_is_found_on_the_way():
    codes = np.stack([square(7, 5), np.zeros((15, 15), np.uint8), square(7, 8)])
    filled = fill_between(codes, code=2)[1] == 2
    assert np.argwhere(filled).mean(axis=0) == pytest.approx([6.5, 6.5])
    assert 30 <= filled.sum() <= 64


def test_gaps_lie_between_neighbouring_painted_slices():
    codes = stack(0, 3, 0, 3, 3, 0, 0, 3, 0)
    assert gaps_of(codes, 2) == [slice(1, 4), slice(4, 8)]
    assert gaps_of(codes, 2, at=6) == [slice(4, 8)]


@pytest.mark.parametrize("at", [0, 1, 4, 8])
def test_a_slice_beside_a_gap_is_told_so(at):
    with pytest.raises(LabelsError, match=f"Slice {at} does not lie between two slices"):
        gaps_of(stack(0, 3, 0, 3, 3, 0, 0, 3, 0), 2, at=at)


def test_a_stack_without_a_gap_is_told_so():
    with pytest.raises(LabelsError, match="There are no empty slices"):
        gaps_of(stack(3, 3, 0), 2)
