import numpy as np
import pytest

from napari_strata.annotation.doctor.fixes import (
    table_with,
    table_without_last,
    transposed,
    unlabelled,
    whole_numbers,
)
from napari_strata.config import ClassTable
from napari_strata.errors import ConfigError, LabelsError

LABELS = np.array([[0, 1, 2], [2, 255, 1]], np.uint8)


def test_whole_numbers_keep_their_values():
    codes = whole_numbers(LABELS.astype(np.float32))
    assert codes.dtype == np.uint8
    assert codes.tolist() == LABELS.tolist()


@pytest.mark.parametrize("value", [0.5, -1, 256, np.nan])
def test_nothing_is_rounded_or_cut(value):
    with pytest.raises(LabelsError):
        whole_numbers(np.array([[1, value]]))


def test_turning_twice_gives_the_labels_back():
    assert transposed(LABELS).tolist() == [[0, 2], [1, 255], [2, 1]]
    assert transposed(transposed(LABELS)).tolist() == LABELS.tolist()


def test_one_code_or_all_become_not_labelled_in_a_copy():
    assert unlabelled(LABELS, 255).tolist() == [[0, 1, 2], [2, 0, 1]]
    assert not unlabelled(LABELS).any()
    assert unlabelled(LABELS).dtype == np.uint8
    assert LABELS[1, 1] == 255


def test_each_code_without_a_class_gets_the_next_one_and_no_class_stays_empty():
    table = ClassTable.from_names(("atom", "void"))
    longer, lookup = table_with(table, (0, 1, 2, 4, 9, 255))
    assert longer.names == ("atom", "void", "class 3", "code 9")
    assert lookup[[0, 1, 2, 3, 4, 9, 255]].tolist() == [0, 1, 2, 3, 4, 5, 255]
    same, lookup = table_with(table, (1, 3))
    assert same == table
    assert lookup.tolist() == list(range(256))
    with pytest.raises(LabelsError):
        table_with(table, (300,))


def test_a_table_shrinks_at_its_end():
    table = ClassTable.from_names(("atom", "void"))
    assert table_without_last(table).names == ("atom",)
    with pytest.raises(ConfigError):
        table_without_last(table_without_last(table))
