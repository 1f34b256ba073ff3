"""What every format of atom tables has in common: tables come back, and damage is told in words."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_strata.errors import CalibrationError, StrataError, TableError
from napari_strata.io.atom_tables import TRUTH_COLUMNS, read_atoms, write_atoms
from napari_strata.io.atoms.formats import FORMATS, format_of
from napari_strata.types import ATOM_COLUMNS, ATOM_DETAILS

EXACT = (".parquet", ".extxyz", ".cif", ".geojson")
SIZE = 0.106
NUMBER = st.floats(-1e6, 1e6)
UNKNOWN = st.one_of(st.just(np.nan), NUMBER)
WIDTH = st.one_of(st.just(np.nan), st.floats(0, 1e3))
NAME = st.one_of(
    st.sampled_from(["C", "007", "NA", "nan", "-", "W top", "%20", "Größe, 3.5~", ""]), st.text(max_size=8)
)
DETAILS = {
    "sigma_y": WIDTH,
    "sigma_x": WIDTH,
    "amplitude": UNKNOWN,
    "background": UNKNOWN,
    "width": WIDTH,
    "chi2": WIDTH,
    "flag": st.sampled_from(["", "border", "border crowded"]),
    "edited": st.sampled_from(["", "moved"]),
}
COLUMNS = {
    "image": NAME,
    "frame": st.integers(0, 3),
    "layer": st.integers(0, 2),
    "species": NAME,
    "y_px": NUMBER,
    "x_px": NUMBER,
    "y_A": NUMBER,
    "x_A": NUMBER,
    "probability": st.floats(0, 1),
    **DETAILS,
}
TYPES = dict.fromkeys((*ATOM_COLUMNS, *ATOM_DETAILS), "float64")
TYPES |= dict.fromkeys(("image", "species", "flag", "edited"), "str") | dict.fromkeys(("frame", "layer"), "int64")


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    optional = draw(st.sets(st.sampled_from(["probability", *DETAILS])))
    names = [name for name in COLUMNS if name in TRUTH_COLUMNS or name in optional]
    rows = draw(st.lists(st.tuples(*(COLUMNS[name] for name in names)), max_size=6))
    return pd.DataFrame(rows, columns=names).astype({name: TYPES[name] for name in names})


def atoms(**changes: object) -> pd.DataFrame:
    row = dict(zip(ATOM_COLUMNS, ("a", 0, 1, "C", 15.0, 25.0, 1.59, 2.65, 0.9), strict=True))
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize("ending", EXACT)
def test_a_table_comes_back_exactly(tmp_path_factory: pytest.TempPathFactory, ending: str) -> None:
    folder = tmp_path_factory.mktemp("atoms")

    @settings(max_examples=40)
    @given(tables())
    def check(table: pd.DataFrame) -> None:
        write_atoms(table, folder / f"atoms{ending}")
        back = read_atoms(folder / f"atoms{ending}")
        if table.empty and ending == ".cif":
            table = table[list(TRUTH_COLUMNS)]
        pd.testing.assert_frame_equal(back, table, check_exact=True)

    check()


def test_a_csv_table_with_units_comes_back_to_a_millionth(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("atoms") / "atoms.csv"

    @settings(max_examples=40)
    @given(tables())
    def check(table: pd.DataFrame) -> None:
        table = table.assign(image=table["image"].str.replace(r"[\r\n]", "", regex=True))
        table = table.assign(species=table["species"].str.replace(r"[\r\n]", "", regex=True))
        write_atoms(table, path, units=True)
        pd.testing.assert_frame_equal(read_atoms(path), table, rtol=1e-8, atol=6e-7)

    check()


def test_positions_alone_come_back_with_frame_and_layer(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("atoms") / "atoms.xyz"

    @settings(max_examples=40)
    @given(tables())
    def check(table: pd.DataFrame) -> None:
        table = table.assign(y_A=table["y_px"] * SIZE, x_A=table["x_px"] * SIZE)[list(TRUTH_COLUMNS)]
        write_atoms(table, path)
        pd.testing.assert_frame_equal(read_atoms(path, pixel_size=SIZE), table, rtol=1e-12, atol=1e-12)

    check()


def test_plain_xyz_states_the_pixel_size(tmp_path: Path) -> None:
    write_atoms(atoms(), tmp_path / "a.xyz")
    back = read_atoms(tmp_path / "a.xyz")
    assert back[["y_px", "x_px"]].to_numpy() == pytest.approx(np.array([[15.0, 25.0]]))


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.title)
def test_what_a_format_keeps_comes_back(tmp_path: Path, one: object) -> None:
    table = atoms(**dict.fromkeys(ATOM_DETAILS, 0.5) | {"flag": "border", "edited": "added"})
    path = tmp_path / f"a{one.ending}"  # type: ignore[attr-defined]
    one.write(table, path)  # type: ignore[attr-defined]
    back = read_atoms(path)
    assert set(back.columns) == one.keeps & set(table.columns)  # type: ignore[attr-defined]


@pytest.mark.parametrize("ending", [".xyz", ".extxyz", ".cif"])
def test_formats_of_positions_in_angstrom_need_the_pixel_size(tmp_path: Path, ending: str) -> None:
    with pytest.raises(CalibrationError, match=r"in Å, and the pixel size .* not known"):
        write_atoms(atoms(y_A=np.nan, x_A=np.nan), tmp_path / f"a{ending}")
    assert not list(tmp_path.glob("*a*"))


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".geojson"])
def test_a_pixel_size_fills_in_positions_in_angstrom(tmp_path: Path, ending: str) -> None:
    write_atoms(atoms(y_A=np.nan, x_A=np.nan), tmp_path / f"a{ending}")
    assert read_atoms(tmp_path / f"a{ending}")["y_A"].isna().all()
    back = read_atoms(tmp_path / f"a{ending}", pixel_size=SIZE)
    assert back[["y_A", "x_A"]].to_numpy() == pytest.approx(np.array([[1.59, 2.65]]))


def test_other_endings_are_csv(tmp_path: Path) -> None:
    assert format_of(tmp_path / "atoms.txt").title == "CSV table"
    assert format_of(tmp_path / "atoms.CIF").ending == ".cif"


@pytest.mark.parametrize("ending", [one.ending for one in FORMATS[1:]])
def test_a_missing_file_is_named(tmp_path: Path, ending: str) -> None:
    with pytest.raises(TableError, match=rf"a\{ending} cannot be read"):
        read_atoms(tmp_path / f"a{ending}")


@pytest.mark.parametrize("ending", [".parquet", ".extxyz", ".cif", ".geojson"])
@pytest.mark.parametrize(("column", "value"), [("probability", 1.25), ("sigma_y", -0.5), ("layer", -1)])
def test_a_value_that_cannot_be_is_refused(tmp_path: Path, ending: str, column: str, value: float) -> None:
    path = tmp_path / f"a{ending}"
    format_of(path).write(atoms(sigma_y=0.5).assign(**{column: value}), path)
    with pytest.raises(TableError, match=column):
        read_atoms(path)


def _damage(ending: str) -> Callable[[Path], None]:
    def check_in(folder: Path) -> None:
        path = folder / f"a{ending}"
        table = pd.concat([atoms(), atoms(frame=1, sigma_y=0.5)], ignore_index=True).drop(columns="sigma_y")
        write_atoms(table, path)
        whole = path.read_bytes()

        @settings(max_examples=60)
        @given(st.data())
        def check(data: st.DataObject) -> None:
            raw = bytearray(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)
            changes = st.tuples(st.integers(0, max(len(raw) - 1, 0)), st.integers(0, 255))
            for place, value in data.draw(st.lists(changes, max_size=5)) if raw else ():
                raw[place] = value
            path.write_bytes(raw)
            try:
                back = read_atoms(path)
            except StrataError as error:
                assert path.name in str(error)
            else:
                assert set(TRUTH_COLUMNS) <= set(back.columns)

        check()

    return check_in


@pytest.mark.parametrize("ending", [one.ending for one in FORMATS[1:]])
def test_a_damaged_file_is_read_or_refused_in_words(tmp_path: Path, ending: str) -> None:
    _damage(ending)(tmp_path)
