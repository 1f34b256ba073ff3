"""An image without labels says which ones are kept of it, and brings them back."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_strata.annotation.store.card import ImageCard
from napari_strata.annotation.store.home import LabelHome
from napari_strata.annotation.store.journal import SetJournal
from napari_strata.widgets.label.dock import LabelDock
from stored_labels import followed, paint

STACK = np.zeros((2, 30, 40), np.float32)


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def dock(viewer):
    dock = LabelDock(viewer)
    viewer.window.add_dock_widget(dock)
    return dock


def keep(name="a", path="", *, closed=True):
    """Leave labels of an image on disk, as a napari that was closed does, or one that was not."""
    journal = SetJournal(LabelHome(), ImageCard(name=name, path=path))
    journal.follow(layer := followed(np.zeros(STACK.shape, np.uint8)))
    paint(layer, (slice(0, 1), slice(0, 5), slice(0, 5)), 2)
    journal.save(everything=True, closed=closed)
    journal._set.release()


def test_labels_of_an_earlier_session_are_offered_and_come_back_by_a_click(qtbot, viewer, dock):
    keep()
    viewer.add_image(STACK, name="a")
    assert not dock.kept.isHidden()
    assert dock.kept.words.text().startswith("Labels of an image of this name and size are kept, last changed on ")
    qtbot.mouseClick(dock.kept.button, Qt.MouseButton.LeftButton)
    labels = viewer.layers["a labels"]
    assert (labels.data == 2).sum() == 25
    assert dock.labels.layer is labels
    assert dock.kept.isHidden()


@pytest.mark.parametrize(("name", "path"), [("b", ""), ("a", "elsewhere/a.tif")])
def test_labels_of_other_images_are_not_offered(viewer, dock, name, path):
    keep(name, path)
    viewer.add_image(STACK, name="a")
    assert dock.kept.isHidden()


@pytest.mark.parametrize("shape", [(2, 31, 40), (30, 40), (1, 30, 40)])
def test_labels_of_another_size_are_not_offered_whatever_the_name(viewer, dock, shape):
    keep()
    viewer.add_image(np.zeros(shape, np.float32), name="a")
    assert dock.kept.isHidden()


def test_an_image_that_has_labels_is_offered_no_others(qtbot, viewer, dock):
    keep()
    viewer.add_image(STACK, name="a")
    qtbot.mouseClick(dock.new_button, Qt.MouseButton.LeftButton)
    assert dock.kept.isHidden()


def test_labels_that_were_not_closed_are_offered_once(viewer, dock):
    keep(closed=False)
    viewer.add_image(STACK, name="a")
    dock.recovery.refresh()
    assert not dock.recovery.isHidden()
    assert dock.kept.isHidden()
