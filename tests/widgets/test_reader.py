import numpy as np
import pytest

from napari_strata.io.images import write_images
from napari_strata.io.masks import write_masks
from napari_strata.widgets.calibration import CalibrationSource, calibration_of
from napari_strata.widgets.reader import get_reader

PICTURE = np.random.default_rng(0).integers(0, 5, (16, 24), dtype=np.uint8)


def read(path):
    reader = get_reader(str(path))
    assert reader is not None
    ((data, settings, kind),) = reader(str(path))
    assert kind == "image"
    return data, settings


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


def test_what_states_no_pixel_size_is_left_to_napari(tmp_path):
    write_images(PICTURE, tmp_path / "a.tif")
    np.savez(tmp_path / "a.npz", im_array=PICTURE)
    assert get_reader(str(tmp_path / "a.tif")) is None
    assert get_reader(str(tmp_path / "a.npz")) is None


def test_masks_colour_pictures_and_damaged_files_are_left_to_napari(tmp_path):
    write_masks(np.ones((2, 2, 16, 24), np.uint8), tmp_path / "masks.tif", pixel_size=0.5)
    np.savez(tmp_path / "colour.npz", im_array=np.zeros((16, 24, 3)), pixel_size=1e-10)
    (tmp_path / "damaged.tif").write_bytes(b"II*\0")
    for name in ("masks.tif", "colour.npz", "damaged.tif", "missing.npz"):
        assert get_reader(str(tmp_path / name)) is None


def test_several_files_that_shall_be_one_stack_are_left_to_napari(tmp_path):
    assert get_reader([str(tmp_path / "a.tif"), str(tmp_path / "b.tif")]) is None


def test_the_real_micrograph_opens_calibrated(real_image):
    data, settings = read(real_image)
    assert data.shape == (512, 512)
    assert settings["scale"] == pytest.approx((0.10622, 0.10622), rel=1e-3)
