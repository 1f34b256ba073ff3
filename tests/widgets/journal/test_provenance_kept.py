"""Where labels come from is known in the next session, too, and a training leaves out by it what it is told to."""

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt

from napari_strata.annotation.provenance import Provenance
from napari_strata.annotation.store import thread
from napari_strata.annotation.store.journal import Phase
from napari_strata.config import ClassTable
from napari_strata.io.masks import read_masks
from napari_strata.widgets.journal import journal as viewer_journal
from napari_strata.widgets.journal.bring_back import bring_back
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.journal.recovery_line import stored_sets
from napari_strata.widgets.label.dock import LabelDock
from napari_strata.widgets.label_files.imported_layers import add_codes
from napari_strata.widgets.layers.label_birth import provenance_of, remember_birth
from napari_strata.widgets.layers.label_memory import label_memory
from napari_strata.widgets.layers.results import show_results, tag
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.train.dock import TrainDock
from napari_strata.widgets.train.settings import LABELLED

STACK = np.random.default_rng(0).random((2, 48, 40)).astype(np.float32)
TABLE = ClassTable.from_names(("bubble",))
PATIENCE = 10_000


@pytest.fixture(autouse=True)
def _shorter_passes(monkeypatch):
    monkeypatch.setattr(thread, "INTERVAL", 0.05)
    monkeypatch.setattr(viewer_journal, "INTERVAL", 50)


def first_codes() -> np.ndarray:
    """Return codes that are background above, a bubble in the middle, and nothing below."""
    codes = np.ones(STACK.shape, np.uint8)
    codes[:, 16:32] = 2
    codes[:, 32:] = 0
    return codes


def add_predicted(viewer, image) -> Labels:
    """Show a mask as a network draws it."""
    metadata = tag("masks", image, "m", {}) | label_memory(image, TABLE, layer=0, group="predicted")
    mask = Labels(first_codes(), name="predicted", metadata=metadata)
    remember_birth(mask, Provenance.MODEL)
    show_results(viewer, [mask])
    return mask


def edit(labels: Labels) -> None:
    """Correct a row of background, erase a row, and paint two rows where nothing was; all in the first slice."""
    for row, code in ((3, 2), (5, 0), (40, 1), (41, 2)):
        y, x = np.meshgrid([row], np.arange(40), indexing="ij")
        labels.data_setitem((np.zeros(y.size, int), y.ravel(), x.ravel()), code)


def expected(born: Provenance) -> np.ndarray:
    """Return where the edited labels come from."""
    provenance = np.where(first_codes() > 0, born, Provenance.NOT_LABELLED).astype(np.uint8)
    provenance[0, 3] = Provenance.CORRECTED
    provenance[0, 5] = Provenance.NOT_LABELLED
    provenance[0, 40:42] = Provenance.HUMAN
    return provenance


def test_imported_and_predicted_labels_say_in_the_next_session_where_each_pixel_comes_from(
    qtbot, make_napari_viewer_proxy
):
    earlier = make_napari_viewer_proxy()
    journal = journal_of(earlier)
    image = earlier.add_image(STACK, name="a")
    imported = add_codes(earlier, image, first_codes(), TABLE, crystal_layer=None)
    imported.name = "imported"
    predicted = add_predicted(earlier, image)
    for labels in (imported, predicted):
        edit(labels)
    qtbot.waitUntil(lambda: len(journal.sets[0].layers) == 2, timeout=PATIENCE)
    earlier.close()

    viewer = make_napari_viewer_proxy()
    viewer.add_image(STACK, name="a")
    (stored,) = stored_sets(journal_of(viewer))
    bring_back(viewer, journal_of(viewer), stored)
    for name, born in (("imported", Provenance.IMPORTED), ("predicted", Provenance.MODEL)):
        back = viewer.layers[name]
        np.testing.assert_array_equal(provenance_of(back), expected(born))
        back.data_setitem((np.array([1]), np.array([0]), np.array([0])), 2)
        assert provenance_of(back)[1, 0, 0] == Provenance.CORRECTED, "it goes on to be known"
    opened = journal_of(viewer).sets[0]
    qtbot.waitUntil(lambda: opened.state.phase is Phase.SAVED, timeout=PATIENCE)


def test_a_predicted_mask_becomes_labels_with_the_first_stroke_of_a_correction(viewer):
    dock = LabelDock(viewer)
    viewer.window.add_dock_widget(dock)
    image = viewer.add_image(STACK, name="a")
    predicted = add_predicted(viewer, image)
    viewer.layers.selection.active = predicted
    assert dock.labels.layer is None
    predicted.paint((0, 3, 3), 2)
    assert dock.labels.layer == predicted
    assert dock.classes.item(2, 2).text() == "bubble"
    predicted.undo()
    add_predicted(viewer, image)
    assert predicted not in viewer.layers, "a correction that was undone does not keep a mask from being replaced"


@pytest.fixture
def train_dock(qtbot, viewer, tmp_path):
    dock = TrainDock(viewer, ModelLibrary(tmp_path / "models"))
    viewer.window.add_dock_widget(dock)
    small = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 2, "patch_size": 32, "validation_crops": 2}
    for name, value in (small | {"device": "cpu", "precision": "fp32"}).items():
        dock.settings.training.set_value(name, value)
    dock.settings.model.set_value("filters", (4, 8))
    yield dock
    dock.runner.stop()
    qtbot.waitUntil(lambda: not dock.runner.is_busy, timeout=PATIENCE)


def learned_labels(qtbot, dock, folder) -> tuple[np.ndarray, np.ndarray]:
    """Press Train and Stop; return what the run keeps of the labels, and where they come from."""
    before = set(folder.rglob("labels.tif"))
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000) as ending:
        qtbot.mouseClick(dock.train_button, Qt.MouseButton.LeftButton)
        assert dock.runner.is_busy
        qtbot.mouseClick(dock.stop_button, Qt.MouseButton.LeftButton)
    assert ending.args[0].error is None
    (kept,) = set(folder.rglob("labels.tif")) - before
    return read_masks(kept)[:, 0], read_masks(kept.with_name("provenance.tif"))[:, 0]


def test_a_training_leaves_out_what_only_a_model_drew_when_that_is_ticked(qtbot, viewer, train_dock, tmp_path):
    journal_of(viewer)  # as the Predict dock has it
    predicted = add_predicted(viewer, viewer.add_image(STACK, name="a"))
    assert train_dock.settings.labels[0].layer is None, "what a network draws is not learned from by accident"
    edit(predicted)
    settings = train_dock.settings
    settings.source.setCurrentText(LABELLED)
    settings.labels[0].choose(predicted)
    assert settings.labels[0].layer == predicted
    codes, provenance = learned_labels(qtbot, train_dock, tmp_path / "models")
    np.testing.assert_array_equal(codes, predicted.data)
    np.testing.assert_array_equal(provenance, expected(Provenance.MODEL))

    settings.without_model.click()
    codes, provenance = learned_labels(qtbot, train_dock, tmp_path / "models")
    kept = np.isin(expected(Provenance.MODEL), (Provenance.HUMAN, Provenance.CORRECTED))
    assert kept.sum() == 3 * 40
    np.testing.assert_array_equal(codes[0], np.where(kept, predicted.data, 0)[0])
    np.testing.assert_array_equal(provenance[0], np.where(kept, expected(Provenance.MODEL), 0)[0])
    assert not codes[1].any(), "of the second slice nothing is left"
