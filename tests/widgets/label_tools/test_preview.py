import numpy as np
import pytest

from napari_strata.widgets.label_tools.overlay import NAME


@pytest.fixture
def viewer(make_napari_viewer):
    """Return a viewer that is shown, for only then there is a preview."""
    return make_napari_viewer(show=True)


def preview(qtbot, viewer):
    qtbot.waitUntil(lambda: NAME in viewer.layers)
    return viewer.layers[NAME]


def test_the_preview_is_striped_and_paints_nothing(qtbot, viewer, dock, labels):
    shown = preview(qtbot, viewer)
    assert (shown.data > 0).sum() == 30
    assert set(np.unique(shown.data)) == {0, 1, 2}
    assert not labels.data.any()
    assert viewer.layers.selection.active is labels
    assert not shown.editable
    assert tuple(shown.data_to_world((0, 4, 6))) == tuple(labels.data_to_world((1, 4, 6)))


def test_the_preview_follows_the_slider_and_the_slice(qtbot, viewer, dock):
    preview(qtbot, viewer)
    dock.threshold.value.setValue(dock.threshold.value.minimum())
    qtbot.waitUntil(lambda: (viewer.layers[NAME].data > 0).sum() >= 16 * 24 - 3)
    viewer.dims.set_current_step(0, 2)
    qtbot.waitUntil(lambda: viewer.layers[NAME].translate[0] == 2)


def test_the_preview_goes_with_its_tick_its_tool_and_its_dock(qtbot, viewer, dock):
    preview(qtbot, viewer)
    dock.threshold.shows.setChecked(False)
    qtbot.waitUntil(lambda: NAME not in viewer.layers)
    dock.threshold.shows.setChecked(True)
    preview(qtbot, viewer)
    dock.tool.setCurrentText("Flood fill")
    qtbot.waitUntil(lambda: NAME not in viewer.layers)
    dock.tool.setCurrentText("Threshold")
    preview(qtbot, viewer)
    dock.hide()
    assert NAME not in viewer.layers


def test_a_dock_that_goes_takes_its_preview_along(qtbot, viewer, dock):
    preview(qtbot, viewer)
    with qtbot.waitSignal(dock.destroyed):
        viewer.window.remove_dock_widget(dock)
    assert NAME not in viewer.layers
