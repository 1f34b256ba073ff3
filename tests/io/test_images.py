import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_strata.errors import CalibrationError, ImageError, OutputError
from napari_strata.io.calibration import CalibrationSource
from napari_strata.io.images import luminance, read_image, write_images


@pytest.fixture
def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 60_000, (3, 20, 30), dtype=np.uint16)


def test_a_stack_written_here_comes_back_with_its_pixel_size(tmp_path: Path, frames: np.ndarray) -> None:
    write_images(frames, tmp_path / "stack.tif", pixel_size=0.10622)
    image = read_image(tmp_path / "stack.tif")
    np.testing.assert_array_equal(image.stack.data, frames)
    assert image.stack.pixel_size == 0.10622
    assert image.stack.name == "stack"
    assert image.calibration.source is CalibrationSource.FILE
    assert image.warnings == ()


def test_a_typed_pixel_size_wins_and_a_contradiction_is_reported(tmp_path: Path, frames: np.ndarray) -> None:
    write_images(frames, tmp_path / "stack.tif", pixel_size=0.2)
    image = read_image(tmp_path / "stack.tif", pixel_size=0.21)
    assert image.stack.pixel_size == 0.21
    assert image.calibration.source is CalibrationSource.TYPED
    assert image.warnings == ("stack.tif: the pixel size given, 0.21 Å, is used; the file says 0.2 Å.",)


def test_a_typed_pixel_size_within_one_per_cent_is_not_reported(tmp_path: Path, frames: np.ndarray) -> None:
    write_images(frames, tmp_path / "stack.tif", pixel_size=0.2)
    assert read_image(tmp_path / "stack.tif", pixel_size=0.2015).warnings == ()


@pytest.mark.parametrize("pixel_size", [0.0, -0.2, np.nan, np.inf])
def test_a_typed_pixel_size_that_is_not_positive_is_refused(
    tmp_path: Path, frames: np.ndarray, pixel_size: float
) -> None:
    np.save(tmp_path / "a.npy", frames)
    with pytest.raises(CalibrationError, match="not positive"):
        read_image(tmp_path / "a.npy", pixel_size=pixel_size)


def test_npy_holds_a_stack_without_calibration(tmp_path: Path, frames: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", frames[0].astype(">f4"))
    image = read_image(tmp_path / "a.npy")
    np.testing.assert_array_equal(image.stack.data, frames[:1])
    assert image.stack.data.dtype.isnative
    assert image.stack.pixel_size is None


@pytest.mark.parametrize("stated", ["1.0622e-11", 1.0622e-11, np.array([1.0622e-11])])
def test_npz_pixel_size_is_in_metres(tmp_path: Path, frames: np.ndarray, stated: object) -> None:
    np.savez(tmp_path / "a.npz", im_array=frames[0], thumbnail=frames[0], pixel_size=stated)
    image = read_image(tmp_path / "a.npz")
    assert image.stack.pixel_size == pytest.approx(0.10622)
    np.testing.assert_array_equal(image.stack.data[0], frames[0])


def test_npz_with_one_image_needs_no_key(tmp_path: Path, frames: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", anything=frames, time=np.arange(3))
    assert read_image(tmp_path / "a.npz").stack.data.shape == (3, 20, 30)


def test_npz_with_two_images_and_no_key_is_refused(tmp_path: Path, frames: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", one=frames, two=frames)
    with pytest.raises(ImageError, match=r"but one, two.*under the name im_array"):
        read_image(tmp_path / "a.npz")


@pytest.mark.parametrize("stated", ["unknown", 0.106, 0.0])
def test_an_npz_pixel_size_that_cannot_be_metres_is_reported(
    tmp_path: Path, frames: np.ndarray, stated: object
) -> None:
    np.savez(tmp_path / "a.npz", im_array=frames, pixel_size=stated)
    image = read_image(tmp_path / "a.npz")
    assert image.stack.pixel_size is None
    assert "no credible length in metres" in image.warnings[0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_holds_grey_values(tmp_path: Path, frames: np.ndarray, dtype: type) -> None:
    data = frames[0].astype(dtype)
    Image.fromarray(data).save(tmp_path / "a.png", dpi=(300, 300))
    image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image.stack.data, data[None])
    assert image.stack.pixel_size is None


def test_png_with_grey_and_alpha_keeps_the_grey(tmp_path: Path) -> None:
    Image.new("LA", (9, 8), (77, 3)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").stack.data, np.full((1, 8, 9), 77))


def write_colour(path: Path) -> None:
    colour = np.zeros((20, 30, 3), np.uint8)
    colour[..., 0] = 100
    if path.suffix == ".tif":
        tifffile.imwrite(path, colour)
    elif path.suffix == ".npy":
        np.save(path, colour)
    else:
        Image.fromarray(colour).save(path)


@pytest.mark.parametrize("name", ["a.tif", "a.npy", "a.png"])
def test_a_colour_picture_is_refused_with_the_remedy(tmp_path: Path, name: str) -> None:
    write_colour(tmp_path / name)
    with pytest.raises(ImageError, match=r"colour picture.*--to-grey"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("name", ["a.tif", "a.npy", "a.png"])
def test_a_colour_picture_becomes_its_luminance_on_demand(tmp_path: Path, name: str) -> None:
    write_colour(tmp_path / name)
    data = read_image(tmp_path / name, to_grey=True).stack.data
    np.testing.assert_allclose(data, np.full((1, 20, 30), 21.25), rtol=1e-6)


def test_a_picture_with_a_palette_is_a_colour_picture(tmp_path: Path) -> None:
    Image.new("P", (9, 8)).save(tmp_path / "a.png")
    with pytest.raises(ImageError, match="colour picture"):
        read_image(tmp_path / "a.png")


def test_luminance_of_white_is_its_value_and_alpha_does_not_count() -> None:
    np.testing.assert_allclose(luminance(np.full((2, 2, 4), 200, np.uint8)), np.full((2, 2), 200), rtol=1e-6)


def test_four_axes_are_refused_in_words(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 5, 20, 30)))
    with pytest.raises(ImageError, match=re.escape("4 axes, shape (2, 5, 20, 30); an image is (y, x)")):
        read_image(tmp_path / "a.npy")


def test_leading_axes_of_length_one_do_not_count(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((1, 5, 1, 20, 30)))
    assert read_image(tmp_path / "a.npy").stack.data.shape == (5, 20, 30)


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object))
    with pytest.raises(ImageError, match=r"cannot be read.*allow_pickle"):
        read_image(tmp_path / "a.npy")


def test_text_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([["a", "b"], ["c", "d"]]))
    with pytest.raises(ImageError, match="no numbers"):
        read_image(tmp_path / "a.npy")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"a.tif cannot be read .No such file"):
        read_image(tmp_path / "a.tif")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npy").mkdir()
    with pytest.raises(ImageError, match="Is a directory"):
        read_image(tmp_path / "a.npy")


def test_another_kind_of_file_is_refused_with_the_kinds_that_are_read(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"\.tif, \.tiff, \.npy, \.npz, \.png"):
        read_image(tmp_path / "a.jpg")


def write_strips(path: Path, frames: np.ndarray) -> None:
    with tifffile.TiffWriter(path) as writer:
        for frame in frames:
            writer.write(frame, contiguous=False, metadata=None, rowsperstrip=4)


COMPRESSED = {"compression": "zlib", "photometric": "minisblack"}
WRITERS = {
    "plain.tif": lambda path, frames: write_images(frames, path, pixel_size=0.2),
    "compressed.tif": lambda path, frames: tifffile.imwrite(path, frames, **COMPRESSED),
    "imagej.tif": lambda path, frames: tifffile.imwrite(path, frames, imagej=True),
    "strips.tif": write_strips,
    "a.npy": lambda path, frames: np.save(path, frames),
    "a.npz": lambda path, frames: np.savez_compressed(path, im_array=frames),
    "a.png": lambda path, frames: Image.fromarray(frames[0]).save(path),
}


@pytest.mark.parametrize("part", [0.0, 0.02, 0.3, 0.5, 0.7, 0.95])
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, frames: np.ndarray, name: str, part: float) -> None:
    path = tmp_path / name
    WRITERS[name](path, frames)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(ImageError, match=f"{name} cannot be read.*cut short"):
        read_image(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, frames: np.ndarray) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"a.tif cannot be written"):
        write_images(frames, tmp_path / "file" / "a.tif")


def test_the_experimental_image_is_calibrated(real_image: Path) -> None:
    image = read_image(real_image)
    assert image.stack.data.shape == (1, 512, 512)
    assert image.stack.pixel_size == pytest.approx(0.10622, rel=1e-4)
