from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.errors import ConfigError
from napari_strata.io.atoms.cif import write_cif
from napari_strata.simulate.cif import read_cif
from napari_strata.simulate.crystals import CRYSTALS, Crystal

PEROVSKITE = """data_SrTiO3
_cell_length_a 3.905
_cell_length_b 3.905
_cell_length_c 3.905
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P m -3 m'
_symmetry_Int_Tables_number 221
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Sr1 Sr 0 0 0
Ti1 Ti 0.5 0.5 0.5
O1 O 0.5 0.5 0
"""


def write(path: Path, cell: tuple[float, ...], atoms: list[tuple[str, float, float, float]]) -> Path:
    """Write a crystal without symmetry."""
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = ["data_x", *(f"_cell_{name} {value}" for name, value in zip(names, cell, strict=True))]
    lines += ["_symmetry_space_group_name_H-M 'P 1'", "loop_", "_atom_site_type_symbol"]
    lines += [f"_atom_site_fract_{axis}" for axis in "xyz"]
    lines += [f"{symbol} {x} {y} {z}" for symbol, x, y, z in atoms]
    path.write_text("\n".join(lines) + "\n")
    return path


def neighbours(crystal: Crystal) -> dict[tuple[str, ...], list[float]]:
    """Return the distances from each kind of column to the six nearest ones; they tell crystals apart."""
    cells = np.stack(np.meshgrid(*[np.arange(-4, 5)] * 2, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    around = ((cells + crystal.basis) @ crystal.lattice).reshape(-1, 2)
    places = crystal.basis @ crystal.lattice
    nearest = np.sort(np.linalg.norm(around - places[:, None], axis=-1), axis=1)[:, 1:7]
    return {
        tuple(sorted(set(column))): row.round(6).tolist()
        for column, row in zip(crystal.columns, nearest, strict=True)
    }


def test_a_file_with_symmetry_gives_the_perovskite_of_the_table(tmp_path: Path):
    path = tmp_path / "perovskite.cif"
    path.write_text(PEROVSKITE)
    read = read_cif(path, (0, 0, 1))
    assert neighbours(read) == neighbours(CRYSTALS["SrTiO3-001"])
    assert sorted(read.columns) == sorted(CRYSTALS["SrTiO3-001"].columns)
    assert read.area == pytest.approx(3.905**2)


def test_diamond_along_110_gives_the_silicon_of_the_table(tmp_path: Path):
    corners = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
    atoms = [("Si", x + d, y + d, z + d) for x, y, z in corners for d in (0, 0.25)]
    path = write(tmp_path / "si.cif", (5.431, 5.431, 5.431, 90, 90, 90), atoms)
    read = read_cif(path, (1, 1, 0))
    assert neighbours(read) == neighbours(CRYSTALS["Si-110"])
    assert read.area / len(read.columns) == pytest.approx(CRYSTALS["Si-110"].area / 2)


def test_a_monolayer_in_a_hexagonal_cell_gives_that_of_the_table(tmp_path: Path):
    atoms = [("Mo", 0, 0, 0.5), ("S", 1 / 3, 2 / 3, 0.4), ("S", 1 / 3, 2 / 3, 0.6)]
    read = read_cif(write(tmp_path / "m.cif", (3.16, 3.16, 15, 90, 90, 120), atoms), (0, 0, 1))
    assert neighbours(read) == neighbours(CRYSTALS["MoS2"])


@pytest.mark.parametrize(("offset", "columns"), [(0.09, 1), (0.11, 2)])
def test_atoms_within_a_tenth_of_an_angstrom_are_one_column(tmp_path: Path, offset: float, columns: int):
    atoms = [("Au", 0.999, 0, 0), ("Cu", 0.999 + offset / 5, 0, 0.5)]
    read = read_cif(write(tmp_path / "a.cif", (5, 5, 5, 90, 90, 90), atoms), (0, 0, 1))
    assert len(read.columns) == columns


@given(st.tuples(*[st.integers(-2, 2)] * 3).filter(any))
def test_along_any_direction_no_atom_is_lost(tmp_path_factory, direction: tuple[int, int, int]):
    path = tmp_path_factory.mktemp("cif") / "skew.cif"
    atoms = [("Sr", 0, 0, 0), ("O", 0.3, 0.4, 0.1)]
    cell = (4.0, 5.0, 6.0, 75, 85, 110)
    read = read_cif(write(path, cell, atoms), direction)
    assert sum(map(len, read.columns)) == 2
    cos = np.cos(np.deg2rad(cell[3:]))
    volume = 120 * np.sqrt(1 - (cos**2).sum() + 2 * cos.prod())
    metric = np.outer(cell[:3], cell[:3]) * np.array(
        [[1, cos[2], cos[1]], [cos[2], 1, cos[0]], [cos[1], cos[0], 1]]
    )
    axis = np.array(direction) // np.gcd.reduce(direction)
    assert read.area * np.sqrt(axis @ metric @ axis) == pytest.approx(volume)


@pytest.mark.parametrize("text", ["", "no crystal", PEROVSKITE.replace("_cell_length_a 3.905\n", "")])
def test_what_is_no_crystal_is_refused_in_words(tmp_path: Path, text: str):
    path = tmp_path / "broken.cif"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"broken\.cif cannot be read as a crystal") as caught:
        read_cif(path, (0, 0, 1))
    assert "()" not in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "atom", "words"),
    [
        ((0.01, 0.01, 3, 90, 90, 90), ("C", 0, 0, 0), "sides of 0.01"),
        ((3, 3, 1e9, 90, 90, 90), ("C", 0, 0, 0), "sides of 3"),
        ((float("nan"), 3, 3, 90, 90, 90), ("C", 0, 0, 0), "not finite"),
        ((3, 3, 3, 90, 90, 90), ("C", float("nan"), 0, 0), "broken"),
        ((3, 3, 3, 90, 90, 90), ("X", 0, 0, 0), "known elements"),
    ],
)
def test_a_cell_that_no_crystal_has_is_refused_before_it_fills_an_image(tmp_path: Path, cell, atom, words: str):
    path = write(tmp_path / "broken.cif", cell, [atom])
    with pytest.raises(ConfigError, match=words):
        read_cif(path, (0, 0, 1))


def test_a_file_too_large_for_a_crystal_is_not_read(tmp_path: Path, monkeypatch):
    path = tmp_path / "large.cif"
    path.write_text(PEROVSKITE)
    monkeypatch.setattr("napari_strata.simulate.cif.LARGEST_FILE", 100)
    with pytest.raises(ConfigError, match="more than 100 bytes"):
        read_cif(path, (0, 0, 1))


def test_atoms_that_were_located_in_an_image_are_no_crystal(tmp_path: Path):
    row = {"image": "m", "frame": 0, "layer": 0, "species": "C", "probability": 1.0}
    places = [{"y_px": 10 * y, "x_px": 10.0, "y_A": float(y), "x_A": 1.0} for y in range(3)]
    write_cif(pd.DataFrame([row | place for place in places]), tmp_path / "located.cif")
    with pytest.raises(ConfigError, match=r"located\.cif holds atoms that were located in an image") as caught:
        read_cif(tmp_path / "located.cif", (0, 0, 1))
    assert "CIF file of the crystal" in caught.value.remedy


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"none\.cif cannot be read"):
        read_cif(tmp_path / "none.cif", (0, 0, 1))


def test_a_direction_whose_cell_is_too_long_is_refused(tmp_path: Path):
    path = tmp_path / "perovskite.cif"
    path.write_text(PEROVSKITE)
    with pytest.raises(ConfigError, match="too high"):
        read_cif(path, (17, 13, 11))
