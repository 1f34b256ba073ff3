"""Whatever happens to the disk, nothing on it is damaged, and what was painted meanwhile is written afterwards."""

import errno
import shutil
import subprocess
import sys

import numpy as np
import pytest

from napari_strata.annotation.store import journal as journal_module
from napari_strata.annotation.store.card import read_card
from napari_strata.annotation.store.journal import Phase
from napari_strata.annotation.store.label_set import LabelSet
from napari_strata.annotation.store.lock import FolderLock
from napari_strata.annotation.store.standing import StandingStore
from napari_strata.annotation.store.versions import list_versions
from stored_labels import KEY, followed, journal, on_disk, paint

BOX = (slice(1, 2), slice(500, 530), slice(20, 40))
ELSEWHERE = (slice(0, 1), slice(0, 5), slice(0, 5))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(journal_module, "RETRY", 0.0)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def saved(**kwargs):
    """Return a layer with a stroke on disk, and its journal."""
    layer = followed()
    kept = journal(layer, **kwargs)
    paint(layer, BOX, 2)
    kept.tick()
    assert kept.state.phase is Phase.SAVED
    return layer, kept


def fill_disk(monkeypatch, *, after: int = 0):
    """Let zarr write so many files more, and then none."""
    real, written = StandingStore.set, []

    async def refuse(self, key, value):
        written.append(key)
        if len(written) > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        await real(self, key, value)

    monkeypatch.setattr(StandingStore, "set", refuse)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_on_a_full_disk_what_was_written_stays_whole_and_the_rest_follows(monkeypatch, after):
    layer, kept = saved()
    before = layer.codes.copy()
    with monkeypatch.context() as patch:
        fill_disk(patch, after=after)
        paint(layer, BOX, 3)
        paint(layer, ELSEWHERE, 1)
        kept.tick()
        assert kept.state.phase is Phase.FAULTY
        assert "No space left" in kept.state.words
        found = on_disk(kept.state.folder)
        assert ((found == before) | (found == layer.codes)).all()
        assert read_card(kept.state.folder).layers
    kept.tick()
    assert kept.state.phase is Phase.SAVED
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)


def test_a_disk_that_is_full_from_the_beginning_is_told_and_later_used(monkeypatch):
    layer = followed()
    kept = journal(layer)
    with monkeypatch.context() as patch:
        fill_disk(patch)
        paint(layer, BOX, 2)
        kept.tick()
        assert kept.state.phase is Phase.FAULTY
        paint(layer, ELSEWHERE, 1)
        kept.tick()
    kept.tick()
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)


def test_a_label_set_that_cannot_be_begun_leaves_no_folder_at_each_try(monkeypatch, models_home):
    layer = followed()
    kept = journal(layer)
    paint(layer, BOX, 2)

    def refuse(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("napari_strata.annotation.store.label_set.write_card", refuse)
        kept.tick()
        kept.tick()
    assert list((models_home / "labels").iterdir()) == []
    kept.tick()
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)


def test_what_a_kill_left_of_a_save_point_is_taken_away_when_the_labels_are_opened_again():
    _, kept = saved()
    kept.close()
    left = kept.state.folder / "versions" / ".20260101-000000-000000.part"
    (left / "labels.zarr").mkdir(parents=True)
    LabelSet.claim(kept.state.folder).release()
    assert not left.exists()


def test_a_file_that_the_kernel_cuts_short_never_takes_the_place_of_a_whole_one(tmp_path):
    script = """
import resource, sys
import numpy as np
from stored_labels import followed, journal, on_disk, paint
from napari_strata.annotation.store import journal as journal_module
journal_module.RETRY = 0.0
layer = followed()
kept = journal(layer)
everything = (slice(None),) * 3
paint(layer, everything, 2)
kept.tick()
before = layer.codes.copy()
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
layer.codes[:] = np.random.default_rng(0).integers(1, 9, layer.codes.shape)
layer.dirty.note_all()
kept.tick()
assert kept.state.phase.name == "FAULTY", kept.state
assert np.array_equal(on_disk(kept.state.folder), before)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
kept.tick()
assert np.array_equal(on_disk(kept.state.folder), layer.codes)
assert not list(kept.state.folder.rglob("*.partial"))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=_environment(tmp_path), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_a_vanished_project_folder_is_not_made_anew_and_is_written_when_it_is_back(project):
    layer, kept = saved(project=project)
    away = project.with_name("unplugged")
    project.rename(away)
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    assert kept.state.phase is Phase.FAULTY
    assert "vanished" in kept.state.words
    assert not project.exists()
    away.rename(project)
    kept.tick()
    assert kept.state.phase is Phase.SAVED
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)


def test_nothing_is_written_into_the_empty_folder_below_an_unmounted_drive(project):
    layer, kept = saved(project=project)
    project.rename(project.with_name("unplugged"))
    project.mkdir()
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    assert kept.state.phase is Phase.FAULTY
    assert not list(project.iterdir())


def test_a_label_set_that_somebody_deleted_is_written_anew_as_a_whole(project):
    layer, kept = saved(project=project)
    shutil.rmtree(kept.state.folder)
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    assert kept.state.phase is Phase.SAVED
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)


def test_a_layer_that_is_removed_while_the_disk_is_full_is_written_afterwards(monkeypatch):
    layer, kept = saved()
    with monkeypatch.context() as patch:
        fill_disk(patch)
        paint(layer, ELSEWHERE, 1)
        kept.let_go(KEY)
        kept.tick()
    kept.tick()
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)
    assert [one.removed for one in read_card(kept.state.folder).layers] == [True]


def test_a_save_point_that_does_not_fit_leaves_nothing(monkeypatch):
    _, kept = saved()

    def refuse(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.link", refuse)
        patch.setattr("shutil.copy2", refuse)
        with pytest.raises(OSError, match="No space left"):
            kept.save_version("by hand")
    assert not list_versions(kept.state.folder)
    assert not list((kept.state.folder / "versions").iterdir())


def test_an_unexpected_error_is_told_and_ends_nothing(monkeypatch, caplog):
    layer, kept = saved()
    with monkeypatch.context() as patch:
        patch.setattr(layer, "save", lambda *_args, **_kwargs: 1 / 0)
        kept.tick()
        assert kept.state.phase is Phase.FAULTY
        assert "ZeroDivisionError" in kept.state.words
    kept.tick()
    assert kept.state.phase is Phase.SAVED
    assert "unexpected error" in caplog.text


@pytest.fixture
def other_process(project):
    """Start another process that works on the project until it is killed."""
    script = """
import sys, time
from pathlib import Path
from napari_strata.annotation.store.home import LabelHome
home = LabelHome(Path(sys.argv[1]))
home.enter()
print("in", flush=True)
time.sleep(300)
"""
    process = subprocess.Popen([sys.executable, "-c", script, str(project)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "in\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_of_two_processes_on_one_project_the_second_writes_nothing_until_the_first_is_gone(project, other_process):
    layer = followed()
    kept = journal(layer, project=project)
    before = sorted(project.rglob("*"))
    paint(layer, BOX, 2)
    kept.tick()
    assert kept.state.phase is Phase.READ_ONLY
    assert f"open in another napari (process {other_process.pid} on " in kept.state.words
    assert "in memory only" in kept.state.words
    assert sorted(project.rglob("*")) == before
    other_process.kill()
    other_process.wait()
    kept.tick()
    assert kept.state.phase is Phase.SAVED
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)


def test_a_folder_that_another_took_while_it_was_away_is_not_written(project):
    layer, kept = saved(project=project)
    away = project.with_name("unplugged")
    project.rename(away)
    kept.tick()
    other = FolderLock(away / "strata-labels")
    other.acquire()
    away.rename(project)
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    assert kept.state.phase is Phase.READ_ONLY
    assert not (on_disk(kept.state.folder)[ELSEWHERE] == 1).any()
    other.release()


def _environment(tmp_path):
    import os
    from pathlib import Path

    tests = str(Path(__file__).parents[2])
    return {**os.environ, "NAPARI_STRATA_HOME": str(tmp_path / "home"), "PYTHONPATH": tests}
