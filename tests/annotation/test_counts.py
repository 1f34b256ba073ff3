import numpy as np
import pytest

from napari_strata.annotation.counts import PixelCounts

SLICE = np.array([[0, 1, 1], [3, 3, 3]], np.uint8)


@pytest.mark.parametrize("largest", [3, 200])
def test_a_slice_is_counted(largest):
    counts = PixelCounts(2)
    counts.count(1, SLICE, largest=largest)
    assert counts.table[1, :4].tolist() == [1, 2, 0, 3]
    assert counts.is_counted.tolist() == [False, True]


def test_strange_codes_are_left_out():
    counts = PixelCounts(1)
    counts.count(0, np.array([[-1, 300, 2]]), largest=200)
    assert counts.table.sum() == 1


def test_what_is_painted_is_followed_without_counting_again():
    counts = PixelCounts(2)
    counts.count(0, SLICE, largest=3)
    counts.count(1, SLICE, largest=3)
    counts.change(np.array([0, 0, 1]), old=np.array([1, 1, 3]), new=np.array([2, 2, 0]))
    assert counts.table[:, :4].tolist() == [[1, 0, 2, 3], [2, 2, 0, 2]]


def test_a_slice_that_was_not_counted_yet_waits():
    counts = PixelCounts(1)
    counts.change(np.array([0]), old=np.array([1]), new=np.array([2]))
    assert not counts.table.any()
