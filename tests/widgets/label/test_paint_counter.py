import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QObject

from napari_strata.widgets.label.paint_counter import PaintCounter


class Counted:
    """A counter of a stack of three slices, and what it told last."""

    def __init__(self, qtbot, data=None):
        self.viewer = ViewerModel()
        self.labels = self.viewer.add_labels(np.zeros((3, 20, 30), np.uint8) if data is None else data)
        self.viewer.dims.set_point(0, 0)
        self.owner = QObject()
        self.counter = PaintCounter(self.viewer, self.owner)
        self.qtbot = qtbot
        self.counter.follow(self.labels, largest=4)

    def wait(self) -> tuple[list[int], list[int]]:
        """Return the numbers of codes 1, 2, 3 in the shown slice and in all, when they are all known."""
        complete = lambda here, everywhere: everywhere is not None  # noqa: E731
        with self.qtbot.waitSignal(self.counter.counted, check_params_cb=complete) as signal:
            pass
        here, everywhere = signal.args
        assert here.sum() == 600
        assert everywhere.sum() == self.labels.data.size
        return here[1:4].tolist(), everywhere[1:4].tolist()


@pytest.fixture
def counted(qtbot):
    return Counted(qtbot)


def fill_row(labels, frame: int, row: int, code: int) -> None:
    labels.data_setitem((np.full(30, frame), np.full(30, row), np.arange(30)), code)


def test_what_is_there_is_counted_slice_by_slice(qtbot):
    data = np.zeros((3, 20, 30), np.uint8)
    data[0, 0], data[2, :2] = 1, 3
    counted = Counted(qtbot, data)
    assert counted.wait() == ([30, 0, 0], [30, 0, 60])
    counted.viewer.dims.set_point(0, 2)
    assert counted.wait() == ([0, 0, 60], [30, 0, 60])


def test_strokes_of_every_tool_are_followed(counted):
    counted.wait()
    counted.labels.brush_size = 1
    counted.labels.paint((0, 5, 5), 2)
    fill_row(counted.labels, 1, 0, 3)
    assert counted.wait() == ([0, 1, 0], [0, 1, 30])
    counted.labels.fill((0, 10, 10), 1)
    assert counted.wait() == ([599, 1, 0], [599, 1, 30])
    counted.labels.paint_polygon([(0, 0, 0), (0, 0, 3), (0, 3, 3), (0, 3, 0)], 3)
    here, _ = counted.wait()
    assert here == np.bincount(counted.labels.data[0].ravel(), minlength=4)[1:4].tolist()


def test_a_stroke_over_another_one_takes_its_pixels(counted):
    counted.wait()
    with counted.labels.block_history():
        fill_row(counted.labels, 0, 0, 2)
        fill_row(counted.labels, 0, 0, 3)
    assert counted.wait() == ([0, 0, 30], [0, 0, 30])


def test_undo_in_a_slice_that_is_not_shown_is_found(counted):
    counted.wait()
    fill_row(counted.labels, 2, 0, 2)
    assert counted.wait()[1] == [0, 30, 0]
    counted.labels.undo()
    assert counted.wait()[1] == [0, 0, 0]


def test_other_data_are_counted_anew(counted):
    counted.wait()
    counted.labels.data = np.full((5, 20, 30), 2, np.uint8)
    assert counted.wait() == ([0, 600, 0], [0, 3000, 0])


def test_nothing_is_told_of_a_layer_that_is_no_longer_followed(counted):
    counted.wait()
    counted.counter.follow(None)
    with counted.qtbot.assertNotEmitted(counted.counter.counted, wait=150):
        counted.labels.paint((0, 5, 5), 2)
