from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_strata.io.arrays import read_array
from napari_strata.io.calibration import CalibrationSource
from napari_strata.io.images import read_image, write_images


@pytest.fixture
def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 60_000, (3, 20, 30), dtype=np.uint16)


@pytest.mark.parametrize(
    ("unit", "per_unit", "angstrom"),
    [("nm", 50.0, 0.2), ("micron", 100.0, 100.0), ("\\u00B5m", 100.0, 100.0), ("pm", 0.05, 0.2)],
)
def test_imagej_metadata_calibrate(
    tmp_path: Path, frames: np.ndarray, unit: str, per_unit: float, angstrom: float
) -> None:
    tifffile.imwrite(
        tmp_path / "ij.tif", frames, imagej=True, resolution=(per_unit, per_unit), metadata={"unit": unit}
    )
    image = read_image(tmp_path / "ij.tif")
    assert image.stack.pixel_size == pytest.approx(angstrom, rel=1e-6)
    assert image.stack.data.shape == (3, 20, 30)


@pytest.mark.parametrize("unit", ["pixel", "inch", ""])
def test_imagej_units_that_are_not_metric_calibrate_nothing(tmp_path: Path, frames: np.ndarray, unit: str) -> None:
    tifffile.imwrite(tmp_path / "ij.tif", frames, imagej=True, resolution=(5, 5), metadata={"unit": unit})
    image = read_image(tmp_path / "ij.tif")
    assert image.stack.pixel_size is None
    assert image.calibration.source is CalibrationSource.UNKNOWN


def test_ome_metadata_calibrate(tmp_path: Path, frames: np.ndarray) -> None:
    sizes = {"PhysicalSizeX": 0.02, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.2, "PhysicalSizeYUnit": "Å"}
    tifffile.imwrite(tmp_path / "a.ome.tif", frames, metadata={"axes": "TYX", **sizes})
    assert read_image(tmp_path / "a.ome.tif").stack.pixel_size == pytest.approx(0.2)


def test_ome_lengths_without_a_unit_are_micrometres(tmp_path: Path, frames: np.ndarray) -> None:
    tifffile.imwrite(
        tmp_path / "a.ome.tif", frames, metadata={"axes": "TYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    )
    assert read_image(tmp_path / "a.ome.tif").stack.pixel_size == pytest.approx(5000)


def test_metric_resolution_tags_calibrate(tmp_path: Path, frames: np.ndarray) -> None:
    tags = {"resolution": (5e8, 5e8), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(tmp_path / "tag.tif", frames, photometric="minisblack", metadata=None, **tags)
    assert read_image(tmp_path / "tag.tif").stack.pixel_size == pytest.approx(0.2)


@pytest.mark.parametrize(("resolution", "unit"), [(300, "INCH"), (118.11, "CENTIMETER"), (1, "NONE")])
def test_printer_resolution_is_no_calibration(
    tmp_path: Path, frames: np.ndarray, resolution: float, unit: str
) -> None:
    tags = {"resolution": (resolution, resolution), "resolutionunit": unit}
    tifffile.imwrite(tmp_path / "p.tif", frames[0], **tags)
    assert read_image(tmp_path / "p.tif").stack.pixel_size is None


def test_pixels_that_are_not_square_are_reported_and_calibrate_nothing(tmp_path: Path, frames: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "ij.tif", frames, imagej=True, resolution=(50, 25), metadata={"unit": "nm"})
    image = read_image(tmp_path / "ij.tif")
    assert image.stack.pixel_size is None
    assert image.warnings == (
        "ij.tif: its header says that pixels are 0.4 Å high and 0.2 Å wide; networks and atoms need square ones,"
        " so it is not used: resample the image, or type a pixel size to take them as square.",
    )


def test_the_tags_of_digital_micrograph_calibrate(tmp_path: Path, frames: np.ndarray) -> None:
    tags = [(tag, 2, 0, "nm", False) for tag in (65003, 65004)] + [
        (tag, 12, 1, 0.02, False) for tag in (65009, 65010)
    ]
    tifffile.imwrite(tmp_path / "dm.tif", frames[0], extratags=tags)
    assert read_image(tmp_path / "dm.tif").stack.pixel_size == pytest.approx(0.2)


def test_the_notes_of_thermo_fisher_calibrate_in_metres(tmp_path: Path, frames: np.ndarray) -> None:
    notes = "[Scan]\r\nPixelWidth=2e-011\r\nPixelHeight=4e-011\r\n"
    tifffile.imwrite(tmp_path / "fei.tif", frames[0], extratags=[(34682, 2, 0, notes, False)])
    assert read_array(tmp_path / "fei.tif").sides == pytest.approx((0.4, 0.2))


def test_a_stack_of_one_frame_keeps_its_three_axes_on_disk(tmp_path: Path, frames: np.ndarray) -> None:
    write_images(frames[:1], tmp_path / "one.tif")
    assert tifffile.imread(tmp_path / "one.tif").shape == (1, 20, 30)


def test_other_programs_find_the_resolution_of_a_stack_written_here(tmp_path: Path, frames: np.ndarray) -> None:
    write_images(frames, tmp_path / "stack.tif", pixel_size=0.5)
    with tifffile.TiffFile(tmp_path / "stack.tif") as tif:
        numerator, denominator = tif.pages[0].tags["XResolution"].value
        assert tif.pages[0].tags["ResolutionUnit"].value == 3  # per cm
    assert numerator / denominator == pytest.approx(2e8)


def test_a_pixel_size_too_fine_for_the_resolution_tag_survives(tmp_path: Path, frames: np.ndarray) -> None:
    write_images(frames, tmp_path / "fine.tif", pixel_size=0.001)
    assert read_image(tmp_path / "fine.tif").stack.pixel_size == 0.001


def test_a_page_of_its_own_each_makes_a_stack(tmp_path: Path, frames: np.ndarray) -> None:
    with tifffile.TiffWriter(tmp_path / "pages.tif") as writer:
        for frame in frames:
            writer.write(frame, contiguous=False, metadata=None)
    np.testing.assert_array_equal(read_image(tmp_path / "pages.tif").stack.data, frames)


def test_pages_of_different_shapes_are_reported(tmp_path: Path, frames: np.ndarray) -> None:
    with tifffile.TiffWriter(tmp_path / "mixed.tif") as writer:
        writer.write(frames[0])
        writer.write(frames[0, ::2, ::2])
    image = read_image(tmp_path / "mixed.tif")
    assert image.stack.data.shape == (1, 20, 30)
    assert image.warnings == ("mixed.tif: it holds 2 image series, of which the first is used.",)


def test_a_header_that_was_cut_off_is_reported_though_all_pixels_are_there(
    tmp_path: Path, frames: np.ndarray
) -> None:
    sizes = {"PhysicalSizeX": 0.02, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.02, "PhysicalSizeYUnit": "nm"}
    tifffile.imwrite(tmp_path / "a.tif", frames, ome=True, metadata={"axes": "TYX", **sizes})
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[:-20])
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.stack.data, frames)
    assert image.warnings == ("a.tif: part of its header is missing or damaged.",)


@pytest.mark.parametrize("count", [3, 4])
def test_three_frames_that_tifffile_stores_as_colours_are_frames(
    tmp_path: Path, frames: np.ndarray, count: int
) -> None:
    planes = np.resize(frames, (count, 20, 30))
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.stack.data, planes)
    assert image.warnings == (f"a.tif: it calls its {count} frames colours; they are taken as frames.",)
