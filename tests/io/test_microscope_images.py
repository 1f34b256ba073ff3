"""Microscopes' files where images are read: as arrays, as calibrated stacks, and as headers."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from microscope_files import IMAGE, STACK, hyperspy_axes, write_dm, write_hspy, write_mrc
from napari_strata.errors import ExtraError, ImageError, LabelsError
from napari_strata.io.arrays import read_array, read_header
from napari_strata.io.calibration import CalibrationSource
from napari_strata.io.images import read_image


def two(path: Path) -> Path:
    return write_hspy(path, {name: (IMAGE, hyperspy_axes(IMAGE.shape, 0.01)) for name in ("HAADF", "BF")})


def test_a_stack_is_calibrated_by_its_file(tmp_path: Path) -> None:
    image = read_image(write_dm(tmp_path / "moire.dm4", {"HAADF": STACK}))
    assert image.stack.name == "moire"
    assert image.stack.pixel_size == 0.2
    assert image.calibration.source is CalibrationSource.FILE
    np.testing.assert_array_equal(image.stack.data, STACK)
    assert image.warnings == ()


def test_a_typed_pixel_size_wins_and_the_contradiction_is_told(tmp_path: Path) -> None:
    image = read_image(write_mrc(tmp_path / "a.mrc", STACK), pixel_size=0.3)
    assert image.stack.pixel_size == 0.3
    assert image.warnings == ("a.mrc: the pixel size given, 0.3 Å, is used; the file says 0.2 Å.",)


def test_one_of_several_images_is_read_by_its_name(tmp_path: Path) -> None:
    path = two(tmp_path / "a.hspy")
    assert read_image(path, signal="BF").stack.pixel_size == 0.1
    with pytest.raises(ImageError, match="holds 2 images"):
        read_image(path)


def test_only_microscopes_files_have_named_images(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGE)
    with pytest.raises(ImageError, match="Leave --signal out"):
        read_image(tmp_path / "a.npy", signal="BF")


def test_pixels_that_are_not_square_calibrate_nothing_and_the_remedy_is_told(tmp_path: Path) -> None:
    path = write_dm(tmp_path / "a.dm3", {"HAADF": IMAGE}, size=(0.04, 0.02))
    image = read_image(path)
    assert image.stack.pixel_size is None
    (warning,) = image.warnings
    assert "0.4 Å high and 0.2 Å wide" in warning
    assert "resample" in warning
    assert read_array(path).sides == pytest.approx((0.4, 0.2))


def test_a_diffraction_pattern_is_read_without_a_pixel_size(tmp_path: Path) -> None:
    image = read_image(write_dm(tmp_path / "a.dm3", {"CBED": IMAGE}, unit="1/nm"))
    assert image.stack.pixel_size is None
    assert image.warnings == ()


def test_a_header_is_read_without_pixels(tmp_path: Path) -> None:
    header = read_header(write_dm(tmp_path / "a.dm4", {"HAADF": STACK}))
    assert (header.shape, header.dtype, header.pixel_size) == ((3, 12, 20), np.uint16, 0.2)


def test_the_error_is_of_the_type_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="holds 2 images"):
        read_array(two(tmp_path / "a.hspy"), error_type=LabelsError)


def test_what_does_not_fit_into_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_hspy(tmp_path / "a.hspy", {"HAADF": (STACK, hyperspy_axes(STACK.shape))})

    class Little:
        available = STACK.nbytes - 1

    monkeypatch.setattr("psutil.virtual_memory", Little)
    with pytest.raises(ImageError, match="does not fit into memory"):
        read_array(path)


def test_a_missing_extra_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_strata.io.microscope.endings.find_spec", lambda _name: None)
    path = tmp_path / "a.mrc"
    path.write_bytes(b"anything")
    with pytest.raises(ExtraError, match=r"napari-strata\[formats\]"):
        read_image(path)


def test_a_tif_keeps_both_sides_of_its_pixels(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", IMAGE, imagej=True, resolution=(50, 25), metadata={"unit": "nm"})
    assert read_array(tmp_path / "a.tif").sides == pytest.approx((0.4, 0.2))
