"""How the Map to labels dock shows a map, clicked as a microscopist does."""

import threading
from functools import partial

import numpy as np
import pytest
from bright_scene import add_bright
from map_to_labels_hand import X, Y, alpha_at, press, settled, shown

from napari_strata.explain.proposals import map_lines, measured_map
from napari_strata.widgets.layers.camera import camera_of
from napari_strata.widgets.map_to_labels.map_display import BESIDE, CONTOURS
from napari_strata.widgets.map_to_labels.modes import Mode
from views import in_view


def test_below_the_threshold_a_map_is_transparent_and_comes_back_as_it_was(qtbot, viewer, add_map, open_dock):
    layer = add_map()
    before, limits = layer.colormap.name, tuple(layer.contrast_limits)
    dock = open_dock()
    dock.view.part.setValue(60)
    dock.view.hides_weak.setChecked(True)
    settled(qtbot, dock)
    assert layer.data[Y, X + 3] == pytest.approx(np.exp(-0.5), rel=1e-3)
    assert alpha_at(layer, Y, X + 3) > 0
    assert alpha_at(layer, Y, X + 4) == 0  # exp(-16 / 18) is 0.41
    assert alpha_at(layer, 44, X) == 0
    dock.view.side.setCurrentIndex(dock.view.side.findData("either"))
    dock.view.part.setValue(45)
    settled(qtbot, dock)
    assert alpha_at(layer, 44, X) > 0
    dock.view.opacity.setValue(0.25)
    assert layer.opacity == 0.25
    colormaps = len(layer.colormaps)
    for part in (46, 47, 48):
        dock.view.part.setValue(part)
        settled(qtbot, dock)
    assert len(layer.colormaps) == colormaps
    layer.metadata.pop("napari_strata_look")  # as where the map is changed in place by another answer
    dock.view.part.setValue(49)
    settled(qtbot, dock)
    dock.view.hides_weak.setChecked(False)
    settled(qtbot, dock)
    assert (layer.colormap.name, tuple(layer.contrast_limits)) == (before, limits)


def test_hiding_what_is_weak_leaves_the_map_beside_its_image_and_a_proposal_as_it_is(
    qtbot, viewer, add_map, open_dock
):
    layer = add_map()
    dock = open_dock()
    dock.view.set_mode(Mode.BESIDE)
    settled(qtbot, dock)
    page = dock.proposal
    press(qtbot, page.panel, page.panel.start_button)
    dock.view.hides_weak.setChecked(True)
    settled(qtbot, dock)
    assert alpha_at(layer, 44, X) == 0
    assert len(shown(viewer, BESIDE)) == 1
    assert dock.view.mode.currentData() is Mode.BESIDE
    assert "proposed" in page.panel.words.text()


def test_a_map_is_seen_alone_beside_the_image_or_as_lines(qtbot, viewer, add_map, open_dock):
    layer, image = add_map(), viewer.layers["bright"]
    dock = open_dock()
    dock.view.set_mode(Mode.ALONE)
    settled(qtbot, dock)
    assert (layer.visible, image.visible) == (True, False)
    viewer.scene.camera.zoom = 100.0
    before = camera_of(viewer)
    dock.view.set_mode(Mode.BESIDE)
    settled(qtbot, dock)
    (beside,) = shown(viewer, BESIDE)
    assert in_view(viewer, image)
    assert in_view(viewer, beside)
    assert (layer.visible, image.visible, beside.visible) == (False, True, True)
    assert beside.extent.world[0, 1] > image.extent.world[1, 1]
    dock.view.set_mode(Mode.CONTOURS)
    dock.view.part.setValue(50)
    settled(qtbot, dock)
    (lines,) = shown(viewer, CONTOURS)
    assert camera_of(viewer) == before
    assert not shown(viewer, BESIDE)
    assert not layer.visible
    radius = np.hypot(lines.data[:, 0, 0] - Y, lines.data[:, 0, 1] - X)
    assert radius.mean() == pytest.approx(np.sqrt(18 * np.log(2)), abs=0.1)
    assert np.allclose(lines.scale, image.scale)
    viewer.layers.remove(layer)
    assert not shown(viewer, CONTOURS)
    assert dock.view.words.text() or dock.view.obstacle


def test_a_map_is_ranked_and_its_lines_are_found_off_the_windows_thread(
    qtbot, viewer, add_map, open_dock, monkeypatch
):
    add_map()
    threads = []
    for name in ("ranked", "sides_of", "lines_at"):
        found = getattr(measured_map, name)
        watched = partial(lambda find, *given: threads.append(threading.current_thread()) or find(*given), found)
        monkeypatch.setattr(measured_map, name, watched)
    dock = open_dock()
    dock.view.lines.setValue(2)
    settled(qtbot, dock)
    assert len(shown(viewer, CONTOURS)) == 1
    assert len(threads) == 3
    assert threading.main_thread() not in threads


def test_lines_that_are_left_out_are_told(qtbot, viewer, add_map, open_dock, monkeypatch):
    add_map()
    dock = open_dock()
    dock.view.lines.setValue(3)
    settled(qtbot, dock)
    (lines,) = shown(viewer, CONTOURS)
    assert "not drawn" not in dock.view.words.text()
    monkeypatch.setattr(map_lines, "MOST_PIECES", len(lines.data) - 1)
    dock.view.part.setValue(dock.view.part.value() + 0.1)
    settled(qtbot, dock)
    assert 0 < len(lines.data) < map_lines.MOST_PIECES
    said = "The lowest contour line is not drawn: the map is too noisy there. Raise the threshold."
    assert dock.view.words.text().endswith(said)


def test_a_dock_that_is_closed_draws_no_lines_when_the_slider_moves(qtbot, viewer, add_map, open_dock):
    add_map(frames=3)
    dock = open_dock()
    dock.view.lines.setValue(2)
    settled(qtbot, dock)
    assert shown(viewer, CONTOURS)
    dock.parentWidget().close()
    viewer.dims.set_current_step(0, 2)
    settled(qtbot, dock)
    assert not shown(viewer, CONTOURS)
    dock.parentWidget().show()
    settled(qtbot, dock)
    assert shown(viewer, CONTOURS)


def test_what_a_map_alone_hid_is_back_when_the_dock_closes_and_what_is_shown_again_stays(
    qtbot, viewer, add_map, open_dock
):
    layer, image = add_map(), viewer.layers["bright"]
    other = viewer.add_points([[1, 1]], visible=False)
    dock = open_dock()
    dock.view.set_mode(Mode.ALONE)
    settled(qtbot, dock)
    assert (layer.visible, image.visible) == (True, False)
    image.visible = True
    dock.view.part.setValue(77)
    settled(qtbot, dock)
    assert image.visible
    image.visible = False
    dock.setParent(None)  # as napari lets go of it
    assert image.visible
    assert not other.visible


def test_a_map_beside_its_image_ends_with_the_dock_with_another_map_and_with_its_copy(
    qtbot, viewer, add_map, open_dock
):
    layer = add_map()
    dock = open_dock()
    frame = dock.parentWidget()

    def go_beside():
        dock.view.set_mode(Mode.BESIDE)
        settled(qtbot, dock)
        assert (len(shown(viewer, BESIDE)), layer.visible) == (1, False)

    def is_over():
        settled(qtbot, dock)
        return (dock.view.mode.currentData(), len(shown(viewer, BESIDE))) == (Mode.OVERLAY, 0)

    go_beside()
    frame.close()  # which hides it
    assert is_over()
    assert layer.visible
    frame.show()
    go_beside()
    viewer.layers.remove(shown(viewer, BESIDE)[0])
    assert is_over()
    assert layer.visible
    go_beside()
    other = add_map(image=viewer.add_image(np.ones((56, 56)), name="other"))
    assert is_over()
    assert (layer.visible, other.visible) == (True, True)
    dock.view.map.choose(layer)
    go_beside()
    dock.view.map.choose(other)
    assert is_over()
    assert (layer.visible, other.visible) == (True, True)
    dock.view.map.choose(layer)
    go_beside()
    assert add_map() is layer  # made anew, the hidden one is still the map that lies beside
    settled(qtbot, dock)
    assert (dock.view.mode.currentData(), shown(viewer, BESIDE)[0].data is layer.data) == (Mode.BESIDE, True)
    viewer.layers.remove(layer)
    layer = add_map()
    assert is_over()
    assert layer.visible
    go_beside()
    details = {**layer.metadata["explanation"], "class": "other"}
    layer.metadata = {**layer.metadata, "explanation": details}  # it answers something else now
    assert is_over()
    assert layer.visible


def test_without_a_map_the_dock_says_where_maps_come_from(viewer, open_dock):
    add_bright(viewer)
    dock = open_dock()
    assert "Explain an atom" in dock.proposal.panel.words.text()
    assert not dock.proposal.classes.isEnabled()
    assert not dock.proposal.panel.start_button.isEnabled()
    assert dock.errors.panel.words.text() == "Predict masks first, in the Predict dock."
