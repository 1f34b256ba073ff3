import os

import numpy as np
import pytest

from napari_strata.errors import OutputError
from napari_strata.io.map_cache import MapCache, map_folder

SHAPE = (4, 6)
MAP = np.arange(24, dtype=np.float32).reshape(SHAPE)
SAID = {"method": "grad-cam", "position": [1.5, 2.0]}


@pytest.fixture
def cache(tmp_path):
    return MapCache(tmp_path / "maps")


def file_of(cache, key="a"):
    return cache.folder / f"{key}.npz"


def test_a_map_comes_back_with_what_it_answers(cache):
    cache.write("a", MAP, SAID)
    map_, said = cache.read("a", SHAPE)
    np.testing.assert_array_equal(map_, MAP)
    assert said == SAID
    assert cache.read("b", SHAPE) is None


def spoil(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])


def flip(path):
    whole = bytearray(path.read_bytes())
    whole[80] ^= 255
    path.write_bytes(bytes(whole))


def pickled(path):
    np.savez(path, map=np.array([{"a": 1}], dtype=object), metadata=np.array([], np.uint8))


def foreign(path):
    np.savez(path, map=MAP.astype(np.float64), metadata=np.frombuffer(b"{}", np.uint8))


def not_finite(path):
    np.savez(path, map=MAP * np.nan, metadata=np.frombuffer(b"{}", np.uint8))


def wordless(path):
    np.savez(path, map=MAP, metadata=np.frombuffer(b"[1", np.uint8))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [spoil, flip, pickled, foreign, not_finite, wordless, empty])
def test_a_damaged_file_is_removed_and_not_read(cache, damage):
    cache.write("a", MAP, SAID)
    damage(file_of(cache))
    assert cache.read("a", SHAPE) is None
    assert not file_of(cache).exists()


def test_a_map_of_another_shape_is_none(cache):
    cache.write("a", MAP, SAID)
    assert cache.read("a", (6, 4)) is None


def test_the_map_that_was_not_looked_at_for_longest_goes_first(cache):
    for number, key in enumerate("abc"):
        cache.write(key, MAP, SAID)
        os.utime(file_of(cache, key), (number, number))
    cache.read("a", SHAPE)
    small = MapCache(cache.folder, largest=cache.size())
    small.write("d", MAP, SAID)
    assert sorted(path.stem for path in cache.folder.iterdir()) == ["a", "c", "d"]
    assert small.size() <= 3 * file_of(cache).stat().st_size


def test_clearing_takes_all_maps_and_what_an_interrupted_writer_left_but_nothing_else(cache):
    cache.write("a", MAP, SAID)
    (cache.folder / ".b.npz.part").write_bytes(b"half")
    (cache.folder / "mine.txt").write_text("mine")
    cache.clear()
    assert [path.name for path in cache.folder.iterdir()] == ["mine.txt"]
    assert cache.size() == 0


def test_a_folder_that_cannot_be_made_is_told_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        MapCache(tmp_path / "file" / "maps").write("a", MAP, SAID)


def test_the_folder_lies_in_the_home_that_is_named(models_home):
    assert map_folder() == models_home / "maps"
