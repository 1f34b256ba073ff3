from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_strata.errors import OutputError, TableError
from napari_strata.io.atom_tables import read_atoms
from napari_strata.io.drawn_regions import read_regions
from napari_strata.io.map_files import check_map_file, write_map_pictures, write_map_table

TABLE = pd.DataFrame(
    {
        **{"image": "m", "frame": 0, "layer": 0, "species": "C"},
        **{"y_px": [1.0, 2.0], "x_px": [3.0, 4.0], "y_A": [0.1, 0.2], "x_A": [0.3, 0.4], "probability": 1.0},
        **{"exx": [0.5, np.nan], "stacking": ["AA", ""]},
    }
)
UNITS = {"y_px": "px", "exx": "%", "stacking": ""}
ABOUT = {"names": ("exx", "bond"), "units": ("%", "Å"), "frames": (0,), "layers": (0, 1), "pixel_size": 0.25}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_with_maps_is_still_an_atom_table(tmp_path: Path, ending: str) -> None:
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"maps.{ending}"
    write_map_table(TABLE, UNITS, path)
    read = read_atoms(path)
    assert read["y_px"].tolist() == [1, 2] and "exx" not in read
    if ending == "csv":
        lines = path.read_text("utf-8-sig").splitlines()
        assert lines[1] == "# Units: y_px [px], exx [%]"
        assert pd.read_csv(path, skiprows=2)["exx"].tolist()[0] == 0.5


def test_pictures_tell_what_they_are(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 1, 2, 2, 3)
    for ending in ("npz", "tif"):
        write_map_pictures(values, tmp_path / f"maps.{ending}", first_pixel=0.5, **ABOUT)
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as archive:
        assert archive["bond"].tolist() == values[1].tolist()
        assert archive["units"].tolist() == ["%", "Å"]
        assert (float(archive["pixel_size_A"]), float(archive["first_pixel_px"])) == (0.25, 0.5)
    with tifffile.TiffFile(tmp_path / "maps.tif") as tif:
        assert tif.asarray().reshape(values.shape).tolist() == values.tolist()
        described = tif.shaped_metadata[0]
        assert (described["names"], described["units"]) == (["exx", "bond"], ["%", "Å"])
        assert described["pixel_size_A"] == 0.25


def test_a_file_of_no_known_ending_is_refused() -> None:
    with pytest.raises(OutputError, match="does not tell its format"):
        check_map_file(Path("maps.xlsx"))


def test_shapes_that_napari_saved_are_read(tmp_path: Path) -> None:
    from napari_builtins.io import napari_write_shapes

    square = np.array([[1, 2], [1, 5], [4, 5], [4, 2]])
    path = tmp_path / "shapes.csv"
    napari_write_shapes(str(path), [square, square], {"shape_type": ["rectangle", "ellipse"]})
    (first, kind, corners), (_, other, _) = read_regions(path)
    assert (first, kind, other) == (0, "rectangle", "ellipse")
    assert corners.tolist() == [[1, 2], [1, 5], [4, 5], [4, 2]]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "index,shape-type,vertex-index,axis-0,axis-1\n0,path,0,x,1\n"])
def test_what_holds_no_shapes_is_refused_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shapes.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=str(path)):
        read_regions(path)
    with pytest.raises(TableError, match="cannot be read"):
        read_regions(tmp_path / "none.csv")
