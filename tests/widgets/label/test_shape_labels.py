import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Shapes

from napari_strata.errors import LabelsError
from napari_strata.widgets.label.shape_labels import shapes_to_labels

SQUARE = np.array([(5, 5), (5, 15), (15, 15), (15, 5)]) - 0.5


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


def drawn(viewer, vertices, kind, *, shape=(30, 40), code=2, **placement):
    labels = viewer.add_labels(np.zeros(shape, np.uint8))
    shapes = viewer.add_shapes([vertices], shape_type=kind, edge_width=2, **placement)
    changed = shapes_to_labels(shapes, labels, viewer, code)
    assert changed == (labels.data == code).sum()
    return labels


@pytest.mark.parametrize("kind", ["polygon", "rectangle"])
def test_a_box_of_10_by_10_has_100_pixels(viewer, kind):
    labels = drawn(viewer, SQUARE, kind)
    assert (labels.data[5:15, 5:15] == 2).all()
    assert labels.data.sum() == 200


def test_an_ellipse_has_the_pixels_whose_centre_is_inside(viewer):
    labels = drawn(viewer, np.array([(5, 8), (5, 16), (25, 16), (25, 8)]), "ellipse")
    y, x = np.mgrid[:30, :40]
    assert ((labels.data == 2) == (((y - 15) / 10) ** 2 + ((x - 12) / 4) ** 2 <= 1)).all()


def test_an_ellipse_on_a_sheared_layer_is_sheared(viewer):
    corners = np.array([(5, 8), (5, 16), (25, 16), (25, 8)])
    labels = drawn(viewer, corners, "ellipse", shape=(40, 60), affine=[[1, 0, 0], [0.5, 1, 0], [0, 0, 1]])
    y, x = np.mgrid[:40, :60]
    inside = ((y - 15) / 10) ** 2 + ((x - 0.5 * y - 12) / 4) ** 2
    clear = np.abs(inside - 1) > 1e-6
    assert ((labels.data == 2) == (inside <= 1))[clear].all()


def test_a_path_is_as_wide_as_it_is_drawn(viewer):
    labels = drawn(viewer, np.array([(10, 5), (10, 15)]), "path")
    assert (labels.data[9:12, 5:16] == 2).all()
    assert not labels.data[[8, 12]].any()


def test_shapes_on_another_grid_lie_where_they_are_seen(viewer):
    labels = drawn(viewer, SQUARE / 2, "rectangle", scale=(2, 2))
    assert (labels.data[5:15, 5:15] == 2).all()
    assert labels.data.sum() == 200


def test_shapes_of_a_stack_become_labels_in_their_slices_as_one_undo_step(viewer):
    labels = viewer.add_labels(np.zeros((3, 30, 40), np.uint8))
    boxes = [np.insert(SQUARE, 0, frame, axis=1) for frame in (0, 2)]
    shapes = viewer.add_shapes(boxes, shape_type="polygon")
    shapes_to_labels(shapes, labels, viewer, 3)
    assert [(frame == 3).sum() for frame in labels.data] == [100, 0, 100]
    labels.undo()
    assert not labels.data.any()


def test_flat_shapes_on_a_stack_become_labels_in_the_shown_slice(viewer):
    labels = viewer.add_labels(np.zeros((3, 30, 40), np.uint8))
    shapes = viewer.add_shapes([SQUARE], shape_type="polygon")
    viewer.dims.set_point(0, 1)
    shapes_to_labels(shapes, labels, viewer, 3)
    assert [(frame == 3).sum() for frame in labels.data] == [0, 100, 0]


def test_of_selected_shapes_only_those_count(viewer):
    labels = viewer.add_labels(np.zeros((30, 40), np.uint8))
    shapes = viewer.add_shapes([SQUARE, SQUARE + 14], shape_type="polygon")
    shapes.selected_data = {1}
    shapes_to_labels(shapes, labels, viewer, 2)
    assert (labels.data[5, 5], labels.data[19, 19]) == (0, 2)


def test_what_lies_outside_is_left_out(viewer):
    assert drawn(viewer, SQUARE - 10, "polygon").data.sum() == 2 * 25


def test_no_shapes_and_a_shape_in_several_slices_are_refused_in_words(viewer):
    labels = viewer.add_labels(np.zeros((3, 30, 40), np.uint8))
    with pytest.raises(LabelsError, match="has no shapes"):
        shapes_to_labels(Shapes(ndim=3), labels, viewer, 2)
    across = np.column_stack([(0, 0, 2, 2), SQUARE])
    with pytest.raises(LabelsError, match="several slices"):
        shapes_to_labels(Shapes([across], shape_type="polygon"), labels, viewer, 2)
    assert not labels.data.any()
