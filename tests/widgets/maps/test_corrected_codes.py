import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_strata.config import ClassTable
from napari_strata.errors import TargetError
from napari_strata.widgets.layers.label_memory import remember_classes
from napari_strata.widgets.maps.corrected_codes import corrected_codes

MODEL = ClassTable.from_names(("W", "S"))
IMAGE = Image(np.zeros((2, 3)), name="image")


def labels(codes, names=()) -> Labels:
    made = Labels(np.array([codes, [0, 1, 0]], np.uint8), name="mine")
    if names:
        remember_classes(made, ClassTable.from_names(names))
    return made


def test_classes_are_told_by_their_names_whatever_their_order():
    assert corrected_codes(labels([1, 2, 3], ("S", "W")), IMAGE, 0, MODEL).tolist() == [[1, 3, 2], [0, 1, 0]]


def test_labels_from_elsewhere_keep_their_codes():
    assert corrected_codes(labels([1, 2, 3]), IMAGE, 0, MODEL).tolist() == [[1, 2, 3], [0, 1, 0]]


def test_a_class_that_the_model_does_not_know_is_named():
    with pytest.raises(TargetError, match=r"knows no class Mo, .*Its classes are W, S"):
        corrected_codes(labels([1, 2, 3], ("W", "Mo")), IMAGE, 0, MODEL)
    assert corrected_codes(labels([1, 2, 2], ("W", "Mo")), IMAGE, 0, MODEL).tolist() == [[1, 2, 2], [0, 1, 0]]


def test_a_slice_on_which_nothing_is_painted_is_refused():
    empty = Labels(np.zeros((2, 3), np.uint8), name="mine")
    with pytest.raises(TargetError, match="'mine' has nothing on this slice"):
        corrected_codes(empty, IMAGE, 0, MODEL)
