import numpy as np
import pytest
from napari.layers import Image

from napari_strata.widgets.explain.uncover import UncoverBox
from napari_strata.widgets.layers.results import tag
from napari_strata.widgets.parts.layer_choice import LayerChoice

SQUARE = np.array([[1, 1], [1, 5], [5, 5], [5, 1]])


@pytest.fixture
def box(viewer, qtbot):
    choice = LayerChoice(viewer, Image)
    box = UncoverBox(viewer, choice)
    qtbot.addWidget(choice)
    qtbot.addWidget(box)
    return box


def test_a_drawn_region_is_seen_through_until_the_box_is_unticked(viewer, box):
    image = viewer.add_image(np.zeros((9, 9)), name="image")
    shapes = viewer.add_shapes([SQUARE], face_color="white")
    box.uncover(image, shapes)
    assert shapes.face_color.tolist() == [[1, 1, 1, 0]]
    assert shapes.edge_color[0, 3] == 1
    shapes.add(SQUARE + 2, face_color="red")  # drawn meanwhile
    box.setChecked(False)
    assert shapes.face_color.tolist() == [[1, 1, 1, 1], [1, 0, 0, 1]]


def test_a_face_is_back_where_other_shapes_were_deleted_and_one_coloured_meanwhile_stays(viewer, box):
    image = viewer.add_image(np.zeros((9, 9)), name="image")
    shapes = viewer.add_shapes([SQUARE, SQUARE + 1, SQUARE + 2], face_color=["red", "blue", "white"])
    box.uncover(image, shapes)
    shapes.selected_data = {0}
    shapes.remove_selected()
    faces = shapes.face_color.copy()
    faces[1] = (0, 1, 0, 0.5)
    shapes.face_color = faces
    box.setChecked(False)
    np.testing.assert_allclose(shapes.face_color, [[0, 0, 1, 1], [0, 1, 0, 0.5]])


def test_what_lies_on_the_map_is_hidden_though_another_image_is_chosen_by_now(viewer, box):
    first = viewer.add_image(np.zeros((9, 9)), name="first")
    second = viewer.add_image(np.zeros((9, 9)), name="second")
    masks = [
        viewer.add_labels(np.zeros((9, 9), int), metadata=tag("masks", image, "model", {}))
        for image in (first, second)
    ]
    box.uncover(first)
    assert [one.visible for one in masks] == [False, True]
    box.setChecked(False)
    assert [one.visible for one in masks] == [True, True]
