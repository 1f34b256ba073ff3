from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_strata.errors import ImageError
from napari_strata.io.arrays import read_array, read_header
from napari_strata.io.images import write_images

STACK = np.random.default_rng(0).integers(0, 60_000, (3, 20, 30), dtype=np.uint16)
COLOUR = np.zeros((20, 30, 3), np.uint8)
PALETTE = Image.new("P", (30, 20))
WRITERS: dict[str, Callable[[Path], object]] = {
    "stack.tif": lambda path: write_images(STACK, path, pixel_size=0.25),
    "planes.tif": lambda path: tifffile.imwrite(path, STACK, photometric="rgb", planarconfig="separate"),
    "colour.tif": lambda path: tifffile.imwrite(path, COLOUR, photometric="rgb"),
    "separate.tif": lambda path: tifffile.imwrite(
        path, np.zeros((2, 3, 20, 30), np.uint8), photometric="rgb", planarconfig="separate"
    ),
    "stack.npy": lambda path: np.save(path, STACK.astype(">f4")),
    "colour.npy": lambda path: np.save(path, COLOUR),
    "named.npz": lambda path: np.savez(path, im_array=STACK[0], thumbnail=STACK, pixel_size="2.5e-11"),
    "single.npz": lambda path: np.savez_compressed(path, anything=STACK, time=np.arange(3)),
    "grey.png": lambda path: Image.fromarray(STACK[0].astype(np.uint8)).save(path),
    "deep.png": lambda path: Image.fromarray(STACK[0]).save(path),
    "colour.png": lambda path: Image.fromarray(COLOUR).save(path),
    "alpha.png": lambda path: Image.new("RGBA", (30, 20)).save(path),
    "grey-alpha.png": lambda path: Image.new("LA", (30, 20)).save(path),
    "bits.png": lambda path: Image.new("1", (30, 20)).save(path),
    "palette.png": PALETTE.save,
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_header_says_what_the_array_is(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    header, array = read_header(tmp_path / name), read_array(tmp_path / name)
    assert header.shape == array.data.shape
    assert header.dtype.newbyteorder("=") == array.data.dtype
    assert header.is_colour == array.is_colour
    assert header.pixel_size == pytest.approx(array.pixel_size)


@pytest.mark.parametrize("name", ["stack.tif", "stack.npy", "named.npz", "colour.png"])
def test_a_header_is_read_without_the_pixels(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    WRITERS[name](tmp_path / name)
    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", None)
    monkeypatch.setattr(Image.Image, "load", None)
    unpacked: list[tuple[int, ...]] = []
    real = np.lib.format.read_array

    def read(*args: object, **kwargs: object) -> np.ndarray:
        array: np.ndarray = real(*args, **kwargs)
        unpacked.append(array.shape)
        return array

    monkeypatch.setattr(np.lib.format, "read_array", read)
    read_header(tmp_path / name)
    assert unpacked == ([()] if name == "named.npz" else [])  # the pixel size is an array of its own


def test_a_header_of_what_holds_no_numbers_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", im_array=np.array([["a", "b"]]))
    with pytest.raises(ImageError, match="no numbers"):
        read_header(tmp_path / "a.npz")


def test_files_in_an_npz_that_are_no_arrays_do_not_count(tmp_path: Path) -> None:
    import zipfile

    np.savez(tmp_path / "a.npz", anything=STACK)
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive:
        archive.writestr("readme.txt", "made by hand")
    assert read_header(tmp_path / "a.npz").shape == STACK.shape
    assert read_array(tmp_path / "a.npz").data.shape == STACK.shape
