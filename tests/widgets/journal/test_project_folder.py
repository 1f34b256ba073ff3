"""A project folder that vanishes, or that another napari has open, while somebody paints."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.utils.notifications import notification_manager
from painting_child import SHAPE

from napari_strata.annotation.store.home import LabelHome, choose_project, list_sets
from napari_strata.annotation.store.journal import Phase
from napari_strata.annotation.store.zarr_labels import LabelArrays
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.widgets.journal.dock import HistoryDock
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.layers.label_layers import new_labels

STACK = np.random.default_rng(0).random((3, 60, 80)).astype(np.float32)
PATIENCE = 20_000
"""Longest time to wait where the processor is busy; on an idle one the user is told within two seconds [ms]."""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    choose_project(folder)
    return folder


def add_labels(viewer):
    (labels,) = new_labels(
        viewer, viewer.add_image(STACK, name="a"), layers=1, table=ClassTable.from_names(("bubble",))
    )
    labels.brush_size = 8
    return labels


def told(words: str) -> list[str]:
    return [record.message for record in notification_manager.records if words in record.message]


def wait_until_stored(qtbot, journal, labels):
    def is_stored():
        opened = journal.set_of(labels)
        if opened.state.phase is not Phase.SAVED:
            return False
        try:
            found = LabelArrays(opened.state.folder).read(next(iter(opened.layers)))
        except LabelsError:
            return False
        return np.array_equal(found, labels.data)

    qtbot.waitUntil(is_stored, timeout=PATIENCE)


def test_who_paints_in_a_project_folder_that_vanishes_is_told_once_and_loses_nothing(qtbot, viewer, project):
    journal = journal_of(viewer)
    labels = add_labels(viewer)
    labels.paint((1, 30, 40), 2)
    wait_until_stored(qtbot, journal, labels)
    away = project.with_name("unplugged")
    project.rename(away)
    labels.paint((1, 10, 10), 2)
    qtbot.waitUntil(lambda: bool(told("kept in memory only")), timeout=PATIENCE)
    for x in range(20, 70, 10):
        labels.paint((2, 50, x), 1)
        qtbot.wait(300)
    (words,) = told("kept in memory only")
    assert words == f"The labels of a are kept in memory only. The project folder has vanished ({project})."
    assert not project.exists()
    away.rename(project)
    wait_until_stored(qtbot, journal, labels)
    assert journal.set_of(labels).state.folder.is_relative_to(project)
    qtbot.waitUntil(lambda: len(told("The labels of a are saved again.")) == 1, timeout=PATIENCE)


@pytest.mark.parametrize("fault", ["vanished", "another napari"])
def test_closing_while_the_project_cannot_be_written_keeps_all_in_a_folder_of_the_user_s_own(
    qtbot, viewer, project, fault
):
    other = LabelHome(project)
    if fault == "another napari":
        other.enter()
    journal = journal_of(viewer)
    labels = add_labels(viewer)
    labels.paint((1, 30, 40), 2)
    if fault == "vanished":
        wait_until_stored(qtbot, journal, labels)
        project.rename(project.with_name("unplugged"))
    labels.paint((2, 30, 40), 1)
    viewer.close()
    (stored,) = list_sets(LabelHome())
    assert np.array_equal(LabelArrays(stored.folder).read(stored.card.layers[0].key), labels.data)
    assert told("could not be saved")
    assert told("The labels of a are kept in a folder of your own on this computer instead")
    assert not list(project.glob("strata-labels/*/"))
    other.leave()


@pytest.fixture
def other_napari(project, tmp_path):
    """Start another napari that paints in the project until it is killed."""
    image, script = tmp_path / "particles.tif", Path(__file__).parents[1] / "painting_child.py"
    tifffile.imwrite(image, np.random.default_rng(0).random(SHAPE).astype(np.float32))
    process = subprocess.Popen([sys.executable, str(script), str(image), "3"], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    try:
        while not list(project.glob("strata-labels/*/set.json")):
            assert time.monotonic() < deadline, "the other napari wrote nothing"
            assert process.poll() is None, "the other napari ended by itself"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_napari_on_a_project_is_told_and_writes_from_when_the_first_has_ended(
    qtbot, viewer, project, other_napari
):
    (of_other,) = project.glob("strata-labels/particles-*")
    dock = HistoryDock(viewer)
    viewer.window.add_dock_widget(dock)
    journal = journal_of(viewer)
    labels = add_labels(viewer)
    labels.paint((1, 30, 40), 2)
    opened = journal.set_of(labels)
    owner = f"is open in another napari (process {other_napari.pid} on "
    qtbot.waitUntil(lambda: owner in dock.state.text(), timeout=PATIENCE)
    labels.paint((2, 30, 40), 1)
    qtbot.waitUntil(lambda: opened.state.phase is Phase.READ_ONLY, timeout=PATIENCE)
    qtbot.wait(1500)
    assert [words.partition(".")[0] for words in told(owner)] == [
        "Labels are kept in memory only",
        "The labels of a are kept in memory only",
    ]
    assert all("Close it there; until then what you paint" in words for words in told(owner))
    assert [path for path in project.glob("strata-labels/*") if path.is_dir()] == [of_other]
    assert labels.data.any(), "painting goes on in memory"
    other_napari.kill()
    other_napari.wait()
    wait_until_stored(qtbot, journal, labels)
    assert opened.state.folder.parent == of_other.parent
    assert opened.state.folder != of_other
    qtbot.waitUntil(lambda: dock.state.text() == "The labels of a are saved.", timeout=PATIENCE)
