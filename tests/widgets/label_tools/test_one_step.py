"""Every helper is one step: one undo gives back exactly what was there, one redo what the helper made."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

SQUARE = (1, slice(4, 11), slice(4, 11))


def draw(labels):
    """Paint a square of class 1 with hole, notch, whisker and speck, and background beside it; as one step."""
    codes = labels.data.copy()
    codes[SQUARE] = 2
    codes[1, 6, 6] = 0
    codes[1, 4, 7] = 0
    codes[1, 8, 11:14] = 2
    codes[1, 13, 20] = 2
    codes[1, 3, 4:11] = 1
    changed = np.nonzero(codes)
    labels.data_setitem(changed, codes[changed])
    return labels.data.copy()


def apply(qtbot, dock):
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)


def check_one_step(qtbot, dock, labels, before):
    apply(qtbot, dock)
    after = labels.data.copy()
    assert not np.array_equal(after, before)
    labels.undo()
    np.testing.assert_array_equal(labels.data, before)
    labels.redo()
    np.testing.assert_array_equal(labels.data, after)
    return after[1]


@pytest.mark.parametrize("over", [False, True])
def test_growing_is_one_step(qtbot, dock, labels, over):
    before = draw(labels)
    dock.tool.setCurrentText("Grow, shrink or smooth")
    dock.outline.radius.box.setValue(1)
    dock.outline.over.setChecked(over)
    after = check_one_step(qtbot, dock, labels, before)
    assert after[3, 5] == (2 if over else 1)
    assert after[6, 6] == 2
    assert after[13, 19:22].tolist() == [2, 2, 2]


@pytest.mark.parametrize("becomes", ["not labelled", "background"])
def test_shrinking_is_one_step(qtbot, dock, labels, becomes):
    before = draw(labels)
    dock.tool.setCurrentText("Grow, shrink or smooth")
    dock.outline.action.setCurrentText("Shrink")
    dock.outline.radius.box.setValue(1)
    dock.outline.becomes.setCurrentText(becomes)
    after = check_one_step(qtbot, dock, labels, before)
    assert after[13, 20] == after[10, 10] == (0 if becomes == "not labelled" else 1)
    assert after[9, 9] == 2


def test_smoothing_is_one_step_that_takes_the_whisker_and_fills_notch_and_hole(qtbot, dock, labels):
    before = draw(labels)
    dock.tool.setCurrentText("Grow, shrink or smooth")
    dock.outline.action.setCurrentText("Smooth")
    dock.outline.radius.box.setValue(1)
    after = check_one_step(qtbot, dock, labels, before)
    assert after[6, 6] == 2
    assert after[8, 12] == 0
    assert after[13, 20] == 0
    assert (after[5:10, 5:10] == 2).all()
    assert (after[3, 4:11] == 1).all(), "other paint stays"


def test_removing_specks_is_one_step(qtbot, dock, labels):
    before = draw(labels)
    dock.tool.setCurrentText("Remove specks, fill holes")
    after = check_one_step(qtbot, dock, labels, before)
    assert np.argwhere(after != before[1]).tolist() == [[13, 20]]


def test_filling_holes_is_one_step(qtbot, dock, labels):
    before = draw(labels)
    dock.tool.setCurrentText("Remove specks, fill holes")
    dock.specks.action.setCurrentText("Fill small holes")
    after = check_one_step(qtbot, dock, labels, before)
    assert [6, 6] in np.argwhere(after != before[1]).tolist()


def test_the_watershed_is_one_step(qtbot, dock, labels):
    before = draw(labels)
    dock.tool.setCurrentText("Watershed from strokes")
    assert check_one_step(qtbot, dock, labels, before).all()


def test_filling_between_slices_is_one_step(qtbot, dock, labels):
    frames, y, x = (axis.ravel() for axis in np.meshgrid([0, 2], range(3), range(3)))
    labels.data_setitem((frames, y, x), 2)
    before = labels.data.copy()
    dock.tool.setCurrentText("Fill between slices")
    assert (check_one_step(qtbot, dock, labels, before) == 2).sum() == 9
