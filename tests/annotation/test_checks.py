import numpy as np
import pytest

from napari_strata.annotation.checks import check_labels, check_painted, painted_codes
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError

TABLE = ClassTable.from_names(("bubble",))


def strokes(*codes: int) -> np.ndarray:
    labels = np.zeros((2, 4, 5), np.uint8)
    labels[0, 0, : len(codes)] = codes
    return labels


def test_good_labels_come_back_as_a_copy():
    labels = strokes(1, 2).astype(np.int64)
    checked = check_labels(labels, (2, 4, 5), TABLE, name="strokes")
    labels[:] = 0
    assert checked.dtype == np.uint8
    assert painted_codes(checked) == {1: 1, 2: 1}


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (strokes(1).astype(float), "strokes holds float64 values"),
        (strokes(1)[0], r"shape \(4, 5\), its image \(2, 4, 5\)"),
        (strokes(1, 3), r"codes \[3\], which are not in its class table \(1 to 2\)"),
        (strokes(1).astype(np.int16) - 2, r"codes \[-2, -1\]"),
        (strokes(1).astype(np.int32) + 256, r"codes \[256, 257\]"),
    ],
)
def test_labels_that_cannot_be_are_refused_in_words(labels, words):
    with pytest.raises(LabelsError, match=words):
        check_labels(labels, (2, 4, 5), TABLE, name="strokes")


def test_nothing_painted_is_refused():
    with pytest.raises(LabelsError, match="Nothing is painted in strokes"):
        check_painted(strokes(), table=TABLE, name="strokes")


@pytest.mark.parametrize(("code", "word"), [(1, "background"), (2, "bubble")])
def test_a_single_class_painted_is_refused_by_its_name(code, word):
    with pytest.raises(LabelsError, match=f"Only {word} is painted"):
        check_painted(strokes(code, code), table=TABLE, name="strokes")


def test_two_classes_without_background_will_do():
    check_painted(strokes(2, 3), table=ClassTable.from_names(("a", "b")), name="strokes")
