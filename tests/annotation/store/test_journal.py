import json
import os

import numpy as np
import pytest
import zarr

from napari_strata.annotation.provenance import Birth, Provenance
from napari_strata.annotation.store import chunks
from napari_strata.annotation.store import followed as followed_module
from napari_strata.annotation.store.card import read_card
from napari_strata.annotation.store.followed import FollowedPoints
from napari_strata.annotation.store.home import LabelHome, SetState, list_sets
from napari_strata.annotation.store.journal import Phase
from napari_strata.annotation.store.points import PointTable, read_points
from napari_strata.annotation.store.zarr_labels import LabelArrays
from stored_labels import KEY, followed, journal, on_disk, paint

BOX = (slice(1, 2), slice(500, 530), slice(20, 40))
ELSEWHERE = (slice(0, 1), slice(0, 5), slice(0, 5))


def inodes(folder):
    return {path: path.stat().st_ino for path in (folder / "labels.zarr").rglob("c/*/*/*")}


def test_nothing_is_written_before_anything_is_painted(models_home):
    kept = journal(followed())
    kept.tick()
    assert kept.state.phase is Phase.EMPTY
    assert not models_home.exists()


def test_a_stroke_is_on_disk_after_one_pass():
    layer = followed()
    kept = journal(layer)
    paint(layer, BOX, 2)
    kept.tick()
    assert kept.state.phase is Phase.SAVED
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)
    assert kept.painted == {KEY: {2: 600}}


def test_only_the_chunks_that_changed_are_written():
    layer = followed(np.ones((2, 600, 700), np.uint8))
    kept = journal(layer)
    layer.dirty.note_all()
    kept.tick()
    before = inodes(kept.state.folder)
    paint(layer, ELSEWHERE, 3)
    kept.tick()
    after = inodes(kept.state.folder)
    changed = {path.relative_to(kept.state.folder) for path in after if after[path] != before[path]}
    assert {str(path) for path in changed} == {
        f"labels.zarr/labels/{KEY}/0/c/0/0/0",
        f"labels.zarr/labels/{KEY}-provenance/0/c/0/0/0",
    }


def test_a_stroke_that_is_told_before_its_pixels_are_written_is_found_by_the_next_pass():
    layer = followed()
    kept = journal(layer)
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    layer.dirty.note(BOX)
    kept.tick()
    layer.codes[BOX] = 2
    kept.tick()
    assert (on_disk(kept.state.folder)[BOX] == 2).all()


def test_pixels_that_nobody_told_of_are_found_by_the_look_at_all(monkeypatch):
    monkeypatch.setattr(chunks, "SETTLING", 0.0)
    layer = followed()
    kept = journal(layer)
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    layer.codes[BOX] = 2
    for _ in range(len(layer.dirty.grid)):
        kept.tick()
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)


def test_labels_are_ome_zarr_with_scale_units_colours_and_names():
    layer = followed()
    kept = journal(layer)
    paint(layer, BOX, 2)
    kept.tick()
    root = zarr.open_group(kept.state.folder / "labels.zarr", mode="r")
    assert root["labels"].attrs["ome"] == {"version": "0.5", "labels": [KEY, f"{KEY}-provenance"]}
    ome = root[f"labels/{KEY}"].attrs["ome"]
    (multiscale,) = ome["multiscales"]
    assert multiscale["axes"] == [
        {"name": "t", "type": "time"},
        {"name": "y", "type": "space", "unit": "nanometer"},
        {"name": "x", "type": "space", "unit": "nanometer"},
    ]
    assert multiscale["datasets"] == [
        {
            "path": "0",
            "coordinateTransformations": [
                {"type": "scale", "scale": [1, 0.2, 0.1]},
                {"type": "translation", "translation": [0, 3, 4]},
            ],
        }
    ]
    assert ome["image-label"]["colors"] == [{"label-value": 2, "rgba": [255, 0, 0, 255]}]
    assert {"label-value": 2, "class": "bubble"} in ome["image-label"]["properties"]
    assert root[f"labels/{KEY}/0"].dtype == np.uint8


def test_provenance_lies_beside_the_codes_and_the_first_codes_are_kept():
    born = np.zeros((2, 600, 700), np.uint8)
    born[1, :5] = 2
    layer = followed(born.copy(), birth=Birth(Provenance.MODEL, born))
    kept = journal(layer)
    layer.codes[1, 0] = 3
    layer.codes[1, 1] = 0
    layer.codes[0, 9] = 1
    layer.dirty.note_all()
    kept.tick()
    provenance = on_disk(kept.state.folder, f"{KEY}-provenance")
    rows = [provenance[1, 0], provenance[1, 1], provenance[1, 2], provenance[0, 9]]
    assert [np.unique(row).tolist() for row in rows] == [
        [Provenance.CORRECTED],
        [Provenance.NOT_LABELLED],
        [Provenance.MODEL],
        [Provenance.HUMAN],
    ]
    assert np.array_equal(LabelArrays(kept.state.folder).read_born(KEY), born)
    assert read_card(kept.state.folder).layers[0].born is Provenance.MODEL


def test_erasing_the_last_label_reaches_the_disk():
    layer = followed()
    kept = journal(layer)
    paint(layer, BOX, 2)
    kept.tick()
    paint(layer, BOX, 0)
    kept.tick()
    assert not on_disk(kept.state.folder).any()
    assert kept.painted == {KEY: {}}


def test_points_are_kept_with_what_is_known_of_each():
    import pandas as pd

    card = followed().card.model_copy(update={"key": "atoms", "kind": "points", "shape": ()})
    points = PointTable(np.array([[0.0, 1.5, 2.25], [1.0, 3.0, 4.0]]), pd.DataFrame({"species": ["C", "N"]}))
    kept = journal(FollowedPoints(card, points))
    kept.tick()
    back = read_points(kept.state.folder, "atoms")
    assert back.equals(points)
    assert kept.painted == {"atoms": {0: 2}}


def test_a_removed_layer_is_written_once_more_and_stays_on_disk():
    layer = followed()
    kept = journal(layer)
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    layer.codes[BOX] = 2
    kept.let_go(KEY)
    kept.tick()
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)
    assert [one.removed for one in read_card(kept.state.folder).layers] == [True]


def test_a_set_is_open_then_crashed_or_closed():
    layer = followed()
    kept = journal(layer)
    paint(layer, BOX, 2)
    kept.tick()
    assert [stored.state for stored in list_sets(LabelHome())] == [SetState.OPEN]
    kept.close()
    assert [stored.state for stored in list_sets(LabelHome())] == [SetState.CLOSED]
    card = kept.state.folder / "set.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"closed": False}))
    assert [stored.state for stored in list_sets(LabelHome())] == [SetState.CRASHED]


def test_painting_after_a_close_that_was_called_off_marks_the_set_open_again():
    layer = followed()
    kept = journal(layer)
    paint(layer, BOX, 2)
    kept.save(everything=True, closed=True)
    kept.tick()
    assert read_card(kept.state.folder).closed
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    assert not read_card(kept.state.folder).closed


def test_labels_move_to_a_project_folder_and_go_on_there(tmp_path):
    layer = followed()
    kept = journal(layer)
    paint(layer, BOX, 2)
    kept.tick()
    old = kept.state.folder
    project = tmp_path / "project"
    project.mkdir()
    kept.move(LabelHome(project))
    paint(layer, ELSEWHERE, 1)
    kept.tick()
    assert kept.state.folder.parent == project / "strata-labels"
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)
    assert not old.exists()


@pytest.mark.parametrize("shape", [(30, 40), (3, 30, 40), (2, 3, 30, 40)])
def test_labels_of_any_number_of_dimensions_are_kept(shape):
    layer = followed(np.zeros(shape, np.uint8))
    n = len(shape)
    place = layer.card.placement.model_copy(
        update={
            "scale": (1,) * n,
            "translate": (0,) * n,
            "units": ("pixel",) * n,
            "axis_labels": tuple("abcd"[:n]),
        }
    )
    layer.card = layer.card.model_copy(update={"placement": place})
    kept = journal(layer)
    paint(layer, (slice(0, 1),) * n, 4)
    kept.tick()
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)
    assert os.path.isdir(kept.state.folder)


def born(codes):
    return followed(codes.copy(), birth=Birth(Provenance.MODEL, codes))


def test_a_mask_that_was_edited_once_is_listed_only_when_all_of_it_is_on_disk(monkeypatch):
    monkeypatch.setattr(followed_module, "SCAN_TIME", 0.0)
    layer = born(np.full((6, 600, 700), 2, np.uint8))
    kept = journal(layer)
    paint(layer, ELSEWHERE, 3)
    kept.tick()
    assert [one.key for one in read_card(kept.state.folder).layers] == [KEY]
    assert np.array_equal(on_disk(kept.state.folder), layer.codes)
    assert (LabelArrays(kept.state.folder).read_born(KEY) == 2).all()


def test_a_mask_that_is_cut_short_by_a_full_disk_is_not_listed(monkeypatch):
    layer = born(np.full((6, 600, 700), 2, np.uint8))
    kept = journal(layer)
    paint(layer, ELSEWHERE, 3)
    real = LabelArrays.write

    def refuse(self, key, box, *rest):
        if box[0].start == 3:
            raise OSError(28, "No space left on device")
        real(self, key, box, *rest)

    monkeypatch.setattr(LabelArrays, "write", refuse)
    kept.tick()
    assert read_card(kept.state.folder).layers == ()


def test_other_first_codes_reach_the_disk_with_the_provenance():
    layer = followed()
    kept = journal(layer)
    paint(layer, BOX, 2)
    kept.tick()
    layer.card = layer.card.model_copy(update={"born": Provenance.IMPORTED})
    layer.begin_anew(Birth(Provenance.IMPORTED, layer.codes.copy()))
    kept.tick()
    assert np.array_equal(LabelArrays(kept.state.folder).read_born(KEY), layer.codes)
    assert (on_disk(kept.state.folder, f"{KEY}-provenance")[BOX] == Provenance.IMPORTED).all()


def test_first_codes_told_while_the_arrays_are_made_reach_the_disk(monkeypatch):
    layer = followed()
    kept = journal(layer)
    create = LabelArrays.create

    def slowly(arrays, card):
        create(arrays, card)
        layer.card = layer.card.model_copy(update={"born": Provenance.MODEL})  # as the look at the layer does

    monkeypatch.setattr(LabelArrays, "create", slowly)
    paint(layer, BOX, 2)
    kept.tick()
    layer.begin_anew(Birth(Provenance.MODEL, layer.codes.copy()))
    kept.tick()
    assert kept.state.phase is Phase.SAVED
    assert np.array_equal(LabelArrays(kept.state.folder).read_born(KEY), layer.codes)


def test_an_older_state_of_a_removed_layer_replaces_all_that_the_store_has_of_it():
    layer = followed()
    kept = journal(layer)
    paint(layer, BOX, 2)
    kept.tick()
    kept.let_go(KEY)
    kept.tick()
    older = followed()
    kept.follow(older)
    paint(older, ELSEWHERE, 1)
    kept.tick()
    assert np.array_equal(on_disk(kept.state.folder), older.codes)


def test_a_layer_that_comes_back_under_its_key_is_kept_although_the_old_one_was_just_removed():
    kept = journal(layer := followed())
    paint(layer, BOX, 2)
    kept.tick()
    kept.let_go(KEY)
    back = followed(layer.codes.copy())
    kept.follow(back)
    kept.tick()
    paint(back, ELSEWHERE, 1)
    kept.tick()
    assert np.array_equal(on_disk(kept.state.folder), back.codes)


def test_an_empty_layer_that_was_removed_is_let_go():
    kept = journal(followed())
    kept.let_go(KEY)
    kept.tick()
    assert kept.painted == {}


def test_the_names_and_places_of_points_come_back_as_they_were():
    import pandas as pd

    card = followed().card.model_copy(update={"key": "atoms", "kind": "points", "shape": ()})
    places = np.random.default_rng(0).random((50, 3)) / 3
    species = ["NA", "1", "None", "nan", "C"] * 10
    kept = journal(FollowedPoints(card, PointTable(places, pd.DataFrame({"species": species}))))
    kept.tick()
    back = read_points(kept.state.folder, "atoms")
    assert np.array_equal(back.positions, places)
    assert list(back.features["species"]) == species
