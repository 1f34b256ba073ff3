from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_strata.errors import CalibrationError, TableError
from napari_strata.io.atom_tables import TRUTH_COLUMNS, read_atoms, write_atoms
from napari_strata.types import ATOM_COLUMNS

BILAYER = pd.DataFrame(
    [
        ("moire", 0, 0, "C", 0.0, 10.0, 0.0, 1.0, 0.9),
        ("moire", 0, 1, "N", 20.0, 30.0, 2.0, 3.0, 0.8),
        ("moire", 1, 0, "C", 5.0, 6.0, 0.5, 0.6, 0.7),
    ],
    columns=list(ATOM_COLUMNS),
)


def test_extended_xyz_has_a_block_per_frame_and_y_pointing_up(tmp_path: Path) -> None:
    write_atoms(BILAYER, tmp_path / "a.extxyz")
    lines = (tmp_path / "a.extxyz").read_text().splitlines()
    assert [lines[0], lines[4]] == ["2", "1"]
    assert lines[1].startswith(
        "Properties=species:S:1:pos:R:3:layer:I:1:y_px:R:1:x_px:R:1:probability:R:1 image=moire frame=0 "
    )
    assert lines[3] == "N 3.0 -2.0 0.0 1 20.0 30.0 0.8"


def test_plain_xyz_has_a_block_per_layer_and_four_columns(tmp_path: Path) -> None:
    write_atoms(BILAYER, tmp_path / "a.xyz")
    lines = (tmp_path / "a.xyz").read_text().splitlines()
    assert [lines[0], lines[3], lines[6]] == ["1", "1", "1"]
    assert lines[4].startswith("image=moire frame=0 layer=1 pixel_size=0.1 ")
    assert lines[5] == "N 3.0 -2.0 0.0"


def test_a_pixel_size_has_no_digits_that_positions_do_not_tell(tmp_path: Path) -> None:
    places = np.random.default_rng(0).uniform(0, 512, (1000, 2))
    rounded = dict(zip(("y_px", "x_px", "y_A", "x_A"), np.hstack([places, 0.1 * places]).round(6).T, strict=True))
    many = pd.concat([BILAYER[:1]] * 1000, ignore_index=True).assign(**rounded)
    write_atoms(many, tmp_path / "a.xyz")
    assert " pixel_size=0.1 " in (tmp_path / "a.xyz").read_text().splitlines()[1]


@pytest.mark.parametrize("ending", [".xyz", ".extxyz"])
def test_ase_reads_what_is_written(tmp_path: Path, ending: str) -> None:
    from ase.io import read

    write_atoms(BILAYER, tmp_path / f"a{ending}")
    first = read(tmp_path / f"a{ending}", index=0, format="extxyz")
    assert first.get_chemical_symbols()[0] == "C"
    last = read(tmp_path / f"a{ending}", index=-1, format="extxyz")
    np.testing.assert_allclose(last.positions, [[0.6, -0.5, 0]])
    assert last.info["frame"] == 1
    if ending == ".extxyz":
        assert first.arrays["layer"].tolist() == [0, 1]
        assert first.arrays["probability"].tolist() == [0.9, 0.8]


def test_what_ase_writes_is_read_with_a_pixel_size(tmp_path: Path) -> None:
    from ase import Atoms
    from ase.io import write

    write(tmp_path / "flake.xyz", Atoms("WS", positions=[[1, -2, 3], [4, -5, 6]]), format="extxyz")
    with pytest.raises(CalibrationError, match=r"flake\.xyz"):
        read_atoms(tmp_path / "flake.xyz")
    table = read_atoms(tmp_path / "flake.xyz", pixel_size=0.5)
    assert table.to_dict("records") == [
        {"image": "flake", "frame": 0, "layer": 0, "species": "W", "y_px": 4, "x_px": 2, "y_A": 2, "x_A": 1},
        {"image": "flake", "frame": 0, "layer": 0, "species": "S", "y_px": 10, "x_px": 8, "y_A": 5, "x_A": 4},
    ]


def test_no_atoms_make_a_block_of_none(tmp_path: Path) -> None:
    write_atoms(BILAYER[:0], tmp_path / "a.extxyz")
    assert list(read_atoms(tmp_path / "a.extxyz").columns) == list(ATOM_COLUMNS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("many\n\nC 0 0 0\n", "line 1 states no number of atoms"),
        ("2\n\nC 0 0 0\n", "announces 2 atoms, and fewer follow"),
        ("-1\n\n", "announces -1 atoms"),
        ("1\n\nC 0 0\n", "an atom has 3 columns and not 4"),
        ("1\n\nC 0 north 0\n", "'north' stands where a number should"),
        ("1\nProperties=pos:R:3\n0 0 0\n", "no column species"),
        ("1\nProperties=species:S:9999999:pos:R:3\nC 0 0 0\n", "describes its columns"),
        ("", "lacks"),
    ],
)
def test_what_is_no_xyz_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.xyz").write_text(text)
    with pytest.raises(TableError, match=words):
        read_atoms(tmp_path / "a.xyz", pixel_size=1)


def test_a_table_without_atoms_needs_no_pixel_size(tmp_path: Path) -> None:
    empty = pd.DataFrame({name: [] for name in TRUTH_COLUMNS})
    write_atoms(empty, tmp_path / "a.xyz")
    assert read_atoms(tmp_path / "a.xyz").empty
