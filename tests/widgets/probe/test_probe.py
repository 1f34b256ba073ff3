import threading
from types import SimpleNamespace

import numpy as np
import pytest
from bright_scene import ATOMS, PIXEL_SIZE, add_bright, save_model
from napari.layers import Image
from qtpy.QtCore import QPoint, Qt, QThreadPool
from qtpy.QtWidgets import QApplication

from napari_strata.errors import TargetError
from napari_strata.events import Glimpsed
from napari_strata.explain.probe import Prober
from napari_strata.widgets.explain.dock import ExplainDock
from napari_strata.widgets.layers.results import ORIGIN, find_results
from napari_strata.widgets.layers.world import between


@pytest.fixture
def viewer(make_napari_viewer):
    """Return a viewer that is shown, for only then its canvas takes the mouse."""
    return make_napari_viewer(show=True)


@pytest.fixture
def open_dock(viewer, models_home):
    """Open a dock that probes pixels of the image with known atoms."""

    def open_dock(*, frames=0, image=None, kind="Pixel", **model) -> ExplainDock:
        add_bright(viewer, frames, **image or {})
        save_model(models_home, **{"layers": 1} | model)
        dock = ExplainDock(viewer)
        viewer.window.add_dock_widget(dock, name="Explain")
        viewer.window.resize(1200, 700)  # the window of the test before may have been smaller
        QApplication.processEvents()
        viewer.reset_view()
        dock.question.target.setCurrentText(kind)
        dock.probe.box.setChecked(True)
        return dock

    return open_dock


def canvas_of(viewer):
    return viewer.window._qt_viewer.canvas.native


def point_of(viewer, pixel) -> QPoint:
    """Return where on the canvas a pixel of the image is seen."""
    canvas = viewer.window._qt_viewer.canvas
    y, x = viewer.layers["bright"].data_to_world(pixel)[-2:]
    scene = canvas.view.transform * canvas.view.scene.transform
    return QPoint(*(round(float(v)) for v in scene.map([x, y])[:2]))


def move(qtbot, viewer, pixel) -> None:
    there = point_of(viewer, pixel)
    for point in (there - QPoint(30, 30), there):  # Qt tells of no move that is none
        qtbot.wait(25)  # vispy leaves out what follows too fast
        qtbot.mouseMove(canvas_of(viewer), point)


def tell(viewer, pixel) -> None:
    """Have napari tell of a move at once, as often as one likes."""
    event = SimpleNamespace(position=viewer.layers["bright"].data_to_world(pixel))
    for callback in viewer.mouse_move_callbacks:
        callback(viewer, event)


def press(qtbot, viewer) -> None:
    qtbot.keyPress(canvas_of(viewer), Qt.Key.Key_Q)


def release(qtbot, viewer) -> None:
    qtbot.keyRelease(canvas_of(viewer), Qt.Key.Key_Q)


def probed(viewer, role="probe"):
    return find_results(viewer, role, viewer.layers["bright"])


def ring_at(viewer, place) -> bool:
    rings = probed(viewer, "probe target")
    image = viewer.layers["bright"]
    return len(rings) == 1 and np.allclose(between(rings[0], image, rings[0].data)[0, -2:], place, atol=1)


def probe_at(qtbot, viewer, place) -> Image:
    """Press the key, move to a pixel, and return the map once it is there."""
    press(qtbot, viewer)
    move(qtbot, viewer, place)
    qtbot.waitUntil(lambda: ring_at(viewer, place), timeout=60_000)
    (map_,) = probed(viewer)
    return map_


def map_window(viewer, map_) -> tuple[slice, slice]:
    """Return the pixels of the image on which a map lies."""
    top, left = np.round(viewer.layers["bright"].world_to_data(map_.data_to_world((0, 0)))).astype(int)
    return slice(top, top + map_.data.shape[0]), slice(left, left + map_.data.shape[1])


def brightest(map_):
    """Return where in the world a map is greatest."""
    return map_.data_to_world(np.unravel_index(map_.data.argmax(), map_.data.shape))


def test_the_map_follows_the_cursor_while_the_key_is_held(qtbot, viewer, open_dock):
    dock = open_dock()
    labels = viewer.add_labels(np.zeros((56, 56), int), scale=(PIXEL_SIZE,) * 2, units=("angstrom",) * 2)
    map_ = probe_at(qtbot, viewer, ATOMS[5])
    assert np.allclose(brightest(map_), ATOMS[5] * PIXEL_SIZE, atol=2 * PIXEL_SIZE)
    move(qtbot, viewer, ATOMS[10])
    qtbot.waitUntil(lambda: ring_at(viewer, ATOMS[10]), timeout=20_000)
    assert probed(viewer) == [map_]
    assert np.allclose(brightest(map_), ATOMS[10] * PIXEL_SIZE, atol=2 * PIXEL_SIZE)
    assert dock.probe.words.text().startswith("Why C: Gradient saliency of the pixel at y 33.0, x 33.0")
    assert viewer.layers.selection.active is labels
    release(qtbot, viewer)
    assert not any(layer.visible for layer in (*probed(viewer), *probed(viewer, "probe target")))
    dock.probe.box.setChecked(False)
    assert [layer.name for layer in viewer.layers] == ["bright", labels.name]


def test_without_the_key_nothing_follows(qtbot, viewer, open_dock):
    dock = open_dock()
    move(qtbot, viewer, ATOMS[5])
    assert not dock.probe.runner.is_busy
    dock.probe.box.setChecked(False)
    press(qtbot, viewer)
    assert not dock.probe.is_held


def test_a_click_keeps_the_map(qtbot, viewer, open_dock):
    open_dock()
    map_ = probe_at(qtbot, viewer, ATOMS[5])
    assert map_.data.max() == 1
    qtbot.mouseClick(canvas_of(viewer), Qt.MouseButton.LeftButton, pos=point_of(viewer, ATOMS[5]))
    QApplication.processEvents()
    release(qtbot, viewer)
    (kept,) = find_results(viewer, "heatmap", viewer.layers["bright"])
    assert kept.data.shape == (56, 56)
    here = kept.data[map_window(viewer, map_)]
    assert np.allclose(here / here.max(), map_.data)
    assert kept.metadata["explanation"]["target"] == {"kind": "pixel", "y_px": 21, "x_px": 21}
    assert not map_.visible


def test_in_a_rotated_stack_the_map_lies_on_the_shown_frame(qtbot, viewer, open_dock):
    rotation = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    place = {"scale": (3, 0.02, 0.02), "translate": (1, 5, -7), "units": ("s", "nm", "nm"), "rotate": rotation}
    open_dock(frames=3, image=place)
    viewer.dims.set_current_step(0, 2)
    y, x = ATOMS[5]
    press(qtbot, viewer)
    move(qtbot, viewer, (2, y, x))
    qtbot.waitUntil(lambda: ring_at(viewer, (y, x)), timeout=60_000)
    (map_,) = probed(viewer)
    at = viewer.layers["bright"].world_to_data(brightest(map_))
    assert at[0] == pytest.approx(2)
    assert np.allclose(at[1:], (y, x), atol=2)


def test_of_many_requests_the_last_is_answered(qtbot, viewer, open_dock, monkeypatch):
    dock = open_dock()
    probe_at(qtbot, viewer, ATOMS[0])
    answered, at, all_asked = [], Prober.at, threading.Event()

    def slow(prober, y, x, kind, **rest):
        answered.append((y, x))
        assert all_asked.wait(60)
        return at(prober, y, x, kind, **rest)

    monkeypatch.setattr(Prober, "at", slow)
    tell(viewer, (21, 8))
    qtbot.waitUntil(lambda: len(answered) == 1, timeout=20_000)
    for column in range(10, 40, 3):
        tell(viewer, (21, column))
    tell(viewer, (33, 33))
    all_asked.set()
    qtbot.waitUntil(lambda: ring_at(viewer, (33, 33)), timeout=20_000)
    assert len(answered) == 2
    assert dock.probe.is_held


def test_while_an_answer_is_drawn_nothing_is_computed(qtbot, viewer, open_dock, monkeypatch):
    dock = open_dock()
    probe_at(qtbot, viewer, ATOMS[0])
    qtbot.wait(50)
    posted, post, moved = [], dock.probe.runner.post, []

    def note(request):
        posted.append((request.y, request.x))
        post(request)

    def move_on(event):
        if isinstance(event, Glimpsed) and not moved:
            for place in ((21, 10), (33, 33)):
                tell(viewer, place)
            moved.extend(posted)

    monkeypatch.setattr(dock.probe.runner, "post", note)
    dock.probe.runner.reported.connect(move_on)  # heard after the probe, which shows the answer at once
    tell(viewer, (21, 8))
    qtbot.waitUntil(lambda: ring_at(viewer, (33, 33)), timeout=20_000)
    assert moved == [(21, 8)]
    assert posted == [(21, 8), (33, 33)]


def test_closing_the_dock_while_it_computes_ends_the_worker(qtbot, viewer, open_dock):
    dock = open_dock()
    probe_at(qtbot, viewer, ATOMS[0])
    for column in range(8, 40):
        move(qtbot, viewer, (21, column))
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: bool(gone), timeout=20_000)
    assert not probed(viewer)
    assert not probed(viewer, "probe target")
    press(qtbot, viewer)
    move(qtbot, viewer, ATOMS[3])


def test_releasing_the_key_before_the_answer_leaves_nothing(qtbot, viewer, open_dock):
    dock = open_dock()
    press(qtbot, viewer)
    move(qtbot, viewer, ATOMS[5])
    release(qtbot, viewer)
    dock.probe.box.setChecked(False)
    qtbot.waitUntil(lambda: not dock.probe.runner.is_busy, timeout=60_000)
    assert list(viewer.layers) == [viewer.layers["bright"]]


def test_another_method_is_followed_from_the_next_press_on(qtbot, viewer, open_dock):
    dock = open_dock()
    probe_at(qtbot, viewer, ATOMS[5])
    release(qtbot, viewer)
    dock.method.choose("grad-cam")
    press(qtbot, viewer)
    move(qtbot, viewer, ATOMS[6])
    qtbot.waitUntil(lambda: dock.probe.words.text().startswith("Why C: Grad-CAM of the pixel"), timeout=60_000)


def test_what_stands_in_rather_than_is_asked_and_corrections_are_refused(qtbot, viewer, open_dock):
    dock = open_dock(layers=2)
    dock.question.against.setCurrentText("the other layer")
    probe_at(qtbot, viewer, ATOMS[5])
    assert dock.probe.words.text().startswith("Why C, layer 0 rather than 1: Gradient saliency of the pixel")
    assert "(by decoder 0; find the atoms in the Predict dock" in dock.probe.words.text()
    release(qtbot, viewer)
    dock.question.against.setCurrentText("what I corrected")
    press(qtbot, viewer)
    assert "does not ask about corrections" in dock.probe.words.text()
    assert not dock.probe.is_held


def test_what_cannot_be_probed_is_said_in_words(qtbot, viewer, open_dock, monkeypatch):
    dock = open_dock()

    def refuse(*_args, **_rest):
        raise TargetError("There is no atom here.", remedy="Move nearer.")

    monkeypatch.setattr(Prober, "at", refuse)
    press(qtbot, viewer)
    move(qtbot, viewer, ATOMS[5])
    qtbot.waitUntil(lambda: "There is no atom here." in dock.probe.words.text(), timeout=60_000)
    assert dock.probe.runner.is_busy


def test_off_the_image_the_probe_hides_and_comes_back(qtbot, viewer, open_dock):
    dock = open_dock()
    map_ = probe_at(qtbot, viewer, ATOMS[5])
    (ring,) = probed(viewer, "probe target")
    move(qtbot, viewer, (-3, 20))
    qtbot.waitUntil(lambda: not map_.visible, timeout=10_000)
    assert not ring.visible
    assert dock.probe.words.text() == "The cursor is off the image."
    move(qtbot, viewer, ATOMS[6])
    qtbot.waitUntil(lambda: map_.visible and ring_at(viewer, ATOMS[6]), timeout=20_000)


def test_heatmaps_are_hidden_while_one_probes_and_a_kept_map_is_seen_instead(qtbot, viewer, open_dock):
    dock = open_dock()
    dock.question.target.setCurrentText("Class on the slice")
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        dock.panel.start_button.click()
    (outline,) = find_results(viewer, "target", viewer.layers["bright"])
    (of_slice,) = find_results(viewer, "heatmap", viewer.layers["bright"])
    dock.question.target.setCurrentText("Pixel")

    def heatmaps():
        kept = find_results(viewer, "heatmap", viewer.layers["bright"])
        return [layer.visible for layer in kept if layer is not of_slice]

    for place, seen in ((ATOMS[5], [False]), (ATOMS[6], [False, False])):
        probe_at(qtbot, viewer, place)
        qtbot.mouseClick(canvas_of(viewer), Qt.MouseButton.LeftButton, pos=point_of(viewer, place))
        QApplication.processEvents()
        assert heatmaps() == seen
        release(qtbot, viewer)
        assert heatmaps() == [*seen[1:], True]
        (mark,) = find_results(viewer, "target", viewer.layers["bright"])
        assert mark is not outline
        assert mark.visible
        assert np.allclose(mark.data, [np.rint(place)])
        said = dock.panel.words.text()
        y, x = np.rint(place)
        assert said.startswith(f"Why C: Gradient saliency of the pixel at y {y:.1f}, x {x:.1f} px. Score ")
        score = find_results(viewer, "heatmap", viewer.layers["bright"])[-1].metadata["explanation"]["score"]
        assert f"Score {score:.2f} (mean log-odds)" in said


def test_after_a_release_the_next_press_uses_the_same_layers_and_unticking_leaves_none(qtbot, viewer, open_dock):
    dock = open_dock()
    for place in (ATOMS[5], ATOMS[6]):
        map_ = probe_at(qtbot, viewer, place)
        assert map_.visible
        release(qtbot, viewer)
        assert not map_.visible
    dock.probe.box.setChecked(False)
    assert list(viewer.layers) == [viewer.layers["bright"]]
    qtbot.wait(30)
    dock.probe.box.setChecked(True)
    probe_at(qtbot, viewer, ATOMS[5])
    qtbot.wait(30)  # drawn once more: this crashed where the layers had been deleted in another context


def test_a_removed_image_takes_the_layers_of_the_probe_with_it(qtbot, viewer, open_dock):
    dock = open_dock()
    probe_at(qtbot, viewer, ATOMS[5])
    viewer.layers.remove("bright")
    qtbot.waitUntil(lambda: len(viewer.layers) == 0, timeout=5000)
    assert not dock.probe.is_held
    assert dock.probe.words.text() == "bright was removed."
    release(qtbot, viewer)
    qtbot.waitUntil(lambda: not dock.probe.runner.is_busy, timeout=20_000)


def test_when_the_slider_moves_the_place_under_the_cursor_is_asked_in_the_new_frame(qtbot, viewer, open_dock):
    open_dock(frames=3, image={"scale": (1, 0.2, 0.2), "units": ("pixel", "angstrom", "angstrom")})
    viewer.dims.set_current_step(0, 0)
    press(qtbot, viewer)
    move(qtbot, viewer, (0, *ATOMS[5]))
    qtbot.waitUntil(lambda: ring_at(viewer, ATOMS[5]), timeout=60_000)
    (map_,) = probed(viewer)
    viewer.dims.set_current_step(0, 2)
    image = viewer.layers["bright"]
    qtbot.waitUntil(lambda: image.world_to_data(brightest(map_))[0] == pytest.approx(2), timeout=20_000)
    assert ring_at(viewer, ATOMS[5])


def test_in_3d_nothing_is_probed_and_it_is_said_why(qtbot, viewer, open_dock):
    dock = open_dock()
    probe_at(qtbot, viewer, ATOMS[5])
    viewer.dims.ndisplay = 3
    assert not dock.probe.is_held
    assert not any(layer.visible for layer in (*probed(viewer), *probed(viewer, "probe target")))
    assert "in 2D only" in dock.probe.words.text()
    release(qtbot, viewer)
    press(qtbot, viewer)
    assert not dock.probe.is_held


def test_a_model_that_changes_while_the_key_is_held_is_used_from_the_next_press_on(
    qtbot, viewer, open_dock, models_home
):
    dock = open_dock()
    probe_at(qtbot, viewer, ATOMS[5])
    before = probed(viewer)[0].metadata[ORIGIN]["provenance"]["weights_sha256"]
    save_model(models_home, layers=1, filters=(2, 4, 4))
    dock.source.model.refresh()
    assert not dock.probe.is_held
    assert "release Q and press it again" in dock.probe.words.text()
    release(qtbot, viewer)
    probe_at(qtbot, viewer, ATOMS[6])
    assert probed(viewer)[0].metadata[ORIGIN]["provenance"]["weights_sha256"] != before


def test_a_window_closed_while_the_key_is_held_ends_the_worker(qtbot, viewer, open_dock):
    dock = open_dock()
    probe_at(qtbot, viewer, ATOMS[5])
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    viewer.close()
    qtbot.waitUntil(lambda: bool(gone), timeout=20_000)
    assert QThreadPool.globalInstance().waitForDone(20_000), "a worker is still running"
