"""The What if dock, clicked as a microscopist does."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from bright_scene import ATOMS, PIXEL_SIZE, add_bright, save_model
from matplotlib.colors import to_rgba
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QDockWidget, QMainWindow

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.explain.changes.adversarial import Found
from napari_strata.explain.changes.flip import FlipSearch
from napari_strata.explain.changes.what_if import WhatIf
from napari_strata.explain.question import Question
from napari_strata.explain.targets import AtomTarget, PixelTarget
from napari_strata.jobs.explain import explain
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.widgets.layers.colours import class_colours
from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.layer_data import stack_of
from napari_strata.widgets.layers.napari_layers import Origin, heatmap_layer
from napari_strata.widgets.layers.results import ORIGIN, find_results, show_results
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.parts.models import open_model
from napari_strata.widgets.parts.number_boxes import NumberBox
from napari_strata.widgets.what_if.dock import WhatIfDock

Y, X = (int(v) for v in ATOMS[5])


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def add_map(viewer, models_home):
    """Add the image with known atoms, and the map of one atom's pixel in a frame, or of the atom."""

    def add_map(*, frames=0, frame=0, atom=False, layers=1, layer=0, **place):
        image = viewer.layers["bright"] if "bright" in viewer.layers else add_bright(viewer, frames, **place)
        path = save_model(models_home, layers=layers, pixel_size=None)
        target = AtomTarget(Y, X) if atom else PixelTarget(Y, X)
        stack, question = stack_of(image, PIXEL_SIZE), Question(target, layer)
        config = ExplainConfig(device="cpu")
        *_, ended = explain(JobControl(), Inquiry(path, stack, question, config, frame))
        origin = Origin(image, PIXEL_SIZE, open_model(path).card, str(path))
        chosen, heatmap = Chosen("pixel", Place(frame, Y, X), 0), ended.result.value
        made = heatmap_layer(heatmap.data, origin, chosen, details=dict(heatmap.metadata))
        (shown,) = show_results(viewer, [made])
        tell_made(viewer, shown)
        return heatmap.metadata["score"]

    return add_map


@pytest.fixture
def open_dock(viewer):
    def open_dock() -> WhatIfDock:
        dock = WhatIfDock(viewer)
        viewer.window.add_dock_widget(dock, name="What if")
        return dock

    return open_dock


def said(qtbot, dock, *words) -> str:
    """Wait until the dock says something; return it."""
    qtbot.waitUntil(lambda: all(word in dock.words.text() for word in words), timeout=30_000)
    return dock.words.text()


def results(viewer, role):
    return find_results(viewer, role, viewer.layers["bright"])


def test_the_atom_of_the_map_is_erased_live_and_a_slider_brings_it_back(qtbot, viewer, add_map, open_dock):
    score = add_map()
    dock = open_dock()
    dock.form.sliders["grow"].setValue(1.0)
    text = said(qtbot, dock, "vanishes")
    assert text.startswith(f"Score {score:.3g} → -")
    assert "1 atom vanishes" in text
    (image,) = results(viewer, "what-if image")
    (masks,) = results(viewer, "what-if prediction")
    assert image.name == "Image, what if - bright - bright"
    assert viewer.layers.index(image) == viewer.layers.index(viewer.layers["bright"]) + 1
    there = tuple(round(v) for v in masks.world_to_data(viewer.layers["bright"].data_to_world((Y, X))))
    assert masks.data[there] == 1
    assert image.data[there] < 0.3
    dock.form.sliders["part"].setValue(0)
    text = said(qtbot, dock, "no pixel changes class")
    assert text.startswith(f"Score {score:.3g} → {score:.3g} (mean log-odds)")
    assert results(viewer, "what-if prediction") == [masks]
    assert masks.data[tuple(round(v) for v in masks.world_to_data((Y * PIXEL_SIZE, X * PIXEL_SIZE)))] == 2
    assert results(viewer, "heatmap")


def test_what_is_painted_is_changed_while_it_is_painted(qtbot, viewer, add_map, open_dock):
    add_map()
    labels = viewer.add_labels(np.zeros((56, 56), int), scale=(PIXEL_SIZE,) * 2, units=("angstrom",) * 2)
    dock = open_dock()
    dock.region.kind.setCurrentText("A drawn region")
    assert "has no region on this frame" in said(qtbot, dock, "no region")
    labels.selected_label, labels.brush_size = 3, 9
    labels.paint(ATOMS[10], 3)
    assert "brighter" not in said(qtbot, dock, "1 atom vanishes")
    labels.undo()
    said(qtbot, dock, "no region")
    labels.paint(ATOMS[[5, 10]].mean(axis=0).round(), 3)  # between four atoms
    said(qtbot, dock, "The filling is brighter than what was erased")


def test_in_a_rotated_stack_the_layers_lie_on_the_maps_frame(qtbot, viewer, add_map, open_dock):
    rotation = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    place = {"scale": (3, 0.02, 0.02), "translate": (1, 5, -7), "units": ("s", "nm", "nm"), "rotate": rotation}
    add_map(frames=3, frame=2, **place)
    dock = open_dock()
    dock.form.sliders["grow"].setValue(1.0)
    said(qtbot, dock, "→ -")
    (image,) = results(viewer, "what-if image")
    at = viewer.layers["bright"].world_to_data(image.data_to_world((0, 0, 0)))
    assert at[0] == pytest.approx(2)
    y, x = (round(v) for v in at[1:])
    before = viewer.layers["bright"].data[2, y : y + image.data.shape[1], x : x + image.data.shape[2]]
    changed = np.argwhere(image.data[0] != before)
    assert np.allclose(changed.mean(axis=0), (Y - y, X - x), atol=0.6)


def test_only_the_newest_change_is_answered_and_the_window_never_waits(
    qtbot, viewer, add_map, open_dock, monkeypatch
):
    add_map()
    dock = open_dock()
    said(qtbot, dock, "→")
    answered, release, change = [], threading.Event(), WhatIf.change

    def slow(session, region, config):
        answered.append(config.part)
        assert release.wait(20)
        return change(session, region, config)

    monkeypatch.setattr(WhatIf, "change", slow)
    for part in (0.9, 0.7, 0.5, 0.25):
        dock.form.sliders["part"].setValue(part)
        qtbot.waitUntil(lambda: not dock._timer.isActive(), timeout=5000)
        qtbot.waitUntil(lambda: bool(answered), timeout=20_000)  # the first is at work while the others come
    release.set()
    qtbot.waitUntil(lambda: bool(answered) and answered[-1] == 0.25, timeout=20_000)
    assert not {0.7, 0.5} & set(answered)


def test_without_live_only_the_button_asks(qtbot, viewer, add_map, open_dock):
    add_map()
    dock = open_dock()
    dock.form.sliders["grow"].setValue(1.0)
    said(qtbot, dock, "vanishes")
    dock.live.setChecked(False)
    dock.form.sliders["part"].setValue(0)
    qtbot.wait(100)
    assert "no pixel" not in dock.words.text()
    qtbot.mouseClick(dock.try_button, Qt.MouseButton.LeftButton)
    said(qtbot, dock, "no pixel changes class")


def test_what_is_missing_is_said(qtbot, viewer, add_map, open_dock):
    dock = open_dock()
    assert "Make a map in the Explain dock first" in dock.words.text()
    assert not dock.try_button.isEnabled()
    assert not dock.flip.panel.start_button.isEnabled()
    add_map()
    said(qtbot, dock, "→")
    dock.region.kind.setCurrentText("A drawn region")
    said(qtbot, dock, "No region is selected")
    dock.region.kind.setCurrentIndex(0)
    said(qtbot, dock, "→")
    viewer.layers.remove("bright")
    dock.form.sliders["part"].setValue(0.5)
    assert "removed" in said(qtbot, dock, "removed")
    qtbot.mouseClick(dock.try_button, Qt.MouseButton.LeftButton)
    said(qtbot, dock, "is no longer open")
    qtbot.waitUntil(lambda: not dock.runner.is_busy, timeout=20_000)


def test_the_smallest_change_is_told_beside_the_noise_and_shown(qtbot, viewer, add_map, open_dock):
    add_map()
    dock = open_dock()
    dock.live.setChecked(False)
    with qtbot.waitSignal(dock.flip.panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(dock.flip.panel.start_button, Qt.MouseButton.LeftButton)
    words = dock.flip.panel.words.text()
    assert "of the shot noise" in words
    assert re.search(r"counts per pixel \(RMS\), .* intensity units per count, estimated from the image", words)
    assert re.search(r"P\(\w+\) \d\.\d\d → \d\.\d\d; .*\.$", words)
    (change,) = results(viewer, "smallest-change change")
    (image,) = results(viewer, "smallest-change image")
    assert results(viewer, "smallest-change prediction")
    low, high = change.contrast_limits
    assert low == -high
    lowest = change.data_to_world(np.unravel_index(change.data.argmin(), change.data.shape))
    assert np.allclose(np.array(lowest) / PIXEL_SIZE, (Y, X), atol=1)
    assert image.metadata["what_if"]["what_if"]["flips"]


def test_of_two_changed_images_the_last_is_seen(qtbot, viewer, add_map, open_dock):
    add_map()
    dock = open_dock()
    said(qtbot, dock, "→", ";")
    dock.live.setChecked(False)

    def seen():
        found = [*results(viewer, "what-if image"), *results(viewer, "smallest-change image")]
        return [layer.visible for layer in found]

    with qtbot.waitSignal(dock.flip.panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(dock.flip.panel.start_button, Qt.MouseButton.LeftButton)
    assert seen() == [False, True]
    dock.form.sliders["part"].setValue(0.5)
    qtbot.mouseClick(dock.try_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: seen() == [True, False], timeout=30_000)


def test_what_comes_while_the_dock_is_hidden_is_seen_once_it_is_back(qtbot, viewer, add_map, open_dock):
    add_map()
    dock = open_dock()
    said(qtbot, dock, "→", ";")
    frame, panel = dock.parentWidget(), dock.flip.panel

    def seen():
        return tuple(results(viewer, f"{what} image")[0].visible for what in ("what-if", "smallest-change"))

    for _ in range(2):  # the second time its layers are there, and gave way
        with qtbot.waitSignal(panel.runner.ended, timeout=60_000):
            qtbot.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
            frame.close()  # which hides the dock
        assert seen() == (False, False)
        frame.show()
        assert seen() == (False, True)
        assert not dock._timer.isActive()  # nothing is asked that would hide it
        dock.form.sliders["part"].setValue(dock.form.sliders["part"].value() / 2)
        qtbot.waitUntil(lambda: seen() == (True, False), timeout=30_000)


def test_the_change_with_which_the_atom_vanishes_is_shown_where_one_asks_for_it(qtbot, viewer, add_map, open_dock):
    add_map(atom=True)
    dock = open_dock()
    dock.live.setChecked(False)
    flip = dock.flip
    assert flip.which.isHidden()
    with qtbot.waitSignal(flip.panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(flip.panel.start_button, Qt.MouseButton.LeftButton)
    words = flip.panel.words.text()
    times = re.search(r"Only the sign of its score flips\. At (.*) times .*: the atom vanishes", words).group(1)
    (change,), (masks,) = results(viewer, "smallest-change change"), results(viewer, "smallest-change prediction")
    least, told = np.abs(change.data).sum(), change.metadata["what_if"]["what_if"]
    assert told["target_stays"] is True
    pixels = np.count_nonzero(masks.data == 2)
    flip.which.showPopup()
    qtbot.keyClicks(flip.which.view(), f"Show {times} times that change")
    qtbot.keyClick(flip.which.view(), Qt.Key.Key_Return)
    assert change.metadata["what_if"]["what_if"]["target_stays"] is False
    assert np.abs(change.data).sum() == pytest.approx(float(times) * least, rel=0.05)
    assert np.count_nonzero(masks.data == 2) < pixels
    qtbot.mouseClick(dock.remove_button, Qt.MouseButton.LeftButton)
    assert flip.which.isHidden()


def test_the_layers_go_with_the_dock_and_by_a_button(qtbot, viewer, add_map, open_dock):
    add_map()
    dock = open_dock()
    said(qtbot, dock, "→", ";")
    (image,), (masks,) = results(viewer, "what-if image"), results(viewer, "what-if prediction")
    dock.parentWidget().close()  # which hides it
    assert (image.visible, masks.visible) == (False, False)
    dock.parentWidget().show()
    assert (image.visible, masks.visible) == (True, True)
    said(qtbot, dock, "→", ";")
    qtbot.mouseClick(dock.remove_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.runner.is_busy, timeout=20_000)
    assert not results(viewer, "what-if image")
    assert not results(viewer, "what-if prediction")
    dock.form.sliders["part"].setValue(0.5)
    qtbot.waitUntil(lambda: bool(results(viewer, "what-if prediction")), timeout=20_000)


def test_what_covers_a_change_is_hidden_once_and_back_when_the_change_goes(qtbot, viewer, add_map, open_dock):
    add_map()
    (map_,) = results(viewer, "heatmap")
    origin = Origin(
        viewer.layers["bright"], PIXEL_SIZE, open_model(Path(map_.metadata[ORIGIN]["key"]["model"])).card, "m"
    )
    (masks,) = show_results(viewer, [Labels(np.ones((56, 56), int), metadata=origin.tag("masks", layer=0))])
    square = np.array([[Y - 4, X - 4], [Y - 4, X + 4], [Y + 4, X + 4], [Y + 4, X - 4]])
    place = {"scale": (PIXEL_SIZE,) * 2, "units": ("angstrom",) * 2}
    shapes = viewer.add_shapes([square], face_color="white", **place)
    dock = open_dock()
    dock.region.kind.setCurrentText("A drawn region")
    said(qtbot, dock, "→", ";")
    (image,) = results(viewer, "what-if image")
    assert (image.visible, map_.visible, masks.visible) == (True, False, False)
    assert shapes.face_color[0, 3] == 0
    map_.visible = True
    shapes.face_color = "red"
    dock.words.setText("")
    dock.form.sliders["part"].setValue(0.5)
    said(qtbot, dock, "→")
    assert map_.visible, "somebody wants to see it"
    assert shapes.face_color[0, 3] == 1
    shapes.add(square + 9, face_color="white")
    qtbot.waitUntil(lambda: shapes.face_color[:, 3].tolist() == [0, 0], timeout=20_000)
    map_.visible = False
    qtbot.mouseClick(dock.remove_button, Qt.MouseButton.LeftButton)
    assert (map_.visible, masks.visible) == (True, True)
    assert shapes.face_color[:, 3].tolist() == [1, 1]


@pytest.fixture
def tabs(qtbot, viewer):
    """Return the dock in a tab, and the frame of another one, whose tab is beside it; both as Qt makes them."""
    window = QMainWindow()
    qtbot.addWidget(window)
    dock, frames = WhatIfDock(viewer), (QDockWidget(), QDockWidget())
    frames[0].setWidget(dock)
    for frame in frames:
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, frame)
    window.tabifyDockWidget(frames[1], frames[0])
    window.show()
    frames[0].raise_()
    yield dock, *frames
    dock.setParent(None)


def test_behind_another_dock_nothing_is_asked_or_shown_and_in_front_again_it_catches_up(
    qtbot, viewer, add_map, tabs
):
    dock, frame, other = tabs
    add_map()
    said(qtbot, dock, "→", ";")
    (image,) = results(viewer, "what-if image")
    other.raise_()
    qtbot.waitUntil(lambda: not image.visible, timeout=5000)
    assert dock.isVisible()  # so Qt says of what is behind another tab
    (map_,) = results(viewer, "heatmap")
    assert map_.visible
    frame.raise_()
    qtbot.waitUntil(lambda: image.visible, timeout=5000)
    assert not map_.visible
    said(qtbot, dock, "→", ";")
    qtbot.mouseClick(dock.remove_button, Qt.MouseButton.LeftButton)
    for one in (other, frame):
        one.raise_()
        qtbot.wait(50)
    assert not dock._timer.isActive()  # what was removed does not come back by itself
    other.raise_()
    qtbot.wait(50)
    add_map(atom=True)
    dock.form.sliders["part"].setValue(0.5)
    assert not dock._timer.isActive()
    frame.raise_()
    qtbot.waitUntil(lambda: bool(results(viewer, "what-if image")), timeout=30_000)
    assert results(viewer, "what-if image")[0].visible


def test_the_prediction_has_the_colours_of_the_layer_that_the_map_is_of(qtbot, viewer, add_map, open_dock):
    add_map(layers=2, layer=0)
    dock = open_dock()
    said(qtbot, dock, "→", ";")
    (masks,) = results(viewer, "what-if prediction")
    card = open_model(Path(masks.metadata[ORIGIN]["key"]["model"])).card
    wanted = [to_rgba(class_colours(card, layer)[0]) for layer in (0, 1)]
    assert wanted[0] != wanted[1]
    assert tuple(masks.colormap.map(2)) == pytest.approx(wanted[0])
    dock.words.setText("")
    add_map(layers=2, layer=1)
    said(qtbot, dock, "→", ";")
    assert results(viewer, "what-if prediction") == [masks]
    assert tuple(masks.colormap.map(2)) == pytest.approx(wanted[1])


def test_a_dock_that_is_opened_again_shows_its_layers(qtbot, viewer, add_map, open_dock):
    add_map()
    dock = open_dock()
    said(qtbot, dock, "→", ";")
    dock.setParent(None)  # as napari lets go of it
    assert not results(viewer, "what-if image")[0].visible
    said(qtbot, open_dock(), "→", ";")
    assert results(viewer, "what-if image")[0].visible
    assert results(viewer, "what-if prediction")[0].visible


def test_a_dose_that_is_not_stated_shows_no_number(qtbot, viewer, open_dock):
    dock = open_dock()
    row = dock.flip.config.editor("dose")
    assert row.findChild(NumberBox).isHidden()
    row.findChild(QCheckBox).setChecked(True)
    assert not row.findChild(NumberBox).isHidden()
    assert dock.flip.config.values().dose == 1000


def endless(started):
    def look(search):
        while True:
            started.set()
            yield Found(np.zeros(int(search._region.sum())), 3.0, False, 0.1)

    return look


def test_a_cancel_keeps_the_best_so_far(qtbot, viewer, add_map, open_dock, monkeypatch):
    add_map()
    started = threading.Event()
    monkeypatch.setattr(FlipSearch, "look", endless(started))
    dock = open_dock()
    dock.live.setChecked(False)
    panel = dock.flip.panel
    qtbot.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(started.is_set, timeout=30_000)
    with qtbot.waitSignal(panel.runner.ended, timeout=30_000):
        qtbot.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
    assert panel.words.text().startswith("Stopped before the score flipped")
    assert results(viewer, "smallest-change change")
    assert not results(viewer, "smallest-change prediction")  # which would be waited for
    assert panel.start_button.isEnabled()


def search(qtbot, panel):
    """Find a smallest change; return what is said of it."""
    with qtbot.waitSignal(panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    return panel.words.text()


def stop_at_once(started, *, flips, size):
    """Return a search that finds one change and then nothing, until it is stopped."""

    def look(search):
        while True:
            started.set()
            yield Found(np.full(int(search._region.sum()), size), -1.0 if flips else 3.0, flips, 0.1)

    return look


@pytest.mark.parametrize(("flips", "size"), [(False, 0.0), (True, 1e3), (True, 0.0)])
def test_a_search_that_is_stopped_takes_no_better_change_away(
    qtbot, viewer, add_map, open_dock, monkeypatch, flips, size
):
    add_map()
    dock = open_dock()
    dock.live.setChecked(False)
    panel = dock.flip.panel
    words, (change,) = search(qtbot, panel), results(viewer, "smallest-change change")
    before, started = change.data.copy(), threading.Event()
    monkeypatch.setattr(FlipSearch, "look", stop_at_once(started, flips=flips, size=size))
    qtbot.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(started.is_set, timeout=30_000)
    with qtbot.waitSignal(panel.runner.ended, timeout=30_000):
        qtbot.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
    is_better = flips and size == 0
    assert np.array_equal(change.data, before) is not is_better
    assert bool(results(viewer, "smallest-change prediction")) is not is_better
    kept = panel.words.text() == f"Stopped before anything better was found. Found before: {words}"
    assert kept is not is_better


def search_in_vain(qtbot, panel, monkeypatch):
    """Begin another search that finds nothing."""
    started = threading.Event()
    monkeypatch.setattr(FlipSearch, "look", stop_at_once(started, flips=False, size=0.0))
    qtbot.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(started.is_set, timeout=30_000)


def test_what_another_search_found_is_not_told_as_found_by_the_one_that_was_stopped(
    qtbot, viewer, add_map, open_dock, monkeypatch
):
    add_map()
    dock = open_dock()
    dock.live.setChecked(False)
    panel = dock.flip.panel
    words, (change,) = search(qtbot, panel), results(viewer, "smallest-change change")
    before = change.data.copy()
    dock.flip.config.set_value("reach", dock.flip.config.value("reach") + 0.2)
    search_in_vain(qtbot, panel, monkeypatch)
    with qtbot.waitSignal(panel.runner.ended, timeout=30_000):
        qtbot.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
    assert np.array_equal(change.data, before)
    stopped = "Stopped before the score flipped. Still shown is what was found for another target"
    assert panel.words.text() == f"{stopped}, or with other settings: {words}"


def test_a_dock_that_is_closed_while_it_searches_again_brings_no_layer_into_view(
    qtbot, viewer, add_map, open_dock, monkeypatch
):
    add_map()
    dock = open_dock()
    dock.live.setChecked(False)
    search(qtbot, dock.flip.panel)
    search_in_vain(qtbot, dock.flip.panel, monkeypatch)
    gone = []
    dock.destroyed.connect(lambda *_: gone.append(True))
    dock.setParent(None)  # as napari lets go of it
    qtbot.waitUntil(lambda: bool(gone), timeout=30_000)
    assert not any(layer.visible for layer in results(viewer, "smallest-change change"))


def test_closing_ends_both_workers(qtbot, viewer, add_map, open_dock, monkeypatch):
    add_map()
    started = threading.Event()
    monkeypatch.setattr(FlipSearch, "look", endless(started))
    dock = open_dock()
    said(qtbot, dock, "→")
    qtbot.mouseClick(dock.flip.panel.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(started.is_set, timeout=30_000)
    assert dock.runner.is_busy
    gone = []
    dock.destroyed.connect(lambda *_: gone.append(True))
    dock.setParent(None)  # as napari lets go of it
    qtbot.waitUntil(lambda: bool(gone), timeout=30_000)
