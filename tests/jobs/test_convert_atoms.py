from pathlib import Path

import pandas as pd
import pytest

from napari_strata.control import JobControl
from napari_strata.errors import CalibrationError, OutputError, TableError
from napari_strata.events import FinishReason, JobEnded, Warned
from napari_strata.io.atom_tables import read_atoms, write_atoms
from napari_strata.jobs.convert_atoms import convert_atoms
from napari_strata.types import ATOM_COLUMNS

ROW = dict(zip(ATOM_COLUMNS, ("a", 0, 1, "C", 15.0, 25.0, 1.5, 2.5, 0.9), strict=True))


@pytest.fixture
def atoms(tmp_path: Path) -> Path:
    write_atoms(pd.DataFrame([ROW, ROW | {"layer": 0}]), tmp_path / "atoms.csv")
    return tmp_path / "atoms.csv"


def run(*args: object, **options: object) -> list[object]:
    return list(convert_atoms(JobControl(), *args, **options))  # type: ignore[arg-type]


def test_the_endings_tell_the_formats(atoms: Path, tmp_path: Path) -> None:
    *_, ended = run(atoms, tmp_path / "made/atoms.cif")
    assert isinstance(ended, JobEnded)
    assert ended.result is not None
    assert ended.result.figures == {"atoms": 2, "layers": [0, 1]}
    assert ended.result.paths == {"atoms": str(tmp_path / "made/atoms.cif")}
    pd.testing.assert_frame_equal(read_atoms(tmp_path / "made/atoms.cif"), read_atoms(atoms))


@pytest.mark.parametrize("ending", ["cif", "xyz", "extxyz"])
def test_a_table_without_atoms_makes_a_file_without_and_says_so(atoms: Path, tmp_path: Path, ending: str) -> None:
    write_atoms(read_atoms(atoms).iloc[:0], atoms)
    *events, ended = run(atoms, made := tmp_path / f"none.{ending}")
    assert isinstance(ended, JobEnded)
    assert ended.reason is FinishReason.COMPLETED
    assert "atoms.csv holds no atoms" in next(one for one in events if isinstance(one, Warned)).message
    assert len(read_atoms(made)) == 0


def test_an_unknown_ending_is_refused_with_those_that_are_known(atoms: Path, tmp_path: Path) -> None:
    *_, failed = run(atoms, tmp_path / "atoms.foo")
    assert isinstance(failed, JobEnded)
    assert isinstance(failed.error, OutputError)
    assert failed.error.remedy == "End it in .csv, .parquet, .extxyz, .xyz, .cif, .geojson."
    assert not (tmp_path / "atoms.foo").exists()


def test_what_has_no_place_in_a_format_is_told(atoms: Path, tmp_path: Path) -> None:
    warnings = [event for event in run(atoms, tmp_path / "atoms.xyz") if isinstance(event, Warned)]
    assert [one.message for one in warnings] == [".xyz files have no place for probability: left out."]


def test_units_are_stated_where_asked_for(atoms: Path, tmp_path: Path) -> None:
    run(atoms, tmp_path / "units.csv", units=True)
    assert (tmp_path / "units.csv").read_text(encoding="utf-8-sig").startswith("# (0, 0) is the centre")


def test_a_pixel_size_makes_atoms_of_positions(tmp_path: Path) -> None:
    (tmp_path / "flake.xyz").write_text("1\nmade elsewhere\nC 1.0 -2.0 0.0\n")
    *_, failed = run(tmp_path / "flake.xyz", tmp_path / "a.csv")
    assert isinstance(failed, JobEnded)
    assert isinstance(failed.error, CalibrationError)
    run(tmp_path / "flake.xyz", tmp_path / "a.csv", pixel_size=0.5)
    assert read_atoms(tmp_path / "a.csv")[["y_px", "x_px"]].to_numpy().tolist() == [[4, 2]]


def test_a_file_that_is_no_table_fails_in_words_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    *_, ended = run(tmp_path / "a.csv", tmp_path / "b.cif")
    assert isinstance(ended, JobEnded)
    assert ended.reason is FinishReason.FAILED
    assert isinstance(ended.error, TableError)
    assert not (tmp_path / "b.cif").exists()
