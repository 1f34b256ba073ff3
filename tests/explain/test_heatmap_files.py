"""A map comes out of its file as it went in, with all that was asked."""

import json

import numpy as np
import pytest
import tifffile
import zarr

from napari_strata.errors import OutputError, TargetError
from napari_strata.explain.heatmap import Heatmap, check_heatmap_file, read_heatmap, write_heatmap
from napari_strata.io.images import read_image

METADATA = {
    "method": "grad-cam",
    "parameters": {"feature_map": "", "seed": 0},
    "target": {"kind": "region", "pixels": 2, "runs": {"shape": [2, 3], "values": [1, 0], "lengths": [2, 4]}},
    "position": [0.0, 0.5],
    "image": "spöts",
    "pixel_size_A": 0.25,
}
DATA = np.arange(6, dtype=np.float32).reshape(2, 3) - 2


@pytest.mark.parametrize("name", ["heat.tif", "heat.zarr", "deeper/HEAT.ZARR"])
def test_a_map_can_be_read_again(tmp_path, name):
    write_heatmap(Heatmap(DATA, METADATA), tmp_path / name)
    write_heatmap(Heatmap(DATA, METADATA), tmp_path / name)  # in place of the first
    found = read_heatmap(tmp_path / name)
    np.testing.assert_array_equal(found.data, DATA)
    assert dict(found.metadata) == METADATA
    assert [path.name for path in (tmp_path / name).parent.iterdir()] == [name.rpartition("/")[2]]


def test_any_program_finds_the_pixel_size_of_a_tif(tmp_path):
    write_heatmap(Heatmap(DATA, METADATA), tmp_path / "heat.tif")
    assert read_image(tmp_path / "heat.tif").stack.pixel_size == pytest.approx(0.25)
    with tifffile.TiffFile(tmp_path / "heat.tif") as tif:
        tags = tif.pages[0].tags
        assert (tags["XResolution"].value, tags["ResolutionUnit"].value) == ((400_000_000, 1), 3)


def test_a_zarr_says_where_its_pixels_lie_as_ome_asks(tmp_path):
    write_heatmap(Heatmap(DATA, METADATA), tmp_path / "heat.zarr")
    told = json.loads((tmp_path / "heat.zarr/zarr.json").read_text())["attributes"]["ome"]
    assert told["version"] == "0.5"
    (image,) = told["multiscales"]
    assert image["axes"] == [{"name": name, "type": "space", "unit": "angstrom"} for name in "yx"]
    (level,) = image["datasets"]
    assert level["coordinateTransformations"] == [{"type": "scale", "scale": [0.25, 0.25]}]
    np.testing.assert_array_equal(zarr.open_group(tmp_path / "heat.zarr", mode="r")[level["path"]][...], DATA)


def test_without_a_pixel_size_the_axes_have_no_unit(tmp_path):
    write_heatmap(Heatmap(DATA, METADATA | {"pixel_size_A": None}), tmp_path / "heat.zarr")
    told = json.loads((tmp_path / "heat.zarr/zarr.json").read_text())["attributes"]["ome"]["multiscales"][0]
    assert told["axes"] == [{"name": name, "type": "space"} for name in "yx"]
    assert told["datasets"][0]["coordinateTransformations"][0]["scale"] == [1.0, 1.0]


def test_a_folder_that_is_no_zarr_is_not_replaced(tmp_path):
    (tmp_path / "heat.zarr").mkdir()
    (tmp_path / "heat.zarr/letters.txt").write_text("dear")
    with pytest.raises(OutputError, match="no zarr"):
        write_heatmap(Heatmap(DATA, METADATA), tmp_path / "heat.zarr")
    assert (tmp_path / "heat.zarr/letters.txt").read_text() == "dear"


@pytest.mark.parametrize("name", ["heat", "heat.png", "heat.csv"])
def test_a_name_that_tells_no_format_is_refused_with_those_that_do(name, tmp_path):
    with pytest.raises(OutputError, match="does not tell its format") as refused:
        check_heatmap_file(tmp_path / name)
    assert ".tif" in refused.value.remedy
    assert ".zarr" in refused.value.remedy


def test_what_is_no_map_is_refused(tmp_path):
    (tmp_path / "text.tif").write_text("no")
    tifffile.imwrite(tmp_path / "image.tif", DATA)
    zarr.open_group(tmp_path / "other.zarr", mode="w")
    for name in ("text.tif", "image.tif", "other.zarr"):
        with pytest.raises(TargetError, match="heatmap") as refused:
            read_heatmap(tmp_path / name)
        assert "explain wrote" in refused.value.remedy
    for name in ("none.tif", "none.zarr"):
        with pytest.raises(TargetError, match=f"{name} does not exist") as refused:
            read_heatmap(tmp_path / name)
        assert "path" in refused.value.remedy
