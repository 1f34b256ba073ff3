import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.data.patches import cut_image, cut_labels

IMAGE = np.arange(12, dtype=np.float32).reshape(3, 4)
LABELS = (IMAGE[None] + 1).astype(np.uint8)


def test_a_square_inside_an_image_is_copied():
    cut = cut_image(IMAGE, 1, 2, 2)
    assert cut.tolist() == [[6, 7], [10, 11]]
    cut[:] = 0
    assert IMAGE[1, 2] == 6
    assert cut_labels(LABELS, 1, 2, 2).tolist() == [[[7, 8], [11, 12]]]


def test_beyond_an_edge_an_image_goes_on_mirrored_without_labels():
    assert cut_image(IMAGE, -1, -2, 3).tolist() == [[1, 0, 0], [1, 0, 0], [5, 4, 4]]
    assert cut_labels(LABELS, -1, -2, 3).tolist() == [[[0, 0, 0], [0, 0, 1], [0, 0, 5]]]
    assert cut_labels(LABELS, 2, 3, 2).tolist() == [[[12, 0], [0, 0]]]


@pytest.mark.parametrize("start", [-20, 20])
def test_a_square_wholly_beyond_an_image_has_no_labels(start):
    assert not cut_labels(LABELS, start, start, 3).any()


@given(y=st.integers(-3, 2), x=st.integers(-4, 3), size=st.integers(1, 6))
def test_the_mirrored_continuation_is_that_of_numpy(y, x, size):
    padded = np.pad(IMAGE, ((3, 8), (4, 9)), mode="symmetric")
    assert np.array_equal(cut_image(IMAGE, y, x, size), padded[y + 3 : y + 3 + size, x + 4 : x + 4 + size])
