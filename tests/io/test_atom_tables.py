from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.errors import OutputError, TableError
from napari_strata.io.atom_tables import TRUTH_COLUMNS, read_atoms, write_atoms
from napari_strata.types import ATOM_COLUMNS

POSITION = st.floats(-10, 5000)
ATOM = st.tuples(
    st.sampled_from(["007", "image, with comma", "Größe", "NA"]),
    st.integers(0, 9),
    st.integers(0, 3),
    st.sampled_from(["C", "W", "Na", "NA", "nan"]),
    POSITION,
    POSITION,
    POSITION,
    POSITION,
    st.floats(0, 1),
)


def table(**changes: object) -> pd.DataFrame:
    row = dict(zip(ATOM_COLUMNS, ("a", 0, 1, "C", 1.5, 2.5, 0.3, 0.5, 0.9), strict=True))
    return pd.DataFrame([row | changes])


@given(rows=st.lists(ATOM, max_size=5))
def test_a_table_comes_back_to_a_millionth(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple]) -> None:
    path = tmp_path_factory.mktemp("atoms") / "atoms.csv"
    types = dict.fromkeys(ATOM_COLUMNS, "float64") | {"image": "str", "species": "str"}
    types |= {"frame": "int64", "layer": "int64"}
    written = pd.DataFrame(rows, columns=list(ATOM_COLUMNS)).astype(types)
    write_atoms(written, path)
    pd.testing.assert_frame_equal(read_atoms(path), written, rtol=0, atol=6e-7)


def test_the_file_begins_with_the_columns_of_the_contract(tmp_path: Path) -> None:
    write_atoms(table(), tmp_path / "atoms.csv")
    first, second = (tmp_path / "atoms.csv").read_text().splitlines()
    assert first == "image,frame,layer,species,y_px,x_px,y_A,x_A,probability"
    assert second == "a,0,1,C,1.500000,2.500000,0.300000,0.500000,0.900000"


def test_a_truth_table_has_no_probability(tmp_path: Path) -> None:
    write_atoms(table().drop(columns="probability"), tmp_path / "atoms.csv")
    assert tuple(read_atoms(tmp_path / "atoms.csv").columns) == TRUTH_COLUMNS


def test_positions_in_angstrom_may_be_unknown(tmp_path: Path) -> None:
    write_atoms(table(y_A=np.nan, x_A=np.nan), tmp_path / "atoms.csv")
    assert ",1.500000,2.500000,,,0.900000" in (tmp_path / "atoms.csv").read_text()
    assert read_atoms(tmp_path / "atoms.csv")[["y_A", "x_A"]].isna().all(axis=None)


def test_no_atoms_make_a_table_of_no_rows(tmp_path: Path) -> None:
    write_atoms(pd.DataFrame(columns=list(ATOM_COLUMNS)), tmp_path / "atoms.csv")
    empty = read_atoms(tmp_path / "atoms.csv")
    assert len(empty) == 0
    assert empty["frame"].dtype == np.int64
    assert empty["y_A"].dtype == np.float64


def test_columns_of_later_versions_are_left_out(tmp_path: Path) -> None:
    table().assign(sigma=0.4).to_csv(tmp_path / "atoms.csv", index=False)
    assert tuple(read_atoms(tmp_path / "atoms.csv").columns) == ATOM_COLUMNS


@pytest.mark.parametrize("column", TRUTH_COLUMNS)
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    table().drop(columns=column).to_csv(tmp_path / "atoms.csv", index=False)
    with pytest.raises(TableError, match=f"lacks {column}"):
        read_atoms(tmp_path / "atoms.csv")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("frame", -1),
        ("frame", 0.5),
        ("layer", "top"),
        ("y_px", "left"),
        ("x_px", np.nan),
        ("y_px", np.inf),
        ("x_A", np.inf),
        ("probability", 1.5),
        ("probability", np.nan),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_column(tmp_path: Path, column: str, value: object) -> None:
    table(**{column: value}).to_csv(tmp_path / "atoms.csv", index=False)
    with pytest.raises(TableError, match=column):
        read_atoms(tmp_path / "atoms.csv")


def test_a_table_with_other_columns_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="sigma"):
        write_atoms(table().assign(sigma=1.0), tmp_path / "atoms.csv")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'a,b\n"1,2\n3'])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "atoms.csv").write_bytes(content)
    with pytest.raises(TableError, match=r"atoms.csv"):
        read_atoms(tmp_path / "atoms.csv")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"atoms.csv cannot be read"):
        read_atoms(tmp_path / "atoms.csv")


def test_a_failed_write_leaves_the_old_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atoms(table(), tmp_path / "atoms.csv")
    before = (tmp_path / "atoms.csv").read_text()

    def full(self: pd.DataFrame, path: Path, **_options: object) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(OutputError, match="No space left"):
        write_atoms(table(layer=0), tmp_path / "atoms.csv")
    assert (tmp_path / "atoms.csv").read_text() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["atoms.csv"]


def test_details_of_a_fit_come_back_with_intensities_of_any_size(tmp_path: Path) -> None:
    fit = {
        "sigma_y": 0.0125,
        "sigma_x": np.nan,
        "amplitude": 3.25e-9,
        "background": 7.5e12,
        "width": 0.5,
        "chi2": 1.0,
    }
    written = table(**fit, flag="border crowded", edited="moved")
    write_atoms(written, tmp_path / "atoms.csv")
    pd.testing.assert_frame_equal(read_atoms(tmp_path / "atoms.csv"), written, check_dtype=False)


def test_details_may_follow_a_truth_table_but_only_in_their_order(tmp_path: Path) -> None:
    truth = table(flag="").drop(columns="probability")
    write_atoms(truth, tmp_path / "atoms.csv")
    assert tuple(read_atoms(tmp_path / "atoms.csv").columns) == (*TRUTH_COLUMNS, "flag")
    with pytest.raises(TableError, match="columns"):
        write_atoms(table(flag="", sigma_y=0.1), tmp_path / "atoms.csv")


@pytest.mark.parametrize("column", ["sigma_y", "sigma_x", "width", "chi2"])
def test_an_uncertainty_below_zero_is_refused(tmp_path: Path, column: str) -> None:
    with pytest.raises(TableError, match=column):
        write_atoms(table(**{column: -0.1}), tmp_path / "atoms.csv")
