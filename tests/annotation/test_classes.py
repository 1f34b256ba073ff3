import pytest

from napari_strata.annotation.classes import (
    add_class,
    colors_by_code,
    recolor_class,
    rename_class,
    restore_table,
    table_for_codes,
)
from napari_strata.config import ClassTable
from napari_strata.errors import ConfigError, LabelsError

TABLE = ClassTable.from_names(("W", "S"))


def test_a_new_class_takes_the_next_code_and_a_free_name():
    table = add_class(add_class(TABLE))
    assert table.names == ("W", "S", "class 3", "class 4")
    assert table.code("class 4") == 5
    assert len({c.color for c in table.classes}) == 4


def test_a_taken_number_is_passed_over():
    assert add_class(ClassTable.from_names(("class 2",))).names == ("class 2", "class 3")


def test_a_class_is_renamed_and_recolored_by_its_code():
    table = recolor_class(rename_class(TABLE, 3, " Se "), 3, "#123456")
    assert table.names == ("W", "Se")
    assert table.classes[1].color == "#123456"
    assert TABLE.names == ("W", "S")


@pytest.mark.parametrize("name", ["W", "", "  "])
def test_a_name_that_is_taken_or_empty_is_refused_in_words(name):
    with pytest.raises(ConfigError, match="class table"):
        rename_class(TABLE, 3, name)


def test_no_more_classes_than_codes():
    with pytest.raises(ConfigError, match="at most 253"):
        add_class(table_for_codes(254))


@pytest.mark.parametrize(("largest", "names"), [(0, 1), (1, 1), (2, 1), (5, 4)])
def test_labels_from_elsewhere_get_a_class_for_each_code_and_at_least_one(largest, names):
    assert len(table_for_codes(largest).classes) == names


@pytest.mark.parametrize("largest", [255, 500])
def test_a_mask_of_0_and_255_and_numbered_objects_are_refused_with_what_to_do(largest):
    with pytest.raises(LabelsError, match=rf"spots holds codes up to {largest}; .* convert them to 1"):
        table_for_codes(largest, name="spots")


def test_every_code_has_a_color_and_strange_codes_stand_out():
    assert colors_by_code(ClassTable.from_names(("atom",))) == {
        None: "#ff00ff",
        0: "#00000000",
        1: "#00c8d7",
        2: "#e6550d",
    }


def test_classes_of_an_earlier_time_come_back_with_their_names_where_no_code_was_given_to_another():
    stored, present = ClassTable.from_names(("a", "b")), ClassTable.from_names(("a", "renamed", "added"))
    table, lookup = restore_table(present, stored)
    assert table.names == ("a", "b", "added")
    assert lookup.tolist() == list(range(256))


@pytest.mark.parametrize(
    ("present", "names", "codes"),
    [
        (("b", "a"), ("b", "a"), [3, 2]),  # exchanged
        (("b",), ("b", "a"), [3, 2]),  # a was deleted
        (("a",), ("a", "b"), [2, 3]),  # b was deleted
        (("b", "c"), ("b", "c", "a"), [4, 2]),  # a was deleted, c added
    ],
)
def test_classes_of_an_earlier_time_go_by_their_names_where_codes_are_others_now(present, names, codes):
    table, lookup = restore_table(ClassTable.from_names(present), ClassTable.from_names(("a", "b")))
    assert table.names == names
    assert lookup[:4].tolist() == [0, 1, *codes]
