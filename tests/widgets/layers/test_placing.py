"""Labels lie on the pixels of their image after they come back, and no pixel size that was typed is lost."""

import numpy as np
import pytest
import tifffile
from napari.utils.notifications import notification_manager
from npe2 import PluginManifest
from qtpy.compat import isalive
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from bare_viewer import BareViewer
from napari_strata.annotation.store import thread
from napari_strata.annotation.store.home import LabelHome, list_sets
from napari_strata.config import ClassTable
from napari_strata.io.calibration import CalibrationSource
from napari_strata.widgets.journal import journal as viewer_journal
from napari_strata.widgets.journal.bring_back import bring_back
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.journal.version_layers import restore
from napari_strata.widgets.layers.atom_points import new_atoms
from napari_strata.widgets.layers.calibration import calibration_of, doubt_about, set_pixel_size
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.layers.label_memory import group_of
from napari_strata.widgets.layers.layer_group import align, differences

SHAPE = (40, 60)
TABLE = ClassTable.from_names(("cell",))
CORNERS = [(-0.5, -0.5), (-0.5, 59.5), (39.5, -0.5), (39.5, 59.5)]
ANGSTROM = ("angstrom", "angstrom")


@pytest.fixture(autouse=True)
def _shorter_passes(monkeypatch):
    monkeypatch.setattr(thread, "INTERVAL", 0.05)
    monkeypatch.setattr(viewer_journal, "INTERVAL", 50)


@pytest.fixture
def viewers(qtbot, npe2pm):
    npe2pm.register(PluginManifest.from_distribution("napari-strata"))
    made = []

    def make():
        viewer = BareViewer()
        made.append(viewer)
        journal_of(viewer)
        return viewer

    yield make
    for viewer in made:
        if isalive(viewer.window.main_menu.window()):
            end(viewer)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "cell.tif"
    tifffile.imwrite(path, np.random.default_rng(0).random(SHAPE).astype(np.float32))
    return path


def end(viewer):
    viewer.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def opened(viewer, file):
    (image,) = viewer.open(file, plugin="napari-strata")
    return image


def label(viewer, image, *, with_atom=False):
    """Paint a square whose middle is (10, 10), perhaps with an atom in the middle."""
    (labels,) = new_labels(viewer, image, layers=1, table=TABLE)
    labels.data_setitem(tuple(np.mgrid[9:12, 9:12].reshape(2, -1)), 2)
    if with_atom:
        (atoms,) = new_atoms(viewer, image, layers=1, table=TABLE, group=group_of(labels))
        atoms.add((10, 10))
    return labels


def stored_after(viewer):
    """Close a viewer, and return what was kept."""
    end(viewer)
    (stored,) = list_sets(LabelHome())
    return stored


def bring(viewer, stored):
    return bring_back(viewer, journal_of(viewer), stored)


def lies_exactly_on(napari_layer, image):
    return napari_layer.units == image.units and all(
        np.allclose(napari_layer.data_to_world(corner), image.data_to_world(corner)) for corner in CORNERS
    )


def last_words():
    return notification_manager.records[-1].message


def test_a_typed_pixel_size_comes_back_with_the_labels_onto_the_image_opened_again(viewers, file):
    first = viewers()
    image = opened(first, file)
    label(first, image, with_atom=True)
    set_pixel_size(image, 0.5, first.layers)
    stored = stored_after(first)
    viewer = viewers()
    labels, atoms = bring(viewer, stored)
    image = viewer.layers["cell"]
    assert image.scale.tolist() == [0.5, 0.5]
    assert calibration_of(image).source is CalibrationSource.TYPED
    assert doubt_about(image) == ""
    assert lies_exactly_on(labels, image)
    assert lies_exactly_on(atoms, image)
    assert labels.data_to_world((10, 10)) == pytest.approx((5, 5))


def test_an_image_opened_again_gets_the_position_too_that_it_was_given(viewers, file):
    first = viewers()
    image = opened(first, file)
    image.scale, image.translate, image.units = (0.05, 0.1), (3, 4), ("nm", "nm")
    label(first, image)
    stored = stored_after(first)
    viewer = viewers()
    (labels,) = bring(viewer, stored)
    image = viewer.layers["cell"]
    assert (image.scale.tolist(), image.translate.tolist()) == ([0.05, 0.1], [3, 4])
    assert lies_exactly_on(labels, image)


def test_an_open_image_without_a_pixel_size_gets_that_of_the_labels_with_all_that_lies_on_it(viewers, file):
    first = viewers()
    image = opened(first, file)
    label(first, image)
    set_pixel_size(image, 0.5, first.layers)
    stored = stored_after(first)
    viewer = viewers()
    image = opened(viewer, file)
    other = label(viewer, image)
    (labels,) = bring(viewer, stored)
    assert image.scale.tolist() == [0.5, 0.5]
    assert lies_exactly_on(labels, image)
    assert lies_exactly_on(other, image)
    assert last_words() == "cell has the pixel size of cell labels now: it had none of its own."


@pytest.mark.parametrize("kept", [None, 0.5])
def test_labels_take_the_place_of_an_open_image_that_has_a_pixel_size_of_its_own(viewers, file, kept):
    first = viewers()
    image = opened(first, file)
    label(first, image, with_atom=True)
    if kept is not None:
        set_pixel_size(image, kept, first.layers)
    stored = stored_after(first)
    viewer = viewers()
    image = opened(viewer, file)
    set_pixel_size(image, 0.2, viewer.layers)
    layers = bring(viewer, stored)
    assert image.scale.tolist() == [0.2, 0.2]
    assert all(lies_exactly_on(one, image) for one in layers)
    journal_of(viewer).ask(journal_of(viewer).set_of(layers[0]).journal.save)
    again = stored_after(viewer)
    assert {one.placement.scale for one in again.card.layers} == {(0.2, 0.2)}


def test_a_file_that_has_got_a_pixel_size_meanwhile_keeps_it(viewers, file):
    first = viewers()
    label(first, opened(first, file))
    stored = stored_after(first)
    from napari_strata.io.images import write_images

    write_images(np.zeros(SHAPE, np.float32), file, pixel_size=0.25)
    viewer = viewers()
    (labels,) = bring(viewer, stored)
    assert calibration_of(viewer.layers["cell"]).value == pytest.approx(0.25)
    assert lies_exactly_on(labels, viewer.layers["cell"])


def test_align_gives_an_image_without_a_pixel_size_that_of_its_labels(viewers, file):
    viewer = viewers()
    image = opened(viewer, file)
    labels = label(viewer, image)
    labels.scale, labels.units = (0.5, 0.5), ANGSTROM
    (words,) = differences(labels, viewer.layers)
    assert "Press 'Align' to give cell the pixel size of cell labels" in words
    align(labels, viewer.layers)
    assert (image.scale.tolist(), calibration_of(image).source) == ([0.5, 0.5], CalibrationSource.TYPED)
    assert lies_exactly_on(labels, image)
    assert differences(labels, viewer.layers) == []


def test_a_removed_layer_restored_from_a_save_point_lies_on_the_image_calibrated_since(qtbot, viewers, file):
    viewer = viewers()
    journal = journal_of(viewer)
    image = opened(viewer, file)
    labels = label(viewer, image)
    qtbot.waitUntil(lambda: journal.set_of(labels) is not None)
    kept = journal.set_of(labels)
    journal.ask(lambda: kept.journal.save(everything=True))
    version = journal.ask(lambda: kept.journal.save_version("then"))
    viewer.layers.remove(labels)
    set_pixel_size(image, 0.5, viewer.layers)
    restore(viewer, journal, kept, version)
    assert lies_exactly_on(viewer.layers["cell labels"], image)
    assert image.scale.tolist() == [0.5, 0.5]
