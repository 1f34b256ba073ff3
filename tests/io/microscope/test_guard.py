"""What strangers' files may claim, and what becomes of damaged ones: an error in words, never a traceback."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from napari_strata.errors import ImageError, StrataError
from napari_strata.io.arrays import read_array
from napari_strata.io.microscope.signals import read_signals

AXES = hyperspy_axes(IMAGE.shape)


@pytest.fixture
def hspy(tmp_path: Path) -> Path:
    return write_hspy(tmp_path / "a.hspy", {"HAADF": (IMAGE, AXES)})


@pytest.fixture
def zspy(tmp_path: Path) -> Path:
    return write_zspy(tmp_path / "a.zspy", {"HAADF": (IMAGE, AXES)})


def change_array(zspy: Path, **changes: object) -> None:
    file = zspy / "Experiments/HAADF/data/.zarray"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def refused(path: Path, words: str) -> None:
    with pytest.raises(ImageError, match=rf"{path.name} is refused: .*{words}"):
        read_signals(path)


def test_a_link_to_another_file_is_not_followed(hspy: Path) -> None:
    import h5py

    with h5py.File(hspy, "a") as file:
        file["Experiments/HAADF/secret"] = h5py.ExternalLink("/etc/other.h5", "/")
    refused(hspy, "links to another file")


def test_pixels_in_another_file_are_not_read(hspy: Path) -> None:
    import h5py

    (hspy.parent / "secret").write_bytes(bytes(240))
    with h5py.File(hspy, "a") as file:
        group = file["Experiments"].create_group("DF")
        group.create_dataset("data", (12, 20), "u1", external=[(str(hspy.parent / "secret"), 0, 240)])
    refused(hspy, "keeps its pixels in another file")


def test_virtual_pixels_of_another_file_are_not_read(hspy: Path) -> None:
    import h5py

    with h5py.File(hspy, "a") as file:
        layout = h5py.VirtualLayout((12, 20), "u2")
        layout[:] = h5py.VirtualSource("other.h5", "data", (12, 20))
        file["Experiments"].create_virtual_dataset("DF", layout)
    refused(hspy, "keeps its pixels in another file")


def test_a_group_that_holds_itself_ends(hspy: Path) -> None:
    import h5py

    with h5py.File(hspy, "a") as file:
        file["Experiments/HAADF/metadata/again"] = file["Experiments/HAADF/metadata"]
        assert isinstance(file["Experiments/HAADF/metadata/again/again"], h5py.Group)
    with pytest.raises(ImageError, match=r"a\.hspy cannot be read"):
        read_signals(hspy)


@pytest.mark.parametrize(
    ("name", "shape", "chunks", "words"),
    [
        ("data", (2**24, 2**24), (2**12, 2**12), "claims 512 TB"),
        ("data", (2**16, 2**16), (8, 8), "has more than 1,000,000 chunks"),
        ("_list_positions", (2**27,), (2**20,), "stores next to nothing"),
    ],
)
def test_sizes_that_no_file_has_are_refused(
    hspy: Path, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], words: str
) -> None:
    import h5py

    with h5py.File(hspy, "a") as file:
        file["Experiments"].create_group("bomb").create_dataset(name, shape, "u2", chunks=chunks)
    refused(hspy, words)


def test_an_image_larger_than_any_that_is_handled_is_refused(tmp_path: Path) -> None:
    import h5py

    path = write_hspy(tmp_path / "a.hspy", {"HAADF": (IMAGE, AXES)})
    with h5py.File(path, "a") as file:
        del file["Experiments/HAADF/data"]
        file["Experiments/HAADF"].create_dataset("data", (2**15, 2**14), "u1", chunks=(2**12, 2**12))
    with pytest.raises(ImageError, match="claims an image of 32768 x 16384 pixels"):
        read_signals(path)


def test_a_zspy_that_would_run_a_pickle_is_refused(zspy: Path) -> None:
    change_array(zspy, dtype="|O", filters=[{"id": "pickle", "protocol": 5}])
    refused(zspy, "packed by 'pickle'")


def test_a_pickle_in_gathered_descriptions_is_refused(zspy: Path) -> None:
    file = zspy / "Experiments/HAADF/data/.zarray"
    gathered = {"Experiments/HAADF/data/.zarray": json.loads(file.read_text()) | {"filters": [{"id": "pickle"}]}}
    (zspy / ".zmetadata").write_text(json.dumps({"zarr_consolidated_format": 1, "metadata": gathered}))
    refused(zspy, "packed by 'pickle'")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shape": [2**24, 2**24]}, "claims 2,048 TB"),
        ({"shape": [2**16, 2**16], "chunks": [4, 4]}, "chunks"),
        ({"chunks": [0, 20]}, r"states the chunks \(0, 20\)"),
        ({"chunks": [2**16, 2**16]}, "chunks of more than 2 GB"),
    ],
)
def test_a_zspy_that_claims_too_much_is_refused(zspy: Path, changes: dict[str, object], words: str) -> None:
    change_array(zspy, **changes)
    refused(zspy, words)


def test_an_mrc_file_shorter_than_it_says_is_refused(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", STACK)
    path.write_bytes(path.read_bytes()[:-1])
    refused(path, "claims 3 images of 12 x 20 pixels and is too short")
    path.write_bytes(path.read_bytes()[:1000])
    refused(path, "shorter than its header")


def test_a_series_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    path = write_ser(tmp_path / "a.ser", STACK)
    raw = bytearray(path.read_bytes())
    raw[18:22] = struct.pack("<I", 2**31)
    path.write_bytes(raw)
    refused(path, "its header is damaged")


def test_a_dm4_file_that_was_cut_short_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    path = write_dm(tmp_path / "a.dm4", {"HAADF": STACK})
    whole = path.read_bytes()
    path.write_bytes(whole.replace(struct.pack("<L", 12), struct.pack("<L", 2**31), 1))
    with pytest.raises(ImageError, match=r"a\.dm4 cannot be read"):
        read_signals(path)


def _samples(folder: Path) -> dict[str, bytes]:
    both = {"HAADF": (STACK, hyperspy_axes(STACK.shape)), "BF": (IMAGE, AXES)}
    files = [
        write_dm(folder / "a.dm3", {"HAADF": IMAGE}),
        write_dm(folder / "a.dm4", {"HAADF": STACK}),
        write_velox(folder / "velox.emd", {"HAADF": IMAGE}),
        write_hspy(folder / "ncem.emd", both),
        write_hspy(folder / "a.hspy", both),
        write_mrc(folder / "a.mrc", STACK),
        write_ser(folder / "a.ser", STACK),
    ]
    return {file.name: file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return _samples(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("name", ["a.dm3", "a.dm4", "velox.emd", "ncem.emd", "a.hspy", "a.mrc", "a.ser"])
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused_in_words(
    tmp_path: Path, samples: dict[str, bytes], name: str, data: st.DataObject
) -> None:
    whole = samples[name]
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)
    if damaged:
        places = st.lists(st.tuples(st.integers(0, min(len(damaged), 4000) - 1), st.integers(0, 255)), max_size=6)
        for place, value in data.draw(places):
            damaged[place] = value
    path = tmp_path / name
    path.unlink(missing_ok=True)
    path.write_bytes(damaged)
    try:
        assert read_array(path).data.dtype.kind in "biufc"
    except StrataError as error:
        assert name in error.message


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_zspy_folder_is_read_or_refused_in_words(tmp_path: Path, data: st.DataObject) -> None:
    path = write_zspy(tmp_path / "a.zspy", {"HAADF": (IMAGE, AXES)})
    files = sorted(file for file in path.rglob("*") if file.is_file())
    file = data.draw(st.sampled_from(files))
    raw = bytearray(file.read_bytes())
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), min_size=1)
    ):
        raw[place] = value
    file.write_bytes(raw)
    try:
        assert np.isfinite(read_array(path).data.sum())
    except StrataError as error:
        assert "a.zspy" in error.message
