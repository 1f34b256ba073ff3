from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from napari_strata.errors import LabelsError, OutputError
from napari_strata.io.images import read_image
from napari_strata.io.masks import as_masks, read_masks, write_masks, write_probabilities

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 20), st.integers(1, 20))


@given(masks=SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_masks_come_back_in_the_same_shape_here_and_in_plain_tifffile(
    tmp_path_factory: pytest.TempPathFactory, masks: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("masks") / "masks.tif"
    write_masks(masks, path, pixel_size=0.2)
    np.testing.assert_array_equal(read_masks(path), masks)
    plain = tifffile.imread(path)
    assert plain.shape == masks.shape
    assert plain.dtype == np.uint8


def test_the_axes_are_named_in_the_file(tmp_path: Path) -> None:
    write_masks(np.ones((1, 2, 8, 9), np.uint8), tmp_path / "m.tif")
    with tifffile.TiffFile(tmp_path / "m.tif") as tif:
        assert tif.series[0].axes == "TZYX"


def test_masks_keep_the_pixel_size_of_their_image(tmp_path: Path) -> None:
    write_masks(np.ones((2, 1, 8, 9), np.uint8), tmp_path / "m.tif", pixel_size=0.123)
    assert read_image(tmp_path / "m.tif").stack.pixel_size == 0.123


def test_probabilities_keep_their_five_axes(tmp_path: Path) -> None:
    probabilities = np.random.default_rng(0).random((1, 2, 3, 8, 9), dtype=np.float32)
    write_probabilities(probabilities, tmp_path / "p.tif", pixel_size=0.2)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "p.tif"), probabilities)


@pytest.mark.parametrize("masks", [np.ones((2, 8, 9), np.uint8), np.ones((1, 2, 8, 9), np.int64)])
def test_masks_of_another_type_or_shape_are_not_written(tmp_path: Path, masks: np.ndarray) -> None:
    with pytest.raises(LabelsError, match="cannot be written"):
        write_masks(masks, tmp_path / "m.tif")
    assert not list(tmp_path.glob("*m.tif*"))


def test_a_png_with_a_palette_holds_its_indices(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 4, (8, 9), dtype=np.uint8)
    picture = Image.fromarray(codes).convert("P")
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
    picture.save(tmp_path / "voc.png")
    assert picture.mode == "P"
    np.testing.assert_array_equal(read_masks(tmp_path / "voc.png"), codes[None, None])


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.tif").mkdir()
    with pytest.raises(OutputError, match=r"m.tif cannot be written"):
        write_masks(np.ones((1, 1, 8, 9), np.uint8), tmp_path / "m.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["m.tif"]


@pytest.mark.parametrize(
    ("shape", "expected"), [((8, 9), (1, 1, 8, 9)), ((5, 8, 9), (5, 1, 8, 9)), ((5, 2, 8, 9), (5, 2, 8, 9))]
)
def test_missing_axes_mean_one_frame_and_one_layer(
    shape: tuple[int, ...], expected: tuple[int, ...], tmp_path: Path
) -> None:
    np.save(tmp_path / "m.npy", np.ones(shape, np.int64))
    masks = read_masks(tmp_path / "m.npy")
    assert masks.shape == expected
    assert masks.dtype == np.uint8


def test_a_grey_png_holds_codes(tmp_path: Path) -> None:
    codes = np.arange(72, dtype=np.uint8).reshape(8, 9)
    Image.fromarray(codes).save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_masks(tmp_path / "m.png")[0, 0], codes)


def test_a_colour_picture_holds_no_codes(tmp_path: Path) -> None:
    Image.new("RGB", (9, 8)).save(tmp_path / "m.png")
    with pytest.raises(LabelsError, match="colour picture"):
        read_masks(tmp_path / "m.png")


@pytest.mark.parametrize("dtype", [np.float32, bool, np.complex64])
def test_values_that_are_not_integers_are_refused(dtype: type) -> None:
    with pytest.raises(LabelsError, match=r"no integer codes.*0 not labelled, 1 background"):
        as_masks(np.ones((8, 9), dtype), name="labels")


@pytest.mark.parametrize("code", [-1, 256])
def test_codes_beyond_a_byte_are_refused(code: int) -> None:
    with pytest.raises(LabelsError, match=f"labels holds codes from.*{code}"):
        as_masks(np.array([[1, code]]), name="labels")


@pytest.mark.parametrize("shape", [(4,), (1, 1, 1, 4, 4), (0, 4, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(LabelsError, match="labels has the shape"):
        as_masks(np.ones(shape, np.uint8), name="labels")


def test_a_damaged_file_is_an_error_of_labels(tmp_path: Path) -> None:
    write_masks(np.ones((1, 2, 8, 9), np.uint8), tmp_path / "m.tif")
    (tmp_path / "m.tif").write_bytes((tmp_path / "m.tif").read_bytes()[:60])
    with pytest.raises(LabelsError, match="cut short"):
        read_masks(tmp_path / "m.tif")
