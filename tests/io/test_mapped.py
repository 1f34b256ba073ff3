from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_strata.errors import LabelsError
from napari_strata.io.images import write_images
from napari_strata.io.mapped import map_array

STACK = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)


def test_a_tif_is_mapped_with_its_pixel_size(tmp_path: Path) -> None:
    write_images(STACK, tmp_path / "a.tif", pixel_size=0.2)
    content = map_array(tmp_path / "a.tif")
    assert isinstance(content.data, np.memmap)
    assert content.data.tolist() == STACK.tolist()
    assert content.pixel_size == pytest.approx(0.2)


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_a_npy_file_is_mapped_whatever_its_byte_order(tmp_path: Path, byte_order: str) -> None:
    np.save(tmp_path / "a.npy", STACK.astype(f"{byte_order}u2"))
    content = map_array(tmp_path / "a.npy")
    assert isinstance(content.data, np.memmap)
    assert content.data.tolist() == STACK.tolist()


def test_a_compressed_tif_and_a_png_are_read(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK, compression="zlib", photometric="minisblack")
    Image.fromarray(STACK[0].astype(np.uint8)).save(tmp_path / "a.png")
    assert map_array(tmp_path / "a.tif").data.tolist() == STACK.tolist()
    assert map_array(tmp_path / "a.png").data.tolist() == STACK[0].tolist()


def test_a_colour_picture_is_known_as_such(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((9, 8, 3), np.uint8)).save(tmp_path / "a.png")
    assert map_array(tmp_path / "a.png").is_colour


@pytest.mark.parametrize("name", ["a.npy", "a.tif", "a.jpg", "none.tif"])
def test_what_cannot_be_opened_is_refused_as_what_it_should_be(tmp_path: Path, name: str) -> None:
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(LabelsError):
        map_array(tmp_path / name, error_type=LabelsError)


def test_a_file_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", STACK)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content.replace(b"(2, 3, 4)", b"(9, 3, 4)"))
    with pytest.raises(LabelsError):
        map_array(tmp_path / "a.npy", error_type=LabelsError)
