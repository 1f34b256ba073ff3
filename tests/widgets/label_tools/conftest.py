"""A stack, its labels with the second slice shown, and the dock; on a viewer without a canvas, which is quick."""

import pytest
from bright_stack import bright_stack

from napari_strata.config import ClassTable
from napari_strata.widgets.label_tools.dock import LabelToolsDock
from napari_strata.widgets.layers.label_layers import new_labels


@pytest.fixture
def viewer(bare_viewer):
    """Return a viewer without a canvas; files that need one bring their own."""
    return bare_viewer


@pytest.fixture
def image(viewer):
    units = ("pixel", "angstrom", "angstrom")
    return viewer.add_image(bright_stack(), name="a", scale=(1, 0.5, 0.5), units=units)


@pytest.fixture
def labels(viewer, image):
    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(("class 1",)))
    labels.selected_label = 2
    viewer.dims.set_current_step(0, 1)
    return labels


@pytest.fixture
def dock(qtbot, viewer, labels):
    dock = LabelToolsDock(viewer)
    viewer.window.add_dock_widget(dock)
    return dock
