import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.data.turns import TURNS, padded, turned, turned_back, turned_positions

IMAGE = np.array([[1, 2, 3], [4, 5, 6]], np.float32)


@pytest.mark.parametrize(
    ("turn", "seen"),
    [
        (0, [[1, 2, 3], [4, 5, 6]]),
        (1, [[4, 5, 6], [1, 2, 3]]),
        (2, [[1, 4], [2, 5], [3, 6]]),
        (3, [[4, 1], [5, 2], [6, 3]]),
    ],
)
def test_an_image_is_seen_in_four_orientations(turn, seen):
    assert turned(IMAGE, turn).tolist() == seen


@given(
    st.sampled_from(TURNS),
    arrays.arrays(np.int32, arrays.array_shapes(min_dims=2, max_dims=4, max_side=5)),
)
def test_a_turn_is_undone(turn, array):
    np.testing.assert_array_equal(turned_back(turned(array, turn), turn), array)


@given(st.sampled_from(TURNS), st.integers(0, 1), st.integers(0, 2))
def test_a_position_turns_with_its_image(turn, y, x):
    [(row, column)] = turned_positions(np.array([[y, x]], float), len(IMAGE), turn).astype(int)
    assert turned(IMAGE, turn)[row, column] == IMAGE[y, x]


def test_padding_repeats_the_last_row_and_column_up_to_the_stride():
    assert padded(IMAGE, 4).tolist() == [[1, 2, 3, 3]] + [[4, 5, 6, 6]] * 3
    assert padded(IMAGE[None], 1).tolist() == IMAGE[None].tolist()
