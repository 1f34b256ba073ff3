"""Labels that are made of a map, clicked as a microscopist does."""

import threading

import numpy as np
import pytest
from bright_scene import waiting
from map_to_labels_hand import CLASSES, X, Y, click, press, settled
from napari.layers import Labels

from napari_strata.annotation.provenance import Provenance
from napari_strata.widgets.layers.label_birth import provenance_of
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.layers.label_memory import lasting_memory, map_notes_of
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.results import show_results, tag, take_over
from napari_strata.widgets.map_to_labels import proposal_page


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
    assert dock.proposal.panel.words.text() == "The map or a setting changed: press 'Propose' again."


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


def test_masks_count_as_labels_once_they_are_painted_on_and_the_words_say_so(qtbot, viewer, add_map, open_dock):
    map_layer = add_map()
    metadata = tag("masks", viewer.layers["bright"], "m", {}, layer=0)
    show_results(
        viewer, [Labels(np.ones((56, 56), np.uint8), metadata=metadata, name="masks", **placement(map_layer))]
    )
    page = open_dock().proposal
    press(qtbot, page.panel, page.panel.start_button)
    assert page.target.labels_choice.currentText() == "no labels yet; masks are predictions"
    assert page.reason.text().endswith("Predicted masks count as labels once you paint on them.")
    take_over(viewer.layers["masks"])
    assert page.target.labels is viewer.layers["masks"]


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
