import numpy as np

from napari_strata.annotation.tools.edit import edit_between, in_words

BEFORE = np.array([[0, 1, 2], [2, 2, 0]], np.uint8)
AFTER = np.array([[2, 1, 2], [0, 1, 2]], np.uint8)
NAMES = {1: "background", 2: "atom of S"}


def test_an_edit_holds_what_differs():
    edit = edit_between(BEFORE, AFTER)
    assert [axis.tolist() for axis in edit.indices] == [[0, 1, 1, 1], [0, 0, 1, 2]]
    assert edit.before.tolist() == [0, 2, 2, 0]
    assert edit.after.tolist() == [2, 0, 1, 2]


def test_what_was_painted_meanwhile_is_left_out():
    now = BEFORE.copy()
    now[0, 0] = 3
    edit = edit_between(BEFORE, AFTER).still_valid(now)
    assert [axis.tolist() for axis in edit.indices] == [[1, 1, 1], [0, 1, 2]]
    assert edit.after.tolist() == [0, 1, 2]


def test_an_edit_is_said_in_words():
    assert edit_between(BEFORE, AFTER).counts == {0: 1, 1: 1, 2: 2}
    assert in_words({0: 1, 2: 1234}, NAMES) == "Atom of S: 1,234 pixels painted. 1 pixel erased."
    assert in_words({7: 2}, NAMES) == "Code 7: 2 pixels painted."
    assert in_words({}, NAMES) == "No pixel changed."
