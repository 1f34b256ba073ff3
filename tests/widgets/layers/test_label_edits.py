import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels

from napari_strata.annotation.tools.edit import edit_between
from napari_strata.errors import LabelsError
from napari_strata.widgets.layers.label_edits import check_editable, names_of, write_edit


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_an_edit_of_a_single_image_is_one_step(dtype):
    labels = Labels(np.array([[0, 1], [2, 0]], dtype))
    edit = edit_between(labels.data[None], np.array([[[3, 1], [3, 0]]], dtype))
    assert write_edit(labels, edit, first_frame=0) == {3: 2}
    assert labels.data.tolist() == [[3, 1], [3, 0]]
    labels.undo()
    assert labels.data.tolist() == [[0, 1], [2, 0]]
    labels.redo()
    assert labels.data.tolist() == [[3, 1], [3, 0]]


def test_an_edit_of_one_slice_lands_on_that_slice():
    labels = Labels(np.zeros((4, 2, 2), np.uint8))
    edit = edit_between(np.zeros((1, 2, 2), np.uint8), np.array([[[0, 2], [0, 0]]], np.uint8))
    write_edit(labels, edit, first_frame=3)
    assert np.argwhere(labels.data).tolist() == [[3, 0, 1]]


def test_an_edit_of_nothing_is_no_step_for_undo():
    labels = Labels(np.zeros((2, 2), np.uint8))
    labels.data_setitem((np.array([0]), np.array([0])), np.uint8(5))
    assert write_edit(labels, edit_between(labels.data[None], labels.data[None]), first_frame=0) == {}
    labels.undo()
    assert not labels.data.any()


def test_what_cannot_be_edited_is_refused_in_words():
    check_editable(Labels(np.zeros((2, 2), np.uint8)))
    with pytest.raises(LabelsError, match="is not a single"):
        check_editable(Labels([np.zeros((4, 4), np.uint8), np.zeros((2, 2), np.uint8)], multiscale=True))
    locked = Labels(np.zeros((2, 2), np.uint8))
    locked.editable = False
    with pytest.raises(LabelsError, match="cannot be edited"):
        check_editable(locked)


def test_labels_with_too_many_codes_have_the_two_fixed_names():
    assert names_of(Labels(np.array([[0, 500]]))) == {0: "not labelled", 1: "background"}
    assert names_of(Labels(np.array([[0, 3]]))) == {0: "not labelled", 1: "background", 2: "class 1", 3: "class 2"}


def test_an_edit_of_a_hidden_layer_is_written_and_undone_as_any_other():
    viewer = ViewerModel()
    labels = viewer.add_labels(np.zeros((4, 2, 2), np.uint8), visible=False)
    viewer.dims.set_current_step(0, 3)
    edit = edit_between(np.zeros((1, 2, 2), np.uint8), np.array([[[0, 2], [0, 0]]], np.uint8))
    write_edit(labels, edit, first_frame=3)
    assert np.argwhere(labels.data).tolist() == [[3, 0, 1]]
    assert not labels.visible
    labels.undo()
    assert not labels.data.any()
