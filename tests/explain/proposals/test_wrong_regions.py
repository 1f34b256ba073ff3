"""Regions in which a prediction is wrong or unsure."""

import numpy as np
import pytest

from napari_strata.errors import TargetError
from napari_strata.explain.proposals.wrong_regions import sureness_of, unsure_regions, wrong_regions

PREDICTED = np.array([[1, 1, 2, 2], [1, 2, 2, 2], [1, 1, 1, 3]])
LABELS = np.array([[1, 2, 0, 2], [1, 1, 1, 2], [2, 2, 1, 2]])


def test_regions_are_wrong_in_one_way_and_the_largest_come_first():
    found = wrong_regions(PREDICTED, LABELS)
    assert [(one.pixels, one.predicted, one.right) for one in found] == [
        (2, 2, 1),
        (2, 1, 2),
        (1, 1, 2),
        (1, 3, 2),
    ]
    first = found[0]
    assert first.box == (1, 1, 2, 3)
    assert first.centre == (1, 1.5)
    assert np.argwhere(first.whole((3, 4))).tolist() == [[1, 1], [1, 2]]


def test_small_regions_are_left_out_and_what_is_not_labelled_is_not_wrong():
    assert [one.pixels for one in wrong_regions(PREDICTED, LABELS, least=2)] == [2, 2]
    assert wrong_regions(PREDICTED, np.zeros_like(LABELS)) == []


def test_unsure_regions_say_how_sure_they_are_and_not_what_is_right():
    probability = np.array([[0.9, 0.9, 0.5, 0.7], [0.9, 0.9, 0.9, 0.9], [0.9, 0.9, 0.9, 0.4]])
    found = unsure_regions(PREDICTED, probability, below=0.8)
    assert [(one.pixels, one.predicted, one.right) for one in found] == [(2, 2, 0), (1, 3, 0)]
    assert [one.sureness for one in found] == [pytest.approx(0.6), pytest.approx(0.4)]


def test_masks_of_other_shapes_are_refused():
    with pytest.raises(TargetError, match=r"\(3, 4\).*\(4, 3\)"):
        wrong_regions(PREDICTED, LABELS.T)


def test_background_is_what_classes_leave_unless_they_may_overlap():
    classes = np.array([[[0.3, 0.1, 0.9]], [[0.3, 0.2, 0.8]]])
    assert sureness_of(classes, may_overlap=False)[0] == pytest.approx([0.4, 0.7, 0.9])
    assert sureness_of(classes, may_overlap=True)[0] == pytest.approx([0.7, 0.8, 0.9])
