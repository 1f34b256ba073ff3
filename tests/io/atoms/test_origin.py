"""Where atoms come from travels with them, in every format, and never wrongly."""

import json
import warnings
from pathlib import Path

import ase.io
import pandas as pd
import pytest

from napari_strata.config import AtomsConfig
from napari_strata.config.atom_origin import AtomOrigin, LocatedImage
from napari_strata.errors import TableError
from napari_strata.io.atom_tables import read_atoms, read_origin, write_atoms
from napari_strata.io.atoms.formats import CSV, ENDINGS
from napari_strata.types import ATOM_COLUMNS

ORIGIN = AtomOrigin(
    model="gombnet Größe, 3.5 Å",
    weights_sha256="ab" * 32,
    settings=AtomsConfig(refine="image", min_distance=1.1),
    images=(LocatedImage(name="a b", frames=2, height=512, width=256, pixel_size=0.106),),
    software={"napari-strata": "0.1.0"},
    located="2026-01-02T03:04:05+00:00",
)
TABLE = pd.DataFrame(
    [
        dict(zip(ATOM_COLUMNS, ("a b", frame, frame, "C", 15.0, 25.0, 1.59, 2.65, 0.9), strict=True))
        for frame in (0, 1)
    ]
)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_origin_comes_back_from_every_format(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"atoms{ending}"
    write_atoms(TABLE, path, origin=ORIGIN)
    assert read_origin(path) == ORIGIN
    assert read_atoms(path)["x_px"].tolist() == [25, 25]


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_without_an_origin_are_read_and_say_nothing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"atoms{ending}"
    write_atoms(TABLE, path)
    assert read_origin(path) is None
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != ".csv"])
def test_a_table_without_atoms_keeps_its_origin(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"atoms{ending}"
    write_atoms(TABLE[:0], path, origin=ORIGIN)
    assert read_origin(path) == ORIGIN
    assert read_atoms(path).empty


def test_a_csv_table_with_units_states_it_before_its_header(tmp_path: Path) -> None:
    path = tmp_path / "atoms.csv"
    write_atoms(TABLE, path, units=True, origin=ORIGIN)
    assert read_origin(path) == ORIGIN
    assert list(tmp_path.iterdir()) == [path]
    assert [line[:1] for line in path.read_text("utf-8-sig").splitlines()] == ["#", "#", "#", "i", "a", "a"]


def test_a_line_before_the_header_may_be_as_long_as_many_images_make_it(tmp_path: Path) -> None:
    many = ORIGIN.model_copy(update={"images": ORIGIN.images * 500})
    write_atoms(TABLE, tmp_path / "atoms.csv", units=True, origin=many)
    assert read_origin(tmp_path / "atoms.csv") == many
    assert len(read_atoms(tmp_path / "atoms.csv")) == 2


def test_a_plain_csv_table_stays_one_that_every_program_reads(tmp_path: Path) -> None:
    write_atoms(TABLE, tmp_path / "atoms.csv", origin=ORIGIN)
    assert list(pd.read_csv(tmp_path / "atoms.csv").columns) == list(ATOM_COLUMNS)
    assert (tmp_path / "atoms.csv.origin.json").is_file()


def test_the_origin_beside_a_csv_table_counts_only_for_the_table_it_was_written_for(tmp_path: Path) -> None:
    path = tmp_path / "atoms.csv"
    write_atoms(TABLE, path, origin=ORIGIN)
    write_atoms(TABLE[:1], path)
    assert read_origin(path) is None


def test_an_origin_of_a_later_version_is_not_known_and_the_atoms_are_read(tmp_path: Path) -> None:
    path = tmp_path / "atoms.geojson"
    write_atoms(TABLE, path, origin=ORIGIN)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["strata_origin"]["of_the_future"] = 1
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_origin(path) is None
    assert len(read_atoms(path)) == 2


@pytest.mark.parametrize("ending", [".extxyz", ".xyz", ".cif"])
def test_other_programs_read_files_with_an_origin(tmp_path: Path, ending: str) -> None:
    write_atoms(TABLE, tmp_path / f"atoms{ending}", origin=ORIGIN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = ase.io.read(tmp_path / f"atoms{ending}", index=":")
    assert [len(frame) for frame in frames] == [1, 1]


def test_a_file_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read"):
        read_origin(tmp_path / f"nothing{CSV.ending}")
