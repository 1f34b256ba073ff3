import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt, QThreadPool

from napari_strata.config import ClassTable
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.patches.dock import PATCHES, PatchesDock
from napari_strata.widgets.train.dock import TrainDock
from napari_strata.widgets.train.settings import LABELLED

SLICES = np.random.default_rng(0).random((3, 64, 80)).astype(np.float32)


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def train(qtbot, viewer):
    dock = TrainDock(viewer)
    qtbot.addWidget(dock)
    dock.settings.training.set_value("patch_size", 32)
    dock.settings.model.set_value("filters", (4, 8))
    return dock


@pytest.fixture
def dock(qtbot, viewer, train):
    dock = PatchesDock(viewer, lambda: train)
    viewer.window.add_dock_widget(dock)
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    yield dock
    if not gone:
        dock.panel.runner.stop()
        qtbot.waitUntil(lambda: not dock.panel.runner.is_busy, timeout=20_000)


def paint(viewer, train) -> None:
    image = viewer.add_image(SLICES, name="cells")
    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(("cell",)))
    labels.data[2, 40:44, 60:70], labels.data[2, 44:50, 60:70] = 1, 2
    train.settings.source.setCurrentText(LABELLED)


def press(qtbot, dock) -> None:
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
        assert dock.panel.runner.is_busy, notification_manager.records[-1].message


def picture(dock):
    dock.grid.resize(300, 400)  # however many lines of words there are
    return dock.grid.grab().toImage()


def test_simulated_patches_are_shown_with_their_size_in_px_and_angstrom(qtbot, dock):
    press(qtbot, dock)
    words = dock.panel.words.text()
    assert words.startswith(f"{PATCHES} patches of 32 × 32 px (6.4 × 6.4 Å), from simulated graphene, 2 layers.")
    assert words.endswith("All pixels are labelled.")
    assert "layer 1" in dock.legend.text()


def test_the_switches_show_patches_as_drawn_and_without_outlines(qtbot, dock):
    press(qtbot, dock)
    varied = picture(dock)
    dock.as_drawn.setChecked(True)
    drawn = picture(dock)
    assert drawn != varied
    dock.outlines.setChecked(False)
    assert picture(dock) != drawn
    assert dock.legend.text() == ""
    dock.as_drawn.setChecked(False)
    dock.outlines.setChecked(True)
    assert picture(dock) == varied


def test_pressing_again_shows_other_patches(qtbot, dock):
    press(qtbot, dock)
    first = picture(dock)
    press(qtbot, dock)
    assert picture(dock) != first


def test_the_settings_of_the_train_dock_count_as_they_are_when_pressed(qtbot, dock, train):
    train.settings.training.set_value("patch_size", 64)
    press(qtbot, dock)
    assert "64 × 64 px" in dock.panel.words.text()


def test_a_click_on_a_patch_of_labels_goes_to_its_slice(qtbot, viewer, dock, train):
    paint(viewer, train)
    press(qtbot, dock)
    assert "labelled slice" in dock.panel.words.text()
    viewer.dims.set_point(0, 0)
    qtbot.mouseClick(dock.grid, Qt.MouseButton.LeftButton, pos=dock.grid.cell(0).center())
    assert viewer.dims.point[0] == 2


def test_nothing_painted_is_said_where_it_stays(qtbot, viewer, dock, train):
    image = viewer.add_image(SLICES, name="cells")
    new_labels(viewer, image, layers=1, table=ClassTable.from_names(("cell",)))
    train.settings.source.setCurrentText(LABELLED)
    qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
    assert "Nothing is painted" in dock.panel.words.text()
    assert not dock.panel.runner.is_busy


def test_canceling_keeps_the_patches_that_are_shown(qtbot, dock):
    press(qtbot, dock)
    before = picture(dock)
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
        dock.panel.runner.stop()
    assert dock.panel.words.text() == "Stopped."
    assert picture(dock) == before


def test_closing_the_dock_ends_what_is_drawn(qtbot, dock):
    gone, threads = [], QThreadPool.globalInstance()
    dock.destroyed.connect(lambda: gone.append(True))
    qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
    assert dock.panel.runner.is_busy
    dock.setParent(None)
    qtbot.waitUntil(lambda: bool(gone) and threads.activeThreadCount() == 0, timeout=60_000)


def test_settings_of_the_train_dock_that_cannot_be_are_said(qtbot, dock, train):
    train.settings.model.set_value("filters", ())
    qtbot.mouseClick(dock.panel.start_button, Qt.MouseButton.LeftButton)
    assert "Filters" in dock.panel.words.text()
    assert dock.panel.start_button.isEnabled()


@pytest.mark.canvas
def test_the_button_of_the_train_dock_opens_the_dock_whose_patches_are_its(qtbot, viewer):
    _frame, train = viewer.window.add_plugin_dock_widget("napari-strata", "Train")
    train.settings.training.set_value("patch_size", 32)
    qtbot.mouseClick(train.links.buttons["Training patches"], Qt.MouseButton.LeftButton)
    _frame, dock = viewer.window.add_plugin_dock_widget("napari-strata", "Training patches")
    assert isinstance(dock, PatchesDock)
    press(qtbot, dock)
    assert "32 × 32 px" in dock.panel.words.text()
