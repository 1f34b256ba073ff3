"""The Map to labels dock, clicked as a microscopist does."""

import re
import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from bright_scene import ATOMS, add_bright, save_model, waiting
from napari.layers import Image
from qtpy.QtCore import Qt

from napari_strata.annotation.provenance import Provenance
from napari_strata.config import ClassTable
from napari_strata.explain.proposals import measured_map
from napari_strata.widgets.layers.label_birth import provenance_of
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.layers.label_memory import lasting_memory, map_notes_of
from napari_strata.widgets.layers.napari_layers import Origin, heatmap_layer
from napari_strata.widgets.layers.results import find_results, show_results
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.map_to_labels import errors_page, proposal_page, to_correct
from napari_strata.widgets.map_to_labels.dock import MapToLabelsDock
from napari_strata.widgets.map_to_labels.map_display import BESIDE, CONTOURS
from napari_strata.widgets.map_to_labels.modes import Mode
from napari_strata.widgets.map_to_labels.to_correct import MARKS
from napari_strata.widgets.parts.models import open_model
from napari_strata.widgets.predict.dock import PredictDock

CLASSES = ClassTable.from_names(("bright", "other"))
Y, X = 20, 33
"""Where the map is highest."""


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def add_map(viewer, models_home):
    """Add the map of a model as the Explain dock does, on a known place of the image."""

    def add_map(*, method="occlusion", frames=0, data=None, species="bright", image=None) -> Image:
        if image is None:
            image = viewer.layers["bright"] if "bright" in viewer.layers else add_bright(viewer, frames)
        entry = open_model(save_model(models_home, layers=1))
        y, x = np.mgrid[:56, :56]
        peak = np.exp(-((y - Y) ** 2 + (x - X) ** 2) / 18) - 0.5 * np.exp(-((y - 44) ** 2 + (x - X) ** 2) / 18)
        frame = 1 if frames else 0
        details = {"method": method, "layer": 0, "frame": frame, "target": {"kind": "pixel"}, "done": 1}
        details |= {"class": species, "against": {"kind": "background"}}
        origin = Origin(image, 0.2, entry.card, str(entry.path))
        chosen = Chosen("pixel", Place(frame, Y, X), 0)
        made = np.float32(np.where(np.abs(peak) < 1e-3, 0, peak)) if data is None else data
        layer = heatmap_layer(made, origin, chosen, details=details)
        show_results(viewer, [layer])
        return layer

    return add_map


@pytest.fixture
def open_dock(viewer):
    def open_dock() -> MapToLabelsDock:
        dock = MapToLabelsDock(viewer)
        viewer.window.add_dock_widget(dock, name="Map to labels")
        return dock

    return open_dock


def press(qtbot, panel, button) -> str:
    """Press a button, wait for the end; return what is then said."""
    assert button.isEnabled()
    with qtbot.waitSignal(panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    return panel.words.text()


def click(qtbot, button) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def settled(qtbot, dock) -> None:
    """Wait until the view has followed the last setting."""
    view = dock.view
    qtbot.waitUntil(lambda: not (view._timer.isActive() or view.job.runner.is_busy), timeout=20_000)


def shown(viewer, role):
    return find_results(viewer, role, viewer.layers["bright"])


def alpha_at(layer, y, x) -> float:
    """Return how opaque the colour of a pixel of a map is."""
    low, high = layer.contrast_limits
    place = np.clip((layer.data[..., y, x].item() - low) / (high - low), 0, 1)
    return float(np.asarray(layer.colormap.map(np.array([place])))[0, 3])


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
    dock.view.set_mode(Mode.BESIDE)
    settled(qtbot, dock)
    (beside,) = shown(viewer, BESIDE)
    assert (layer.visible, image.visible, beside.visible) == (False, True, True)
    assert beside.extent.world[0, 1] > image.extent.world[1, 1]
    dock.view.set_mode(Mode.CONTOURS)
    dock.view.part.setValue(50)
    settled(qtbot, dock)
    (lines,) = shown(viewer, CONTOURS)
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


@pytest.mark.parametrize("how", ["threshold", "graph-cut"])
def test_a_proposal_is_striped_first_and_sent_in_one_step_that_undo_takes_back(
    qtbot, viewer, add_map, open_dock, how
):
    add_map(frames=3)
    (labels,) = new_labels(viewer, viewer.layers["bright"], layers=1, table=CLASSES)
    labels.data_setitem((np.array([1]), np.array([Y]), np.array([X])), np.array([3], np.uint8))
    dock = open_dock()
    page = dock.proposal
    page.how.setCurrentIndex(page.how.findData(how))
    page.target.labels_choice.choose(labels)
    labels.selected_label = 2
    said = press(qtbot, page.panel, page.panel.start_button)
    assert page.overlay.layer is not None
    pixels = int(said.split(" ")[0])
    assert np.count_nonzero(labels.data) == 1
    click(qtbot, page.send_button)
    assert page.panel.words.text().startswith(
        f"Bright: {pixels - 1} pixels painted. Other paint stayed on 1 pixel"
    )
    assert page.overlay.layer is None
    assert (labels.data[1, Y, X], labels.data[1, Y, X + 1]) == (3, 2)
    assert not labels.data[[0, 2]].any()
    where = provenance_of(labels)[1, Y]
    assert (where[X], where[X + 1], where[0]) == (Provenance.HUMAN, Provenance.MODEL, Provenance.NOT_LABELLED)
    (note,) = map_notes_of(labels)
    assert lasting_memory(labels)["of_maps"] == [note]  # and so it goes to disk with them
    assert (note["pixels"], note["map"]["method"], note["settings"]["how"]) == (pixels - 1, "occlusion", how)
    labels.undo()
    assert map_notes_of(labels) == lasting_memory(labels)["of_maps"] == []
    labels.redo()
    assert map_notes_of(labels) == [note]
    assert provenance_of(labels)[1, Y, X + 1] == Provenance.MODEL
    labels.undo()
    assert np.argwhere(labels.data).tolist() == [[1, Y, X]]
    assert provenance_of(labels)[1, Y, X + 1] == Provenance.NOT_LABELLED
    labels.data_setitem((np.array([1]), np.array([Y]), np.array([X + 1])), np.array([2], np.uint8))
    assert provenance_of(labels)[1, Y, X + 1] == Provenance.HUMAN
    assert map_notes_of(labels) == []


def test_other_paint_is_replaced_only_where_that_is_ticked_and_it_is_said(qtbot, viewer, add_map, open_dock):
    add_map()
    (labels,) = new_labels(viewer, viewer.layers["bright"], layers=1, table=CLASSES)
    labels.data_setitem((np.array([Y]), np.array([X])), np.array([3], np.uint8))
    dock = open_dock()
    labels.selected_label = 2
    press(qtbot, dock.proposal.panel, dock.proposal.panel.start_button)
    dock.proposal.replaces.setChecked(True)
    click(qtbot, dock.proposal.send_button)
    assert dock.proposal.panel.words.text().endswith("Other paint was replaced on 1 pixel.")
    assert labels.data[Y, X] == 2


def test_what_undo_took_away_is_said_to_be_gone_and_no_later_paint_brings_its_note_back(
    qtbot, viewer, add_map, open_dock
):
    add_map()
    (labels,) = new_labels(viewer, viewer.layers["bright"], layers=1, table=CLASSES)
    dock = open_dock()
    page = dock.proposal

    def send(part):
        dock.view.part.setValue(part)
        press(qtbot, page.panel, page.panel.start_button)
        click(qtbot, page.send_button)
        return page.panel.words.text()

    said = send(60)
    assert said == f"Bright: {np.count_nonzero(labels.data)} pixels painted."
    labels.undo()
    assert page.panel.words.text() == "Undo took the paint away."
    labels.redo()
    assert page.panel.words.text() == said
    labels.undo()
    send(30)  # more, and all of that
    (note,) = map_notes_of(labels)
    assert note["settings"]["part"] == 0.3
    assert send(40) == "No pixel changed."
    assert map_notes_of(labels) == [note]


def test_the_note_of_paint_that_replaced_other_paint_goes_with_undo(qtbot, viewer, add_map, open_dock):
    add_map()
    (labels,) = new_labels(viewer, viewer.layers["bright"], layers=1, table=CLASSES)
    labels.data_setitem(np.nonzero(np.ones((56, 56))), np.full(56 * 56, 3, np.uint8))
    page = open_dock().proposal
    page.replaces.setChecked(True)
    press(qtbot, page.panel, page.panel.start_button)
    click(qtbot, page.send_button)
    assert len(map_notes_of(labels)) == 1
    labels.undo()
    assert (labels.data == 3).all()
    assert page.panel.words.text() == "Undo took the paint away."
    assert map_notes_of(labels) == []


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
    layer = add_map()  # in the place of the one that is hidden
    assert is_over()
    assert layer.visible
    go_beside()
    details = {**layer.metadata["explanation"], "class": "other"}
    layer.metadata = {**layer.metadata, "explanation": details}  # it answers something else now
    assert is_over()
    assert layer.visible


@pytest.mark.parametrize(("species", "code"), [("other", 3), ("bright", 2), ("unknown", 0)])
def test_a_proposal_is_of_the_maps_class_and_without_one_the_button_asks_for_it(
    qtbot, viewer, add_map, open_dock, species, code
):
    add_map(species=species)
    (labels,) = new_labels(viewer, viewer.layers["bright"], layers=1, table=CLASSES)
    brush = labels.selected_label
    page = open_dock().proposal
    press(qtbot, page.panel, page.panel.start_button)
    assert (page.classes.code, labels.selected_label) == (code, brush)
    if code == 0:
        assert (page.reason.text(), page.send_button.isEnabled()) == ("Choose a class.", False)
        page.classes.setCurrentIndex(page.classes.findData(2))
    assert page.reason.isHidden()
    click(qtbot, page.send_button)
    assert labels.data[Y, X] == (code or 2)
    assert set(np.unique(labels.data)) == {0, code or 2}


def test_a_cut_that_leaves_little_says_so_and_one_is_no_pixels(qtbot, viewer, add_map, open_dock, monkeypatch):
    data = np.zeros((56, 56), np.float32)
    data[Y, X] = 1
    layer = add_map(data=data)
    dock = open_dock()
    settled(qtbot, dock)
    assert dock.view.words.text() == "1 pixel (0.0%) is above the threshold."
    page = dock.proposal
    assert press(qtbot, page.panel, page.panel.start_button).startswith("1 pixel proposed.")
    layer.data = np.exp(-np.hypot(*(np.mgrid[:56, :56] - 20)) / 4).astype(np.float32)
    one = np.zeros((56, 56), bool)
    one[20, 20] = True
    monkeypatch.setattr("napari_strata.explain.proposals.proposal._cuts", lambda *_: iter([one]))
    page.how.setCurrentIndex(1)
    said = press(qtbot, page.panel, page.panel.start_button)
    assert "Only so few of the 69 above the threshold" in said


def test_a_map_of_zeros_proposes_nothing_and_says_so(qtbot, viewer, add_map, open_dock):
    add_map(data=np.zeros((56, 56), np.float32))
    dock = open_dock()
    dock.view.hides_weak.setChecked(True)
    dock.view.lines.setValue(2)
    settled(qtbot, dock)
    assert dock.view.words.text() == "The map is 0 everywhere on this side."
    said = press(qtbot, dock.proposal.panel, dock.proposal.panel.start_button)
    assert said.startswith("The map is 0 everywhere on the side that counts")
    assert not dock.proposal.send_button.isEnabled()


def test_another_threshold_drops_a_proposal_that_is_not_sent(qtbot, viewer, add_map, open_dock):
    add_map()
    dock = open_dock()
    press(qtbot, dock.proposal.panel, dock.proposal.panel.start_button)
    dock.view.part.setValue(55)
    assert dock.proposal.overlay.layer is None
    assert "press 'Propose' again" in dock.proposal.panel.words.text()


def test_labels_of_another_shape_get_nothing(qtbot, viewer, add_map, open_dock):
    add_map()
    labels = viewer.add_labels(np.zeros((30, 30), np.uint8), name="small")
    dock = open_dock()
    page = dock.proposal
    press(qtbot, page.panel, page.panel.start_button)
    page.target.labels_choice.choose(labels)
    page.classes.setCurrentIndex(1)
    assert not page.send_button.isEnabled()
    assert page.reason.text().startswith("small has shape (30, 30)")


def test_a_map_is_sent_to_labels_of_its_crystal_layer_or_where_that_is_ticked(qtbot, viewer, add_map, open_dock):
    add_map()
    page = open_dock().proposal
    press(qtbot, page.panel, page.panel.start_button)
    assert page.reason.text() == "Make labels first: 'New labels' in the Label dock."
    first, second = new_labels(viewer, viewer.layers["bright"], layers=2, table=CLASSES)
    page.target.labels_choice.choose(second)
    assert "The map is of crystal layer 0, these labels are of layer 1" in page.reason.text()
    assert not page.send_button.isEnabled()
    page.takes_layer.click()
    assert page.send_button.isEnabled()
    press(qtbot, page.panel, page.panel.start_button)
    assert page.target.labels is first
    click(qtbot, page.send_button)
    assert first.data[Y, X] == 2


def test_without_a_map_the_dock_says_where_maps_come_from(viewer, open_dock):
    add_bright(viewer)
    dock = open_dock()
    assert "Explain an atom" in dock.proposal.panel.words.text()
    assert not dock.proposal.classes.isEnabled()
    assert not dock.proposal.panel.start_button.isEnabled()
    assert dock.errors.panel.words.text() == "Predict masks first, in the Predict dock."


def test_a_dock_that_is_canceled_or_closed_while_it_proposes_leaves_the_labels_alone(
    qtbot, viewer, add_map, open_dock, monkeypatch
):
    add_map()
    dock, release = open_dock(), threading.Event()
    page = dock.proposal
    monkeypatch.setattr(proposal_page, "make_job", lambda _request, control: waiting(control, release=release))
    click(qtbot, page.panel.start_button)
    with qtbot.waitSignal(page.panel.runner.ended, timeout=10_000):
        click(qtbot, page.panel.cancel_button)
        release.set()
    assert page.panel.words.text() == "Stopped."
    assert page.overlay.layer is None
    release.clear()
    click(qtbot, page.panel.start_button)
    gone = []
    dock.destroyed.connect(lambda: gone.append(True))
    dock.setParent(None)
    release.set()
    qtbot.waitUntil(lambda: bool(gone), timeout=20_000)


@pytest.fixture
def predicted(qtbot, viewer, models_home):
    """Predict masks as the Predict dock does; return labels that say of one atom that it is none."""
    image = add_bright(viewer)
    save_model(models_home, layers=1)
    dock = PredictDock(viewer)
    qtbot.addWidget(dock)
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        dock.panel.start_button.click()
    (masks,) = find_results(viewer, "masks", image)
    names = tuple(masks.features["class"][1:])
    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(("other", *names)))
    right = np.where(masks.data > 1, masks.data + 1, masks.data).astype(np.uint8)  # "other" comes first
    y, x = ATOMS[5].astype(int)
    right[y - 5 : y + 6, x - 5 : x + 6] = 1
    labels.data_setitem(np.nonzero(right), right[np.nonzero(right)])
    return labels


def test_a_wrong_region_is_found_explained_and_marked_and_no_paint_is_changed(qtbot, viewer, predicted, open_dock):
    dock, labels, image = open_dock(), predicted, viewer.layers["bright"]
    page = dock.errors
    dock.tabs.setCurrentIndex(1)
    page.labels.choose(labels)
    said = press(qtbot, page.panel, page.panel.start_button)
    assert said == "1 wrong region: choose one."
    (region,) = page.table.regions
    assert region.centre == pytest.approx(tuple(ATOMS[5]), abs=0.6)
    assert page.table.item(0, 2).text() == "background"
    page.table.selectRow(0)
    assert np.allclose(viewer.scene.camera.center[-2:], np.array(ATOMS[5]) * 0.2, atol=0.2)
    before = labels.data.copy()
    said = press(qtbot, page.panel, page.why_button)
    assert said.startswith("What made it say ")
    assert "rather than background" in said
    (heatmap,) = find_results(viewer, "heatmap", image)
    assert heatmap.metadata["explanation"]["against"]["kind"] == "correction"
    assert heatmap.metadata["explanation"]["score"] > 0
    settled(qtbot, dock)
    assert heatmap.visible
    assert np.allclose(viewer.scene.camera.center[-2:], np.array(ATOMS[5]) * 0.2, atol=0.2)  # on the region
    click(qtbot, page.correct_button)
    assert (
        page.panel.words.text()
        == "Region 1 is marked to be corrected. Your labels say what is right there, and stay."
    )
    (marks,) = shown(viewer, MARKS)
    assert np.count_nonzero(marks.data == 1) == region.pixels
    assert (labels.data == before).all()
    assert viewer.layers.selection.active is labels
    (note,) = map_notes_of(labels)
    assert (note["kind"], note["map"]["method"]) == ("to correct", "input-gradient")
    marks.undo()
    assert not marks.data.any()
    assert page.panel.words.text() == "Undo took the mark away."
    assert map_notes_of(labels) == []


def test_a_running_training_checks_a_marked_region_from_then_on(qtbot, viewer, predicted, open_dock, monkeypatch):
    pinned = []
    live = SimpleNamespace(runs=True, image=viewer.layers["bright"], pin=pinned.append, painted=[predicted])
    monkeypatch.setattr(to_correct, "live_training_of", lambda _viewer: live)
    page = open_dock().errors
    page.labels.choose(predicted)
    press(qtbot, page.panel, page.panel.start_button)
    page.table.selectRow(0)
    click(qtbot, page.correct_button)
    (one,) = pinned
    assert one.box == page.table.regions[0].box
    assert page.panel.words.text().endswith("No map is noted with it: 'Why?' was not asked.")
    shown(viewer, MARKS)[0].undo()
    live.painted = [viewer.add_labels(np.zeros((56, 56), np.uint8))]
    click(qtbot, page.correct_button)
    assert "The training does not learn from these labels" in page.panel.words.text()
    assert len(pinned) == 1


def test_masks_are_compared_with_labels_of_their_crystal_layer(qtbot, viewer, predicted, open_dock):
    viewer.layers.remove(predicted)
    image = viewer.layers["bright"]
    first, _second = new_labels(viewer, image, layers=2, table=CLASSES)
    page = open_dock().errors
    assert page.labels.layer is first
    viewer.layers.remove(first)
    qtbot.waitUntil(lambda: page.labels.layer is None)  # those of the second layer are there
    (back,) = new_labels(viewer, image, layers=1, table=CLASSES)
    qtbot.waitUntil(lambda: page.labels.layer is back)


def test_labels_chosen_by_hand_stay_until_they_are_removed(qtbot, viewer, predicted, open_dock):
    viewer.layers.remove(predicted)
    first, _second, third = new_labels(viewer, viewer.layers["bright"], layers=3, table=CLASSES)
    page = open_dock().errors
    page.labels.setCurrentIndex(page.labels.findText(third.name))
    page.labels.activated.emit(page.labels.currentIndex())
    viewer.add_points([[1, 1]])  # after which it is looked whether they pair
    qtbot.wait(20)
    assert page.labels.layer is third
    viewer.layers.remove(third)  # the one below it is of another layer than the masks, too
    qtbot.waitUntil(lambda: page.labels.layer is first)


def test_regions_of_layers_that_are_no_longer_chosen_are_not_listed(
    qtbot, viewer, predicted, open_dock, monkeypatch
):
    page = open_dock().errors
    release, find = threading.Event(), errors_page.finder

    def slow(*given, **settings):
        found = find(*given, **settings)
        return lambda: release.wait(20) and found()

    monkeypatch.setattr(errors_page, "finder", slow)
    with qtbot.waitSignal(page.panel.runner.ended, timeout=20_000):
        click(qtbot, page.panel.start_button)
        page.labels.setCurrentIndex(0)
        release.set()
    assert "Other layers were chosen meanwhile" in page.panel.words.text()
    assert page.table.rowCount() == 0


def test_without_labels_the_regions_are_listed_in_which_the_model_is_unsure(qtbot, viewer, predicted, open_dock):
    dock = open_dock()
    page = dock.errors
    assert page.labels.layer is None or page.labels.setCurrentIndex(0) is None
    page.below.setValue(0.9)
    page.least.setValue(1)
    said = press(qtbot, page.panel, page.panel.start_button)
    assert "unsure region" in said
    assert page.table.horizontalHeaderItem(2).text() == "Sure"
    assert all(one.sureness < 0.9 for one in page.table.regions)


def test_only_the_largest_regions_are_listed_and_it_is_said_of_how_many(
    qtbot, viewer, predicted, open_dock, monkeypatch
):
    monkeypatch.setattr(errors_page, "MOST_ROWS", 2)
    page = open_dock().errors
    page.labels.setCurrentIndex(0)
    page.below.setValue(1.0)
    page.least.setValue(1)
    said = press(qtbot, page.panel, page.panel.start_button)
    assert re.fullmatch(r"The largest 2 of \d+ unsure regions: choose one\.", said)
    assert page.table.rowCount() == 2


def test_labels_with_a_class_that_the_model_lacks_are_refused_in_words(qtbot, viewer, predicted, open_dock):
    dock = open_dock()
    predicted.data_setitem((np.array([0]), np.array([0])), np.array([2], np.uint8))  # "other"
    dock.errors.labels.choose(predicted)
    click(qtbot, dock.errors.panel.start_button)
    assert "The model knows no class other" in dock.errors.panel.words.text()
