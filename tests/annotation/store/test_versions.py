import numpy as np
import pytest

from napari_strata.annotation.store import journal as journal_module
from napari_strata.annotation.store import versions
from napari_strata.annotation.store.versions import list_versions, read_version, save_version
from napari_strata.errors import LabelsError
from stored_labels import KEY, followed, journal, on_disk, paint

BOX = (slice(1, 2), slice(500, 530), slice(20, 40))
ELSEWHERE = (slice(0, 1), slice(0, 5), slice(0, 5))


@pytest.fixture
def layer():
    return followed()


@pytest.fixture
def kept(layer):
    kept = journal(layer)
    paint(layer, BOX, 2)
    kept.tick()
    return kept


def test_painting_never_reaches_a_save_point(kept, layer):
    then = layer.codes.copy()
    version = kept.save_version("by hand", by_hand=True)
    paint(layer, BOX, 3)
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    assert np.array_equal(on_disk(version), then)
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)


def test_a_save_point_says_when_why_and_how_much_is_painted(kept, layer):
    paint(layer, ELSEWHERE, 1)
    kept.save_version("first strokes", by_hand=True)
    ((_, card),) = list_versions(kept.state.folder)
    assert (card.what, card.by_hand) == ("first strokes", True)
    assert card.painted == {KEY: {1: 25, 2: 600}}
    assert card.content.layers[0].name == "a labels"


def test_a_save_point_holds_what_was_painted_up_to_it(kept, layer):
    paint(layer, ELSEWHERE, 1)
    assert (on_disk(kept.save_version("now"))[ELSEWHERE] == 1).all()


def test_unchanged_files_are_shared(kept):
    version = kept.save_version("a")
    chunk = f"labels.zarr/labels/{KEY}/0/c/1/0/0"
    assert (version / chunk).samefile(kept.state.folder / chunk)


def test_without_hard_links_files_are_copied(kept, layer, monkeypatch):
    def refuse(*_args):
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    version = kept.save_version("a")
    assert np.array_equal(on_disk(version), layer.codes)


def test_the_oldest_of_those_made_by_the_program_go_and_those_made_by_hand_stay(kept, monkeypatch):
    monkeypatch.setattr(versions, "KEPT", 2)
    card = read_version(kept.save_version("mine", by_hand=True)).content
    for name in "abc":
        save_version(kept.state.folder, card, name, {}, by_hand=False)
    assert [card.what for _, card in list_versions(kept.state.folder)] == ["c", "b", "mine"]


def test_while_somebody_paints_a_save_point_is_made_now_and_then(kept, layer, monkeypatch):
    monkeypatch.setattr(journal_module, "BETWEEN_VERSIONS", 0.0)
    kept.tick()
    kept.tick()
    assert len(list_versions(kept.state.folder)) == 1
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    assert len(list_versions(kept.state.folder)) == 2


def test_a_damaged_save_point_is_passed_over_and_refused_in_words(kept):
    version = kept.save_version("a")
    (version / "version.json").write_text("[")
    assert list_versions(kept.state.folder) == []
    with pytest.raises(LabelsError, match="damaged"):
        read_version(version)


def test_there_is_no_save_point_of_nothing():
    with pytest.raises(LabelsError, match="nothing to keep yet"):
        journal(followed()).save_version("by hand")
