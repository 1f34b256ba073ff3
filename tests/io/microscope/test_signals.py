from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from microscope_files import (
    IMAGE,
    STACK,
    hyperspy_axes,
    write_dm,
    write_hspy,
    write_mrc,
    write_ser,
    write_velox,
    write_zspy,
)
from napari_strata.errors import ExtraError, ImageError
from napari_strata.io.microscope.signals import read_signal, read_signals

Write = Callable[[Path, np.ndarray], Path]


def hyperspy(write: Callable[..., Path]) -> Write:
    return lambda path, data: write(path, {"HAADF": (data, hyperspy_axes(data.shape))})


WRITERS: dict[str, Write] = {
    "a.dm3": lambda path, data: write_dm(path, {"HAADF": data}),
    "a.dm4": lambda path, data: write_dm(path, {"HAADF": data}),
    "velox.emd": lambda path, data: write_velox(path, {"HAADF": data}),
    "ncem.emd": hyperspy(write_hspy),
    "a.hspy": hyperspy(write_hspy),
    "a.zspy": hyperspy(write_zspy),
    "a.mrc": write_mrc,
    "a.ser": write_ser,
}
"""A writer of a stack with pixels of 0.2 Å for every format."""
SEVERAL = ("a.dm4", "velox.emd", "ncem.emd", "a.hspy", "a.zspy")


def write_two(path: Path) -> Path:
    images = {"HAADF": STACK, "BF": IMAGE}
    if path.suffix == ".dm4":
        return write_dm(path, images)
    if path.name == "velox.emd":
        return write_velox(path, images)
    write = write_zspy if path.suffix == ".zspy" else write_hspy
    return write(path, {name: (data, hyperspy_axes(data.shape)) for name, data in images.items()})


@pytest.mark.parametrize("name", WRITERS)
def test_a_stack_comes_with_its_pixels_and_its_pixel_size(tmp_path: Path, name: str) -> None:
    (signal,), said = read_signals(WRITERS[name](tmp_path / name, STACK))
    assert signal.data.shape == STACK.shape
    assert signal.data.dtype.newbyteorder("=") == STACK.dtype
    np.testing.assert_array_equal(np.asarray(signal.data), STACK)
    assert signal.sides == pytest.approx((0.2, 0.2))
    assert [axis.name for axis in signal.axes][1:] == ["y", "x"]
    assert said == ()


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "a.ser"])
def test_pixels_are_left_in_the_file_until_they_are_needed(tmp_path: Path, name: str) -> None:
    (signal,), _ = read_signals(WRITERS[name](tmp_path / name, STACK))
    is_mapped = isinstance(signal.data, np.memmap)
    is_lazy = hasattr(signal.data, "compute")
    assert is_mapped != is_lazy
    np.testing.assert_array_equal(np.asarray(signal.data[1]), STACK[1])


@pytest.mark.parametrize("name", ["a.dm3", "a.dm4", "a.mrc"])
def test_a_mapped_file_is_read_when_pixels_are_asked_for(tmp_path: Path, name: str) -> None:
    path = WRITERS[name](tmp_path / name, STACK)
    (signal,), _ = read_signals(path)
    whole = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(whole.index(STACK.tobytes()))
        file.write((STACK + 7).tobytes())
    np.testing.assert_array_equal(signal.data, STACK + 7)


def test_one_frame_of_a_lazy_stack_needs_one_chunk(tmp_path: Path) -> None:
    (signal,), _ = read_signals(WRITERS["a.zspy"](tmp_path / "a.zspy", STACK))
    (tmp_path / "a.zspy/Experiments/HAADF/data/2.0.0").write_bytes(b"damaged")
    np.testing.assert_array_equal(np.asarray(signal.data[1]), STACK[1])
    with pytest.raises(RuntimeError):
        np.asarray(signal.data[2])


@pytest.mark.parametrize("name", SEVERAL)
def test_several_images_in_a_file_have_their_own_names(tmp_path: Path, name: str) -> None:
    signals, _ = read_signals(write_two(tmp_path / name))
    assert {signal.name: signal.data.ndim for signal in signals} == {"HAADF": 3, "BF": 2}


@pytest.mark.parametrize("name", SEVERAL)
def test_a_file_of_several_images_asks_which_and_lists_them(tmp_path: Path, name: str) -> None:
    path = write_two(tmp_path / name)
    with pytest.raises(ImageError, match=r"holds 2 images: .*HAADF \(3 x 12 x 20\).* --signal NAME"):
        read_signal(path)
    assert read_signal(path, "bf")[0].data.shape == IMAGE.shape
    with pytest.raises(ImageError, match=r"no image named 'DF', but .*BF \(12 x 20\)"):
        read_signal(path, "DF")


def test_images_of_the_same_title_are_told_apart(tmp_path: Path) -> None:
    axes = hyperspy_axes(IMAGE.shape)
    path = write_zspy(tmp_path / "a.zspy", {"one": (IMAGE, axes), "two": (IMAGE, axes)})
    for title in ("one", "two"):
        (path / f"Experiments/{title}/metadata/General/.zattrs").write_text('{"title": "HAADF"}')
    assert sorted(signal.name for signal in read_signals(path)[0]) == ["HAADF", "HAADF (2)"]


def test_axes_keep_their_names_units_and_offsets(tmp_path: Path) -> None:
    axes = hyperspy_axes(STACK.shape, size=0.5, unit="µm", offset=-3.0)
    (signal,), _ = read_signals(write_hspy(tmp_path / "a.hspy", {"drift": (STACK, axes)}))
    assert [(axis.name, axis.scale, axis.offset, axis.unit) for axis in signal.axes] == [
        ("t", 1.5, 0.0, "s"),
        ("y", 0.5, -3.0, "µm"),
        ("x", 0.5, -3.0, "µm"),
    ]
    assert signal.sides == (5000, 5000)


def displaced(write: Callable[..., Path]) -> Write:
    axes = hyperspy_axes(STACK.shape)
    axes[1]["offset"], axes[2]["offset"] = -1.0, -2.0
    return lambda path, data: write(path, {"HAADF": (data, axes)})


DISPLACED = {name: WRITERS[name] for name in ("a.dm3", "a.dm4", "velox.emd")} | {
    "ncem.emd": displaced(write_hspy),
    "a.hspy": displaced(write_hspy),
    "a.zspy": displaced(write_zspy),
    "a.ser": lambda path, data: write_ser(path, data, first=(-1e-9, -2e-9)),
}
"""A writer of a stack whose first pixel is at (-1 nm, -2 nm), for every format that can say so."""


@pytest.mark.parametrize("name", DISPLACED)
def test_the_place_of_the_first_pixel_is_kept(tmp_path: Path, name: str) -> None:
    (signal,), _ = read_signals(DISPLACED[name](tmp_path / name, STACK))
    nanometres = [axis.offset * {"nm": 1, "pm": 1e-3}[axis.unit] for axis in signal.axes[1:]]
    assert nanometres == pytest.approx([-1, -2])


@pytest.mark.parametrize("unit", ["1/nm", "1 / nm"])
def test_a_diffraction_pattern_has_no_pixel_size(tmp_path: Path, unit: str) -> None:
    axes = hyperspy_axes(IMAGE.shape, unit=unit)
    (signal,), _ = read_signals(write_zspy(tmp_path / "a.zspy", {"CBED": (IMAGE, axes)}))
    assert signal.sides is None
    assert [axis.unit for axis in signal.axes] == [unit] * 2


def test_pixels_that_are_not_square_keep_both_sides(tmp_path: Path) -> None:
    (signal,), _ = read_signals(write_dm(tmp_path / "a.dm3", {"HAADF": IMAGE}, size=(0.04, 0.02)))
    assert signal.sides == pytest.approx((0.4, 0.2))


def test_an_mrc_file_without_sampling_has_no_pixel_size(tmp_path: Path) -> None:
    (signal,), _ = read_signals(write_mrc(tmp_path / "a.mrc", IMAGE, 0))
    assert signal.sides is None


def test_what_lies_beside_a_movie_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "20250101_1_info.txt").write_text("Scan - Enable = Enable\nImage Size X (pixels) = 99999\n")
    (signal,), _ = read_signals(write_mrc(tmp_path / "20250101_1_movie.mrc", STACK))
    assert signal.data.shape == STACK.shape


def test_spectra_are_no_images(tmp_path: Path) -> None:
    spectra = hyperspy_axes(STACK.shape, unit="eV")
    line = hyperspy_axes(STACK.shape)
    line[1]["navigate"] = True
    both = {"EELS": (STACK, spectra), "lines": (STACK, line)}
    with pytest.raises(ImageError, match=r"a\.hspy holds no image\. Spectra"):
        read_signals(write_hspy(tmp_path / "a.hspy", both))


def test_emi_reads_the_series_that_lie_beside_it(tmp_path: Path) -> None:
    write_ser(tmp_path / "a_1.ser", STACK)
    (tmp_path / "a.emi").write_bytes(
        b"\0<ObjectInfo><AcquireInfo><CameraNamePath>HAADF</CameraNamePath></AcquireInfo><ExperimentalDescription>"
        b"<Root><Data><Label>Mode</Label><Value>STEM nP SA Zoom Image</Value><Unit></Unit></Data></Root>"
        b"</ExperimentalDescription></ObjectInfo>\0"
    )
    (signal,), _ = read_signals(tmp_path / "a.emi")
    np.testing.assert_array_equal(signal.data, STACK)


def test_a_zspy_folder_in_a_zip_file_is_read_too(tmp_path: Path) -> None:
    import shutil

    folder = WRITERS["a.zspy"](tmp_path / "a.zspy", STACK)
    Path(shutil.make_archive(str(tmp_path / "b"), "zip", folder)).rename(tmp_path / "b.zspy")
    (signal,), _ = read_signals(tmp_path / "b.zspy")
    np.testing.assert_array_equal(np.asarray(signal.data), STACK)


def test_without_rosettasciio_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_mrc(tmp_path / "a.mrc", IMAGE)
    monkeypatch.setattr("napari_strata.io.microscope.endings.find_spec", lambda _name: None)
    with pytest.raises(
        ExtraError, match=r'a\.mrc needs RosettaSciIO.*pip install "napari-strata\[formats\]".*GPL'
    ):
        read_signals(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"a\.dm4 cannot be read \(No such file"):
        read_signals(tmp_path / "a.dm4")


def test_a_package_that_a_file_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def needs_sparse(*_args: object, **_options: object) -> None:
        raise ModuleNotFoundError("The 'sparse' library was not found.")

    path = write_velox(tmp_path / "eds.emd", {"HAADF": IMAGE})
    monkeypatch.setattr("rsciio.emd.file_reader", needs_sparse)
    with pytest.raises(ExtraError, match=r"eds\.emd .*needs the package sparse.* pip install sparse"):
        read_signals(path)
