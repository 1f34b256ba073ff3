import numpy as np
import pytest
import tifffile

from napari_strata.errors import ImageError
from napari_strata.io.images import write_images
from napari_strata.io.masks import write_masks
from napari_strata.widgets.layers.calibration import CalibrationSource, calibration_of
from napari_strata.widgets.opening.reader import get_reader

PICTURE = np.random.default_rng(0).integers(0, 5, (16, 24), dtype=np.uint8)


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


def read(path):
    reader = get_reader(str(path))
    assert reader is not None
    ((data, settings, kind),) = reader(str(path))
    assert kind == "image"
    return data, settings


def add(viewer, path):
    data, settings = read(path)
    return viewer.add_image(data, **settings)


def test_an_npz_file_states_metres_and_becomes_an_image_in_angstrom(tmp_path, viewer):
    np.savez(tmp_path / "a.npz", im_array=PICTURE, pixel_size="1.0622e-11")
    data, settings = read(tmp_path / "a.npz")
    layer = viewer.add_image(data, **settings)
    assert layer.name == "a"
    assert layer.scale.tolist() == pytest.approx([0.10622] * 2)
    assert [str(unit) for unit in layer.units] == ["angstrom"] * 2
    assert calibration_of(layer).source is CalibrationSource.LAYER


def test_a_calibrated_stack_keeps_its_frames_in_steps_of_one(tmp_path):
    write_images(np.stack([PICTURE] * 3), tmp_path / "a.tif", pixel_size=0.5)
    data, settings = read(tmp_path / "a.tif")
    assert data.shape == (3, 16, 24)
    assert settings["scale"] == (1, 0.5, 0.5)
    assert settings["units"] == ("pixel", "angstrom", "angstrom")
    assert settings["axis_labels"] == ("frame", "y", "x")


def test_what_states_no_pixel_size_is_read_in_pixels(tmp_path, viewer):
    write_images(PICTURE, tmp_path / "a.tif")
    np.savez(tmp_path / "b.npz", im_array=np.stack([PICTURE] * 2))
    for name, shape in (("a.tif", (16, 24)), ("b.npz", (2, 16, 24))):
        layer = add(viewer, tmp_path / name)
        assert layer.data.shape == shape
        assert set(layer.scale) == {1}
        assert {str(unit) for unit in layer.units} == {"pixel"}


def test_masks_of_several_layers_and_colour_pictures_are_read_too(tmp_path, viewer):
    write_masks(np.ones((2, 3, 16, 24), np.uint8), tmp_path / "masks.tif", pixel_size=0.5)
    tifffile.imwrite(tmp_path / "colour.tif", np.zeros((16, 24, 3), np.uint8), photometric="rgb")
    masks, colour = (add(viewer, tmp_path / name) for name in ("masks.tif", "colour.tif"))
    assert (masks.data.shape, masks.scale.tolist()) == ((2, 3, 16, 24), [1, 1, 0.5, 0.5])
    assert colour.rgb


def test_what_holds_no_image_is_left_to_napari(tmp_path):
    np.savez(tmp_path / "line.npz", im_array=np.zeros(16))
    (tmp_path / "damaged.tif").write_bytes(b"II*\0")
    for name in ("line.npz", "damaged.tif", "missing.npz"):
        assert get_reader(str(tmp_path / name)) is None


def test_only_the_reader_reads_the_pixels(tmp_path, monkeypatch):
    write_images(PICTURE, tmp_path / "a.tif")
    np.savez(tmp_path / "a.npz", im_array=PICTURE)
    with monkeypatch.context() as patch:
        patch.setattr("napari_strata.widgets.opening.reader.read_array", None)
        readers = [get_reader(str(tmp_path / name)) for name in ("a.tif", "a.npz")]
    for reader in readers:
        np.testing.assert_array_equal(reader("")[0][0], PICTURE)


def test_several_files_that_shall_be_one_stack_are_left_to_napari(tmp_path):
    assert get_reader([str(tmp_path / "a.tif"), str(tmp_path / "b.tif")]) is None


def test_pixels_that_are_damaged_are_named_when_they_are_read(tmp_path):
    write_images(PICTURE, tmp_path / "a.tif")
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[:-9])
    reader = get_reader(str(tmp_path / "a.tif"))
    with pytest.raises(ImageError, match=r"a\.tif cannot be read.*copy it again"):
        reader(str(tmp_path / "a.tif"))


def test_the_real_micrograph_opens_calibrated(real_image):
    data, settings = read(real_image)
    assert data.shape == (512, 512)
    assert settings["scale"] == pytest.approx((0.10622, 0.10622), rel=1e-3)
