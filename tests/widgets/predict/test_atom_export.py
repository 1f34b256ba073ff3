import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Points

from napari_strata.io.atom_tables import read_atoms, write_atoms
from napari_strata.io.images import write_images
from napari_strata.types import ATOM_COLUMNS
from napari_strata.widgets.layers.calibration import set_pixel_size
from napari_strata.widgets.predict.atom_export import atom_table

FEATURES = pd.DataFrame({"layer": [1, 0, 0], "species": ["S", "W", "W"], "probability": [0.5, 0.75, 1.0]})
PICTURE = np.random.default_rng(0).random((8, 9))


@pytest.fixture
def image():
    return Image(PICTURE, name="a", scale=(0.2, 0.2), units=("angstrom", "angstrom"))


def test_positions_are_in_pixels_of_the_image_whatever_the_layer_is_scaled_by(image):
    points = Points(np.array([[1.0, 2.5], [3, 4], [5, 6]]), features=FEATURES, scale=(3, 3), translate=(7, 7))
    table = atom_table(points, image)
    assert tuple(table.columns) == ATOM_COLUMNS
    assert table[["layer", "species"]].to_numpy().tolist() == [[0, "W"], [0, "W"], [1, "S"]]
    last = table.loc[2, ["frame", "y_px", "x_px", "y_A", "x_A", "probability"]]
    assert last.tolist() == [0, 1, 2.5, 0.2, 0.5, 0.5]


def test_lengths_are_those_of_the_pixel_size_that_the_image_has_now(image):
    points = Points(np.array([[1.0, 2.5], [3, 4], [5, 6]]), features=FEATURES)
    set_pixel_size(image, 0.4)
    assert atom_table(points, image)["y_A"].tolist() == pytest.approx([1.2, 2, 0.4])


def test_frames_come_first_in_a_stack(image):
    points = Points(np.array([[2.0, 2, 3], [0, 4, 5], [1, 6, 7]]), features=FEATURES)
    table = atom_table(points, image)
    assert table["frame"].tolist() == [0, 1, 2]
    assert table["y_px"].tolist() == [4, 6, 2]


def test_without_a_pixel_size_there_are_no_lengths(tmp_path):
    points = Points(np.array([[1.0, 2], [3, 4], [5, 6]]), features=FEATURES)
    write_atoms(atom_table(points, Image(PICTURE)), tmp_path / "a.csv")
    assert read_atoms(tmp_path / "a.csv")[["y_A", "x_A"]].isna().all(axis=None)


def test_the_image_is_called_by_its_files_stem_however_its_layer_is_called(viewer, tmp_path):
    write_images(PICTURE, tmp_path / "moire.tif")
    (opened,) = viewer.open(tmp_path / "moire.tif", plugin="napari")
    opened.name = "renamed"
    made = viewer.add_image(PICTURE, name="made here")
    points = Points(np.array([[1.0, 2], [3, 4], [5, 6]]), features=FEATURES)
    assert set(atom_table(points, opened)["image"]) == {"moire"}
    assert set(atom_table(points, made)["image"]) == {"made here"}


def test_no_atoms_make_an_empty_table_with_all_columns(tmp_path, image):
    points = Points(np.zeros((0, 2)), features=FEATURES[:0])
    write_atoms(atom_table(points, image), tmp_path / "a.csv")
    assert len(read_atoms(tmp_path / "a.csv")) == 0
