import numpy as np
import pytest

from napari_strata.annotation.classes import add_class, rename_class
from napari_strata.annotation.recoding import drop_class, move_class
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError

TABLE = ClassTable.from_names(("W", "S", "Se"))
PIXELS = np.array([0, 1, 2, 3, 4, 3, 200])


def test_a_class_changes_its_place_with_its_neighbour_and_takes_its_pixels_along():
    down = move_class(TABLE, 2, by=1)
    assert down.after.names == ("S", "W", "Se")
    assert down.lookup[PIXELS].tolist() == [0, 1, 3, 2, 4, 2, 200]
    assert move_class(TABLE, 3, by=-1) == down


@pytest.mark.parametrize(("code", "by"), [(1, 1), (2, -1), (4, 1), (0, 1)])
def test_no_class_moves_out_of_the_table(code, by):
    with pytest.raises(LabelsError, match="cannot move there"):
        move_class(TABLE, code, by=by)


def test_a_merged_class_gives_its_pixels_to_the_other_and_the_codes_behind_it_move_up():
    merged = drop_class(TABLE, 2, becomes=4)
    assert merged.after.names == ("S", "Se")
    assert merged.lookup[PIXELS].tolist() == [0, 1, 3, 2, 3, 2, 200]


@pytest.mark.parametrize("becomes", [0, 1])
def test_pixels_of_a_deleted_class_become_what_was_chosen(becomes):
    assert drop_class(TABLE, 3, becomes=becomes).lookup[PIXELS].tolist() == [0, 1, 2, becomes, 3, becomes, 200]


def test_the_last_class_stays():
    with pytest.raises(LabelsError, match="at least one class"):
        drop_class(ClassTable.from_names(("atom",)), 2, becomes=0)


def test_a_change_of_order_can_be_turned_back():
    down = move_class(TABLE, 2, by=1)
    back = down.reversed()
    assert back.after == TABLE
    assert back.lookup[down.lookup[PIXELS]].tolist() == PIXELS.tolist()


def test_turned_back_merged_pixels_belong_to_the_class_that_they_went_into():
    back = drop_class(TABLE, 2, becomes=4).reversed()
    assert back.after.names == ("W", "S", "Se")
    assert back.lookup[[2, 3]].tolist() == [3, 4]


def test_turned_back_what_was_renamed_and_added_meanwhile_stays():
    dropped = drop_class(TABLE, 2, becomes=0)
    present = add_class(rename_class(dropped.after, 2, "sulphur"), "Te")
    back = dropped.reversed().on(present)
    assert back.after.names == ("W", "sulphur", "Se", "Te")
    assert back.lookup[[2, 3, 4]].tolist() == [3, 4, 5]
    assert back.reversed().after == present


def test_a_class_that_comes_back_gets_another_name_where_its_own_was_taken():
    dropped = drop_class(TABLE, 2, becomes=0)
    present = rename_class(dropped.after, 2, "W")
    assert dropped.reversed().on(present).after.names == ("W 2", "W", "Se")
