import numpy as np
import pandas as pd
import pytest

from lattices import atoms, cell
from napari_strata.lattice.coincidence import coinciding_layers
from napari_strata.lattice.figures import frame_figures
from napari_strata.lattice.frame import describe_frame

EXTENT = 30.0
VECTORS = cell(2.46, angle=7)
THIRD = np.array([1, 2]) / 3 @ VECTORS


def layer(number, *, angle=7.0, shift=(0.0, 0.0), species=("C", "C"), seed=0):
    places, site = atoms(cell(2.46, angle=angle), EXTENT, origin=np.add((0.3, 0.7), shift), jitter=0.05, seed=seed)
    y, x = places.T
    return pd.DataFrame({"layer": number, "species": np.array(species)[site], "y_A": y, "x_A": x})


def bilayer(**upper):
    return pd.concat([layer(0, species=upper.pop("below", ("C", "C"))), layer(1, seed=1, **upper)])


def test_one_layer_that_was_told_twice_is_recognised():
    assert coinciding_layers(bilayer()) == ((0, 1),)
    assert coinciding_layers(bilayer().drop(columns="species")) == ((0, 1),)
    assert coinciding_layers(bilayer(below=("W", "S"), species=("W", "S"))) == ((0, 1),)
    assert coinciding_layers(bilayer(below=("W", "S"), species=("S", "W")).assign(flag="unsure")) == ((0, 1),)


@pytest.mark.parametrize(
    "upper",
    [
        {"angle": 12.0},
        {"angle": 9.0},
        {"angle": 8.0},
        {"shift": THIRD},
        {"below": ("W", "S"), "species": ("S", "W")},
    ],
    ids=["twisted by 5", "twisted by 2", "twisted by 1", "AB", "2H"],
)
def test_two_layers_are_not_taken_for_one(upper):
    assert coinciding_layers(bilayer(**upper)) == ()


def test_layers_on_the_same_atoms_claim_neither_twist_nor_moire():
    same = frame_figures(describe_frame(bilayer().reset_index(drop=True)))
    assert same["twists"] == same["moire"] == []
    assert any("Layers 0 and 1 lie on the same atoms" in gap and "unet-columns" in gap for gap in same["gaps"])
    assert len(same["layers"]) == 2 and same["shared_affine"] is not None
