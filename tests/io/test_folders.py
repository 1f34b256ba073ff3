from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_strata.errors import ImageError, OutputError
from napari_strata.io.folders import filling
from napari_strata.io.image_folder import Extent, find_images, read_extent


def test_files_appear_all_at_once(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    with filling(out) as folder:
        (folder / "a").mkdir()
        (folder / "a" / "b.txt").write_text("b")
        assert not out.exists()
    assert (out / "a" / "b.txt").read_text() == "b"
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_after_a_mistake_nothing_is_there_not_even_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), filling(tmp_path / "new" / "out") as folder:
        (folder / "b.txt").write_text("b")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_overwritten_only_if_asked(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("old")
    with pytest.raises(OutputError, match=r"holds b\.txt already"), filling(tmp_path) as folder:
        (folder / "b.txt").write_text("new")
    assert (tmp_path / "b.txt").read_text() == "old"
    with filling(tmp_path, overwrite=True) as folder:
        (folder / "b.txt").write_text("new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), filling(tmp_path / "out"):
        pass


def test_images_are_found_in_folders_and_results_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b.tif", "a/c.png", "a/notes.txt", ".hidden/d.png", "labels/b.tif", ".e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [one.name for one in find_images(tmp_path, without=tmp_path / "labels")] == ["b.tif", "a/c.png"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is not there"):
        find_images(tmp_path / "absent")


def test_an_extent_is_read_from_the_header_alone(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.tif", np.zeros((3, 8, 9), np.uint16), photometric="minisblack")
    Image.new("RGB", (9, 8)).save(tmp_path / "p.jpg")
    Image.new("RGB", (9, 8)).save(tmp_path / "p.png")
    assert [read_extent(tmp_path / name) for name in ("s.tif", "p.jpg", "p.png")] == [
        Extent(3, 8, 9),
        Extent(1, 8, 9),
        Extent(1, 8, 9),
    ]


def test_an_image_that_cannot_be_read_has_no_extent(tmp_path: Path) -> None:
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).write_bytes(b"no picture")
    assert [one.extent for one in find_images(tmp_path)] == [None, None]


def test_what_was_read_is_replaced_in_no_case(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("old")
    for spare in (tmp_path / "b.txt", tmp_path):
        refused = pytest.raises(OutputError, match=r"b\.txt in .* would be replaced")
        with refused, filling(tmp_path, overwrite=True, spare=[spare]) as folder:
            (folder / "b.txt").write_text("new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
