import numpy as np
import pandas as pd
import pytest

from napari_strata.annotation.atom_masks import draw_table
from napari_strata.config import ClassTable, SpotConfig
from napari_strata.errors import CalibrationError, LabelsError
from napari_strata.types import ATOM_COLUMNS, ImageStack

CLASSES = ClassTable.from_names(("W", "S"))


def table(*rows) -> pd.DataFrame:
    values = [(image, frame, layer, species, y, x, y, x) for image, frame, layer, species, y, x in rows]
    return pd.DataFrame(values, columns=ATOM_COLUMNS[:-1])


def draw(atoms, *, pixel_size=0.5):
    stack = ImageStack(np.zeros((3, 12, 14)), pixel_size, "a")
    return draw_table(atoms, stack, layers=2, classes=CLASSES, config=SpotConfig(radius=0.5), name="atoms.csv")


def test_atoms_are_drawn_in_their_frame_and_crystal_layer_others_stay_unlabelled():
    masks = draw(table(("a", 1, 0, "W", 5, 5), ("a", 1, 1, "S", 5, 6), ("b", 0, 0, "W", 5, 5)))
    assert masks.shape == (3, 2, 12, 14)
    assert not masks[[0, 2]].any()
    assert [np.bincount(layer.ravel()).tolist() for layer in masks[1]] == [[0, 163, 5], [0, 163, 0, 5]]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("b", 0, 0, "W", 5, 5), "no atoms of the image a"),
        (("a", 3, 0, "W", 5, 5), "atoms of frame 3 of a, which has 3"),
        (("a", 0, 2, "W", 5, 5), "atoms of layer 2 of a, which has 2"),
        (("a", 0, 0, "Mo", 5, 5), "the species Mo"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(row, words):
    with pytest.raises(LabelsError, match=words):
        draw(table(row))


def test_without_a_pixel_size_nothing_is_drawn():
    with pytest.raises(CalibrationError, match="image_pixel_size"):
        draw(table(("a", 0, 0, "W", 5, 5)), pixel_size=None)
