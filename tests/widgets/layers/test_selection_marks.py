import numpy as np
import pytest
from napari.layers import Points

from napari_strata.widgets.layers.selection_marks import RIM, SELECTED_RIM, SELECTED_WIDTH, WIDTH, mark_selection

PLACES = np.array([[0.0, 0.0], [0.0, 5.0], [5.0, 0.0]])


@pytest.fixture
def points():
    points = Points(PLACES)
    mark_selection(points)
    return points


def marked(points) -> list[int]:
    white = np.flatnonzero((points.border_color == SELECTED_RIM).all(axis=1))
    assert set(np.flatnonzero(points.border_width == SELECTED_WIDTH)) == set(white)
    rest = np.delete(np.arange(len(points.data)), white)
    np.testing.assert_array_equal(points.border_color[rest], np.tile(RIM, (len(rest), 1)))
    assert (points.border_width[rest] == WIDTH).all()
    return [int(one) for one in white]


def test_selected_points_have_a_white_rim_until_others_are_selected(points):
    assert marked(points) == []
    points.selected_data = {0, 2}
    assert marked(points) == [0, 2]
    points.selected_data = {1}
    assert marked(points) == [1]
    points.selected_data = set()
    assert marked(points) == []


def test_a_point_that_is_added_while_others_are_selected_is_the_selected_one(points):
    points.selected_data = {0}
    points.add([[7.0, 7.0]])
    assert marked(points) == [3]
    points.selected_data = set()
    assert marked(points) == []


def test_what_is_left_after_a_deletion_is_not_marked_and_nor_is_what_comes_back(points):
    points.selected_data = {1}
    points.remove_selected()
    assert marked(points) == []
    points.data = PLACES
    assert marked(points) == []


def test_moved_points_stay_marked(points):
    points.selected_data = {2}
    points.data = PLACES + 1
    assert marked(points) == [2]
