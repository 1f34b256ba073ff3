import errno
import threading

import numpy as np
import pytest
from napari.layers import Labels
from napari.utils.notifications import notification_manager

from napari_strata.annotation.provenance import Provenance
from napari_strata.annotation.store import journal as store_journal
from napari_strata.annotation.store import thread
from napari_strata.annotation.store.card import read_card
from napari_strata.annotation.store.home import LabelHome, SetState, chosen_project, list_sets
from napari_strata.annotation.store.journal import Phase
from napari_strata.annotation.store.points import read_points
from napari_strata.annotation.store.standing import StandingStore
from napari_strata.annotation.store.zarr_labels import LabelArrays
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.widgets.journal import journal as viewer_journal
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.layers.calibration import METADATA
from napari_strata.widgets.layers.label_birth import provenance_of, remember_birth
from napari_strata.widgets.layers.label_layers import new_labels, set_class_table
from napari_strata.widgets.layers.label_memory import label_memory
from napari_strata.widgets.layers.results import tag
from napari_strata.widgets.live.learned_labels import copy_learned

STACK = np.random.default_rng(0).random((3, 60, 80)).astype(np.float32)
TABLE = ClassTable.from_names(("bubble",))
PATIENCE = 10_000


@pytest.fixture(autouse=True)
def _shorter_passes(monkeypatch):
    monkeypatch.setattr(thread, "INTERVAL", 0.05)
    monkeypatch.setattr(viewer_journal, "INTERVAL", 50)


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def journal(viewer):
    return journal_of(viewer)


@pytest.fixture
def image(viewer, journal):
    return viewer.add_image(STACK, name="a", scale=(1, 0.2, 0.1), translate=(0, 3, 4), units=("pixel", "nm", "nm"))


@pytest.fixture
def labels(viewer, image):
    (labels,) = new_labels(viewer, image, layers=1, table=TABLE)
    labels.brush_size = 8
    return labels


def opened_by(journal, napari_layer):
    opened = journal.set_of(napari_layer)
    assert opened is not None
    return opened


def stored(journal, napari_layer):
    """Return what the store has of a layer now, without a pass of its own; None where it has nothing."""
    opened = opened_by(journal, napari_layer)
    if opened.state.folder is None:
        return None
    try:
        return LabelArrays(opened.state.folder).read(key_of(opened, napari_layer))
    except LabelsError:
        return None


def key_of(opened, napari_layer):
    return next(key for key, layer in opened.layers.items() if layer == napari_layer)


def wait_until_stored(qtbot, journal, labels):
    def is_stored():
        found = stored(journal, labels)
        assert found is not None
        assert np.array_equal(found, labels.data)

    qtbot.waitUntil(lambda: opened_by(journal, labels).state.phase is Phase.SAVED, timeout=PATIENCE)
    qtbot.waitUntil(is_stored, timeout=PATIENCE)


def records() -> list[str]:
    return [record.message for record in notification_manager.records]


def test_a_viewer_has_one_journal(viewer, journal):
    assert journal_of(viewer) is journal


def test_a_stroke_reaches_the_disk_by_itself(qtbot, journal, labels):
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)


@pytest.mark.parametrize("is_visible", [True, False])
def test_undo_and_redo_reach_the_disk(qtbot, journal, labels, is_visible):
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)
    labels.visible = is_visible
    labels.undo()
    assert not labels.data.any()
    wait_until_stored(qtbot, journal, labels)
    labels.redo()
    assert labels.data.any()
    wait_until_stored(qtbot, journal, labels)


def fill(labels):
    labels.fill((0, 5, 5), 1)


def set_pixels(labels):
    labels.data_setitem((np.array([2, 0]), np.array([1, 59]), np.array([3, 79])), [2, 1])


def assign(labels):
    labels.data = np.full(STACK.shape, 2, np.uint8)


def write_in_place(labels):
    labels.data[2, 50:, 70:] = 2


def write_and_refresh(labels):
    labels.data[2, 50:, 70:] = 2
    labels.refresh()


@pytest.mark.parametrize("change", [fill, set_pixels, assign, write_in_place, write_and_refresh])
def test_every_kind_of_change_reaches_the_disk(qtbot, journal, labels, change):
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)
    change(labels)
    wait_until_stored(qtbot, journal, labels)


def test_a_stroke_is_on_disk_before_the_mouse_is_released(qtbot, viewer, journal, labels):
    viewer.dims.set_current_step(0, 2)
    with labels.block_history():
        labels.paint((2, 30, 40), 2)
        wait_until_stored(qtbot, journal, labels)


def test_data_of_another_shape_are_kept_beside_the_old_ones(qtbot, journal, labels):
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)
    before = labels.data.copy()
    labels.data = np.full((3, 20, 30), 1, np.uint8)
    qtbot.waitUntil(lambda: len(read_card(opened_by(journal, labels).state.folder).layers) == 2, timeout=PATIENCE)
    wait_until_stored(qtbot, journal, labels)
    folder = opened_by(journal, labels).state.folder
    old, new = read_card(folder).layers
    qtbot.waitUntil(lambda: [one.removed for one in read_card(folder).layers] == [True, False], timeout=PATIENCE)
    assert np.array_equal(LabelArrays(folder).read(old.key), before)
    assert new.shape == (3, 20, 30)


def test_name_classes_and_placement_are_kept_as_they_change(qtbot, viewer, journal, labels):
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)
    labels.name = "renamed"
    labels.scale = (1, 0.5, 0.5)
    set_class_table(labels, ClassTable.from_names(("hole", "wall")), viewer.layers)
    folder = opened_by(journal, labels).state.folder
    qtbot.waitUntil(lambda: read_card(folder).layers[0].name == "renamed", timeout=PATIENCE)
    card = read_card(folder).layers[0]
    assert card.placement.scale == (1, 0.5, 0.5)
    assert card.placement.units == ("pixel", "nanometer", "nanometer")
    assert [one["name"] for one in card.memory["classes"]] == ["hole", "wall"]


def test_points_of_the_set_reach_the_disk_when_added_moved_or_deleted(qtbot, viewer, journal, image, labels):
    points = viewer.add_points(
        np.empty((0, 3)), name="atoms", metadata=label_memory(image, TABLE, layer=0, group="g")
    )
    for change in (
        lambda: points.add([[0, 1.5, 2]]),
        lambda: points.add([[1, 3, 4]]),
        lambda: setattr(points, "data", points.data + 0.25),
        lambda: (setattr(points, "selected_data", {0}), points.remove_selected()),
    ):
        change()
        wanted = points.data.copy()

        opened = opened_by(journal, points)

        def is_stored(wanted=wanted, opened=opened):
            try:
                found = read_points(opened.state.folder, key_of(opened, points))
            except LabelsError:
                return False
            return np.array_equal(found.positions, wanted)

        qtbot.waitUntil(lambda opened=opened: opened.state.phase is Phase.SAVED, timeout=PATIENCE)
        qtbot.waitUntil(is_stored, timeout=PATIENCE)
    assert len(points.data) == 1


def mask(viewer, image):
    """Add a mask as a network draws it."""
    metadata = tag("masks", image, "m", {}) | label_memory(image, TABLE, layer=0, group="p")
    mask = Labels(np.ones(STACK.shape, np.uint8), metadata=metadata)
    remember_birth(mask, Provenance.MODEL)
    return viewer.add_layer(mask)


def test_a_predicted_mask_is_kept_from_the_first_edit_on_and_knows_what_was_corrected(
    qtbot, viewer, journal, image
):
    predicted = mask(viewer, image)
    assert journal.set_of(predicted) is None
    predicted.brush_size = 8
    predicted.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, predicted)
    opened = opened_by(journal, predicted)
    provenance = LabelArrays(opened.state.folder).read(f"{next(iter(opened.layers))}-provenance")
    wanted = np.where(predicted.data == 2, Provenance.CORRECTED, Provenance.MODEL)
    assert np.array_equal(provenance, wanted)
    assert np.array_equal(provenance_of(predicted), wanted)


def test_labels_from_elsewhere_are_left_alone(viewer, journal, image):
    foreign = viewer.add_labels(np.ones(STACK.shape, np.uint8))
    foreign.paint((1, 30, 40), 2)
    journal.look()
    assert journal.set_of(foreign) is None


def test_a_copy_of_labels_never_writes_over_them(qtbot, viewer, journal, labels):
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)
    copy = viewer.add_layer(Labels(labels.data.copy(), metadata=labels.metadata))
    copy.paint((0, 10, 10), 2)
    wait_until_stored(qtbot, journal, copy)
    wait_until_stored(qtbot, journal, labels)
    assert len(opened_by(journal, labels).layers) == 2


def test_a_removed_layer_stays_on_disk_with_its_last_stroke(qtbot, viewer, journal, labels):
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)
    folder = opened_by(journal, labels).state.folder
    labels.paint((2, 10, 10), 2)
    viewer.layers.remove(labels)
    qtbot.waitUntil(lambda: read_card(folder).layers[0].removed, timeout=PATIENCE)
    assert np.array_equal(LabelArrays(folder).read(read_card(folder).layers[0].key), labels.data)


@pytest.mark.canvas
def test_closing_the_viewer_saves_the_last_stroke_and_marks_the_labels_as_closed(viewer, journal, labels):
    labels.paint((2, 10, 10), 2)
    viewer.close()
    ((state, card, folder),) = [(one.state, one.card, one.folder) for one in list_sets(LabelHome())]
    assert card.closed
    assert state in (SetState.OPEN, SetState.CLOSED)
    assert not card.layers[0].removed
    assert np.array_equal(LabelArrays(folder).read(card.layers[0].key), labels.data)


def test_a_full_disk_is_told_once_and_painting_goes_on(qtbot, monkeypatch, viewer, journal, labels):
    monkeypatch.setattr(store_journal, "RETRY", 0.0)
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)

    async def refuse(_self, _key, _value):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(StandingStore, "set", refuse)
        labels.paint((2, 10, 10), 2)
        opened = opened_by(journal, labels)
        qtbot.waitUntil(lambda: opened.told is Phase.FAULTY, timeout=PATIENCE)
        labels.paint((2, 30, 30), 2)
        qtbot.wait(300)
        told = [words for words in records() if "kept in memory only" in words]
        assert told == ["The labels of a are kept in memory only. No space left on device."]
    wait_until_stored(qtbot, journal, labels)
    qtbot.waitUntil(lambda: records()[-1] == "The labels of a are saved again.", timeout=PATIENCE)


def test_labels_move_with_the_project_folder_which_is_remembered(qtbot, tmp_path, viewer, journal, labels):
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)
    project = tmp_path / "project"
    project.mkdir()
    journal.choose_project(project)
    assert opened_by(journal, labels).state.folder.parent == project / "strata-labels"
    labels.paint((2, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)
    assert list_sets(LabelHome()) == []
    assert chosen_project() == project


def test_a_second_napari_on_a_project_is_told_and_writes_nothing(qtbot, tmp_path, viewer, journal, labels):
    project = tmp_path / "project"
    project.mkdir()
    other = LabelHome(project)
    other.enter()
    before = len(records())
    journal._entry.home = LabelHome(project)
    qtbot.waitUntil(lambda: "is open in another napari (process" in journal.trouble, timeout=PATIENCE)
    qtbot.wait(300)
    assert sum("is open in another napari" in words for words in records()[before:]) == 1
    assert {path.name for path in (project / "strata-labels").iterdir()} == {".lock", "owner.json"}
    other.leave()
    qtbot.waitUntil(lambda: not journal.trouble, timeout=PATIENCE)


def test_painting_is_not_held_up_by_a_disk_that_hangs(qtbot, monkeypatch, journal, labels):
    real = StandingStore.set
    hangs, is_back, in_time = threading.Event(), threading.Event(), []

    async def hang(self, key, value):
        hangs.set()
        in_time.append(is_back.wait(10))
        await real(self, key, value)

    monkeypatch.setattr(StandingStore, "set", hang)
    labels.paint((1, 10, 10), 2)
    qtbot.waitUntil(hangs.is_set, timeout=PATIENCE)
    for x in range(20, 70, 10):
        labels.paint((1, 10, x), 2)
    is_back.set()
    wait_until_stored(qtbot, journal, labels)
    assert all(in_time), "painting waited for the disk"


def test_a_training_leaves_out_what_only_a_model_drew_when_told_to(viewer, image):
    predicted = mask(viewer, image)
    predicted.data[1, 30:40, 20:30] = 2
    predicted.data[1, 50:55, 20:30] = 0
    with pytest.raises(LabelsError, match="Only bubble is painted"):
        copy_learned(image, [predicted], TABLE, without_model=True)
    predicted.data[0] = 2
    predicted.metadata[METADATA]["birth"].codes[2] = 0
    learned = copy_learned(image, [predicted], TABLE, without_model=True)
    assert learned.frames == (0, 1, 2)
    assert (learned.codes[0] == 2).all()
    assert np.array_equal(learned.codes[1, 0] == 2, predicted.data[1] == 2)
    assert not (learned.codes[1] == 1).any()
    assert (learned.codes[2] == 1).all(), "it was painted where the network had drawn nothing"
    whole = copy_learned(image, [predicted], TABLE, without_model=False)
    assert np.array_equal(whole.codes[:, 0], predicted.data)
    assert np.array_equal(whole.provenance[1, 0] == Provenance.CORRECTED, predicted.data[1] == 2)
