"""CSV with units, Parquet and GeoJSON: what other programs see of them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from napari_strata.errors import ExtraError, TableError
from napari_strata.io.atom_tables import read_atoms, write_atoms
from napari_strata.types import ATOM_COLUMNS


@pytest.fixture
def table() -> pd.DataFrame:
    row = dict(zip(ATOM_COLUMNS, ("a", 0, 1, "C", 1.5, 2.5, 0.3, 0.5, 0.9), strict=True))
    return pd.DataFrame([row | {"sigma_y": 0.01, "amplitude": 3e-9, "flag": ""}])


def test_units_stand_before_the_header(tmp_path: Path, table: pd.DataFrame) -> None:
    write_atoms(table, tmp_path / "a.csv", units=True)
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")  # or Excel takes Å for other letters
    meaning, units, header, row = (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()
    assert meaning == "# (0, 0) is the centre of the first pixel; frame and layer count from 0."
    assert units == "# Units: y_px [px], x_px [px], y_A [Å], x_A [Å], sigma_y [Å], amplitude [intensity]"
    assert header == "image,frame,layer,species,y_px,x_px,y_A,x_A,probability,sigma_y,amplitude,flag"
    assert row == "a,0,1,C,1.500000,2.500000,0.300000,0.500000,0.900000,0.010000,3e-09,"
    pd.testing.assert_frame_equal(read_atoms(tmp_path / "a.csv"), table)


def test_pandas_passes_over_the_lines_of_units(tmp_path: Path, table: pd.DataFrame) -> None:
    write_atoms(table, tmp_path / "a.csv", units=True)
    assert pd.read_csv(tmp_path / "a.csv", comment="#")["y_px"].tolist() == [1.5]


def test_parquet_states_the_unit_of_each_column(tmp_path: Path, table: pd.DataFrame) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_atoms(table, tmp_path / "a.parquet")
    schema = parquet.read_schema(tmp_path / "a.parquet")
    assert schema.field("sigma_y").metadata == {b"unit": "Å".encode()}
    assert schema.field("species").metadata is None
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), table)


def test_parquet_of_other_programs_needs_our_columns(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pd.DataFrame({"x": [1.0]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(TableError, match=r"a\.parquet lacks image"):
        read_atoms(tmp_path / "a.parquet")


def test_without_pyarrow_the_error_says_what_to_install(
    tmp_path: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_strata.io.atoms.parquet.find_spec", lambda _name: None)
    with pytest.raises(ExtraError, match=r"napari-strata\[parquet\]"):
        write_atoms(table, tmp_path / "a.parquet")


def test_geojson_holds_points_with_x_first(tmp_path: Path, table: pd.DataFrame) -> None:
    write_atoms(table.assign(y_A=float("nan")), tmp_path / "a.geojson")
    content = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    (feature,) = content["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [2.5, 1.5]}
    assert feature["properties"]["y_A"] is None
    assert content["units"]["x_A"] == "Å"


def test_points_of_another_program_become_atoms(tmp_path: Path) -> None:
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [4, 3]}, "properties": None}
    (tmp_path / "drawn.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [point]}))
    table = read_atoms(tmp_path / "drawn.geojson", pixel_size=0.5)
    expected = {"image": "drawn", "frame": 0, "layer": 0, "species": "atom"}
    assert table.to_dict("records") == [expected | {"y_px": 3, "x_px": 4, "y_A": 1.5, "x_A": 2}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "no collection of features"),
        ('{"features": [{"geometry": {"type": "Polygon"}}]}', "other shapes than points"),
        ('{"features": [{"geometry": {"type": "Point", "coordinates": [1]}}]}', "no coordinates"),
        ('{"features": [{"geometry": {"type": "Point", "coordinates": [1, NaN]}}]}', "holds the number NaN"),
        ("[" * 100_000, "nested too deep|no JSON"),
    ],
)
def test_what_is_no_geojson_of_points_is_refused(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "a.geojson").write_text(content)
    with pytest.raises(TableError, match=words):
        read_atoms(tmp_path / "a.geojson")


def test_a_csv_table_with_semicolons_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image;frame;layer;species;y_px;x_px;y_A;x_A\na;0;0;C;1,5;2;0,15;0,2\n")
    with pytest.raises(TableError, match="semicolons") as refused:
        read_atoms(tmp_path / "a.csv")
    assert "commas" in refused.value.remedy
