"""What is found of changed labels and atoms, and what is remembered of them."""

import time
from datetime import datetime, timedelta

import numpy as np
import pytest

from napari_strata.annotation.provenance import Provenance
from napari_strata.config import ClassTable, SpotConfig
from napari_strata.events import CorrectionTaken, PinResult
from napari_strata.requests import Correction, Pin, Unpin
from napari_strata.widgets.corrections.table import CorrectionsTable
from napari_strata.widgets.layers.atom_points import draw_mask, new_atoms
from napari_strata.widgets.layers.label_birth import remember_birth
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.layers.label_memory import remember_spots
from napari_strata.widgets.live import atom_changes, label_changes
from napari_strata.widgets.live.atom_changes import AtomChanges
from napari_strata.widgets.live.corrected import Corrected, Ledger, PinState
from napari_strata.widgets.live.label_changes import LabelChanges

TABLE = ClassTable.from_names(("a", "b"))


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(label_changes, "QUIET", -1.0)
    monkeypatch.setattr(atom_changes, "QUIET", -1.0)


def test_strokes_of_a_pause_that_lie_side_by_side_wait_as_one_correction():
    ledger = Ledger()
    for frame, layer, x in ((0, 0, 10), (0, 1, 20), (3, 0, 20)):
        ledger.wait(Correction(frame, layer, 5, x, np.ones((4, 6), np.uint8)))
    assert [(one.frame, one.box, one.layers) for one in ledger.waiting] == [
        (0, (5, 10, 9, 26), {0, 1}),
        (3, (5, 20, 9, 26), {0}),
    ]
    assert all(one.waits for one in ledger.waiting)
    assert (ledger.entries, ledger.taken) == ([], 0)


def labels_on(viewer, shape):
    image = viewer.add_image(np.random.default_rng(0).random(shape).astype(np.float32), name="a")
    return new_labels(viewer, image, layers=1, table=TABLE)[0]


def found(changes, seconds=5.0) -> list[Correction]:
    return list(changes.find(time.monotonic() + seconds))


def box(one: Correction) -> tuple[int, ...]:
    return (one.frame, one.y, one.x, *one.codes.shape)


def test_a_stroke_over_two_chunks_is_found_in_both_with_its_codes(viewer):
    labels = labels_on(viewer, (40, 1100))
    changes = LabelChanges(viewer, labels, layer=1, largest=3)
    labels.data_setitem((np.full(20, 7), np.arange(502, 522)), 3)
    first, second = found(changes)
    assert (box(first), box(second)) == ((0, 7, 502, 1, 10), (0, 7, 512, 1, 10))
    assert first.layer == 1
    assert (first.codes == 3).all()
    assert found(changes) == []


def test_the_slice_on_the_screen_is_compared_first_and_all_others_in_their_turn(viewer):
    labels = labels_on(viewer, (9, 30, 30))
    changes = LabelChanges(viewer, labels, layer=0, largest=3)
    viewer.dims.set_point(0, 6)
    labels.data[:, 3, 4] = 2
    labels.refresh()
    assert [one.frame for one in changes.find(time.monotonic())] == []
    assert [one.frame for one in found(changes)] == [6, 5, 7, 4, 8, 3, 2, 1, 0]


def test_a_long_comparison_is_cut_into_short_ones(viewer):
    labels = labels_on(viewer, (9, 30, 30))
    changes = LabelChanges(viewer, labels, layer=0, largest=3)
    labels.data[:, 3, 4] = 2
    labels.refresh()
    first = next(changes.find(time.monotonic() + 5))
    rest = found(changes)
    assert sorted(one.frame for one in (first, *rest)) == list(range(9))


def test_labels_that_a_network_drew_are_learned_once_they_are_corrected(viewer):
    labels = labels_on(viewer, (30, 30))
    labels.data[:] = 2
    remember_birth(labels, Provenance.MODEL)
    changes = LabelChanges(viewer, labels, layer=0, largest=3, without_model=True, known=lambda _frame: None)
    assert found(changes) == []
    labels.data_setitem((np.array([4, 5]), np.array([6, 6])), 3)
    (one,) = found(changes)
    assert (box(one), one.codes.tolist()) == ((0, 4, 6, 2, 1), [[3], [3]])


def test_labels_that_lose_their_shape_are_followed_no_more(viewer):
    labels = labels_on(viewer, (30, 30))
    changes = LabelChanges(viewer, labels, layer=0, largest=3)
    labels.data = np.ones((20, 20), np.uint8)
    assert not changes.fits
    assert found(changes) == []


@pytest.fixture
def atoms(viewer):
    image = viewer.add_image(
        np.random.default_rng(0).random((3, 60, 60)), name="a", scale=(1, 0.1, 0.1), units=("angstrom",) * 3
    )
    (points,) = new_atoms(viewer, image, layers=1, table=TABLE, group="g")
    remember_spots(points, SpotConfig(radius=0.4))
    points.add(np.array([[0, 20, 20], [0, 40, 40]]))
    return image, points


def test_around_atoms_that_come_and_go_the_mask_is_drawn_anew(viewer, atoms):
    image, points = atoms
    changes = AtomChanges(points, image, layer=0)
    mask = draw_mask(points, image)
    assert found(changes) == []
    points.add(np.array([[0, 22, 30]]))
    points.selected_data = {0}
    points.remove_selected()
    corrections = found(changes)
    assert len(corrections) == 2
    for one in corrections:
        height, width = one.codes.shape
        mask[one.frame, one.y : one.y + height, one.x : one.x + width] = one.codes
    np.testing.assert_array_equal(mask, draw_mask(points, image))


def test_on_a_slice_with_its_first_atom_only_its_surroundings_are_learned(viewer, atoms):
    image, points = atoms
    changes = AtomChanges(points, image, layer=0)
    points.add(np.array([[2, 30, 30]]))
    (one,) = found(changes)
    assert box(one) == (2, 21, 21, 19, 19)
    assert (one.codes[9, 9], one.codes[0, 0]) == (2, 1)


def taken(y, x, size=5, frame=0, step=10, layer=0) -> CorrectionTaken:
    return CorrectionTaken(frame, layer, y, x, size, size, step)


def test_strokes_side_by_side_are_one_correction():
    ledger = Ledger()
    for event in (taken(10, 10), taken(20, 10, step=11, layer=1), taken(80, 10, step=12), taken(20, 10, frame=1)):
        ledger.add(event)
    assert [(one.frame, one.box, one.layers) for one in ledger.entries] == [
        (0, (10, 10, 25, 15), {0, 1}),
        (0, (80, 10, 85, 15), {0}),
        (1, (20, 10, 25, 15), {0}),
    ]
    assert (ledger.taken, ledger.since) == (3, 10)


def test_a_later_stroke_and_one_on_a_pinned_region_are_corrections_of_their_own():
    ledger = Ledger()
    ledger.add(taken(10, 10))
    ledger.entries[0].time -= timedelta(seconds=60)
    ledger.add(taken(10, 10))
    ledger.pin(ledger.entries[1])
    ledger.add(taken(10, 10))
    assert ledger.taken == 3


def test_a_pin_is_wrong_again_from_when_it_was_right_until_it_is_right():
    one = Corrected(0, 0, 0, 5, 5, 1)
    states = []
    for error, was_right in ((0.5, None), (0.05, False), (0.5, True), (0.4, False), (0.0, False)):
        one.take(PinResult("p", error, error <= 0.1, was_right))
        states.append(one.state)
    again = PinState.WRONG_AGAIN
    assert states == [PinState.WRONG, PinState.RIGHT, again, again, PinState.RIGHT]


def test_a_resumed_run_knows_its_corrections_and_pins():
    ledger = Ledger()
    first = Correction(0, 0, 10, 10, np.ones((5, 6), np.uint8))
    ledger.recall(
        [(3, first), (4, Pin("Pin 1", 0, 10, 10, 5, 6)), (5, Pin("Pin 2", 1, 0, 0, 9, 9)), (6, Unpin("Pin 2"))]
    )
    (one,) = ledger.entries
    assert (one.step, one.box, one.pin, one.state) == (3, (10, 10, 15, 16), "Pin 1", PinState.NOT_CHECKED)
    assert one.time is None  # nothing tells when it was
    new = Corrected(2, 0, 0, 9, 9, None)
    assert ledger.pin(new) == Pin("Pin 3", 2, 0, 0, 9, 9)
    assert ledger.unpin(new) == Unpin("Pin 3")
    assert ledger.entries == [one]


def test_the_table_says_before_of_corrections_without_a_time(qtbot):
    table = CorrectionsTable()
    qtbot.addWidget(table)
    table.show_entries(
        [Corrected(0, 0, 0, 9, 9, 3, None), Corrected(0, 0, 0, 9, 9, 4, datetime(2026, 1, 2, 3, 4, 5))]
    )
    assert [table.item(row, 3).text() for row in range(2)] == ["03:04:05", "before"]


def test_the_table_tells_the_middle_of_a_correction_and_of_a_stack_its_slice(qtbot):
    table = CorrectionsTable()
    qtbot.addWidget(table)
    table.show_entries([Corrected(2, 20, 60, 10, 20, 7)])
    assert [table.item(0, column).text() for column in (1, 2)] == ["2", "25, 70"]
    assert table.item(0, 0).toolTip().startswith("10 × 20 px around row 25, column 70.")
    table.show_slices(False)
    assert table.isColumnHidden(1)
    table.show_slices(True)
    assert not table.isColumnHidden(1)
