"""Files of atoms that are dropped on napari are shown where their image lies; those of others are left alone."""

from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import napari_strata
from napari_strata.errors import TableError
from napari_strata.io.atom_tables import write_atoms
from napari_strata.types import ATOM_COLUMNS
from napari_strata.widgets.opening.atom_reader import MOST_IMAGES, get_reader


def table(**changes) -> pd.DataFrame:
    row = dict(zip(ATOM_COLUMNS, ("a", 0, 0, "C", 15.0, 25.0, 3.0, 5.0, 0.9), strict=True))
    return pd.DataFrame([row, row | {"layer": 1, "y_px": 10.0, "y_A": 2.0}]).assign(**changes)


@pytest.mark.parametrize("ending", [".csv", ".extxyz", ".cif", ".geojson"])
@pytest.mark.parametrize("units", [False, True])
def test_atoms_lie_on_their_image(tmp_path: Path, ending: str, units: bool):
    path = tmp_path / f"atoms{ending}"
    write_atoms(table(), path, units=units)
    ((data, settings, kind),) = get_reader(str(path))(str(path))
    np.testing.assert_allclose(data * settings["scale"], [[3, 5], [2, 5]])
    assert (settings["units"], kind) == (("angstrom", "angstrom"), "points")
    assert settings["features"]["layer"].tolist() == [0, 1]


def test_atoms_of_a_stack_have_frames(tmp_path: Path, light_viewer):
    write_atoms(table(frame=[0, 3]), tmp_path / "atoms.csv")
    path = str(tmp_path / "atoms.csv")
    (layer,) = get_reader(path)(path)
    points = add(light_viewer, layer)
    assert points.data[:, 0].tolist() == [0, 3]
    assert points.face_color[0].tolist() != points.face_color[1].tolist()


def add(viewer, layer):
    data, settings, _ = layer
    return viewer.add_points(data, **settings)


@pytest.mark.parametrize(
    "name, text",
    [
        ("points.csv", "index,axis-0,axis-1\n0,1,2\n"),
        ("table.csv", "# made elsewhere\nimage,frame,area\n"),
        ("cell.cif", "data_graphite\n_cell_length_a 2.46\n"),
        ("map.geojson", '{"type": "FeatureCollection", "features": []}'),
        ("flake.extxyz", "1\nProperties=species:S:1:pos:R:3\nC 0 0 0\n"),
    ],
)
def test_files_of_others_are_left_to_them(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)
    assert get_reader(str(tmp_path / name)) is None


def test_what_is_no_file_and_several_files_at_once_are_left_alone(tmp_path: Path):
    assert get_reader(str(tmp_path / "nothing.csv")) is None
    assert get_reader([str(tmp_path / "a.csv")]) is None


def test_a_table_of_too_many_images_is_refused_in_words(tmp_path: Path):
    names = [f"image {number}" for number in range(MOST_IMAGES + 1)]
    write_atoms(pd.concat([table(image=name) for name in names]), tmp_path / "a.csv")
    path = str(tmp_path / "a.csv")
    with pytest.raises(TableError, match="atoms of 21 images, not 1 to 20"):
        get_reader(path)(path)


def test_napari_asks_nobody_about_tables_of_others():
    """Napari lets the user choose among all readers of a pattern, whatever is in the file."""
    manifest = yaml.safe_load((Path(napari_strata.__file__).parent / "napari.yaml").read_text("utf-8"))
    (ours,) = [one for one in manifest["contributions"]["readers"] if one["command"] == "napari-strata.read_atoms"]
    patterns = ours["filename_patterns"]
    assert not any(fnmatch(name, pattern) for name in ("points.csv", "map.geojson") for pattern in patterns)
    assert any(fnmatch("scan_atoms.csv", pattern) for pattern in patterns)
