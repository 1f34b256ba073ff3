import numpy as np
import pytest

from napari_strata.annotation.objects import codes_of_objects
from napari_strata.errors import LabelsError


def test_numbers_become_the_codes_of_their_classes() -> None:
    numbers = np.array([[0, 7], [70_000, 7]], np.uint32)
    codes = codes_of_objects(numbers, {7: 3, 70_000: 2}, outside=1, name="a")
    assert (codes.dtype, codes.tolist()) == (np.uint8, [[1, 3], [2, 3]])


def test_slices_without_objects_are_not_labelled() -> None:
    numbers = np.array([[[0, 1]], [[0, 0]]], np.uint16)
    assert codes_of_objects(numbers, {1: 2}, outside=1, name="a").tolist() == [[[1, 2]], [[0, 0]]]


def test_numbers_without_a_class_are_named() -> None:
    with pytest.raises(LabelsError, match=r"a holds objects without a class: 2, 3\."):
        codes_of_objects(np.array([[0, 1, 2, 3]]), {1: 2}, outside=1, name="a")
