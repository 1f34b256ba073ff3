import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError, TargetError
from napari_strata.widgets.layers.label_memory import label_memory, remember_classes
from napari_strata.widgets.maps.corrected_codes import check_corrects, corrected_codes

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


def test_labels_of_another_crystal_layer_or_image_are_refused_and_those_of_none_are_taken():
    made, other = labels([1, 2, 3]), Image(np.zeros((2, 3)), name="other")
    check_corrects(made, IMAGE, 1, [IMAGE, other, made])
    made.metadata = label_memory(IMAGE, MODEL, layer=1, group="made together")
    check_corrects(made, IMAGE, 1, [IMAGE, other, made])
    with pytest.raises(LabelsError, match=r"mine is of crystal layer 1, and layer 0 is asked"):
        check_corrects(made, IMAGE, 0, [IMAGE, other, made])
    with pytest.raises(LabelsError, match=r"mine was made for the image image, not for other"):
        check_corrects(made, other, 1, [IMAGE, other, made])
