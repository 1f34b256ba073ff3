import numpy as np
import pytest

from honeycomb import honeycomb, square
from napari_strata.atoms.scatter import scatter_of_rows

STRETCHED = np.array([[1.05, 0.02], [0.01, 0.96]])


@pytest.mark.parametrize("crystal", [honeycomb, square])
def test_the_scatter_of_a_crystal_is_the_error_of_its_positions_however_it_is_stretched(crystal):
    atoms = crystal(60.0, angle=11.0, jitter=0.05) @ STRETCHED
    assert scatter_of_rows(atoms, np.zeros(len(atoms), int)) == pytest.approx(0.05, rel=0.1)


def test_a_perfect_crystal_has_no_scatter():
    atoms = honeycomb(20.0, angle=11.0)
    assert scatter_of_rows(atoms, np.zeros(len(atoms), int)) == pytest.approx(0, abs=1e-9)


def test_layers_on_top_of_each_other_are_looked_at_apart():
    layers = [honeycomb(40.0, angle=angle, jitter=0.03, seed=angle) for angle in (3, 20)]
    groups = np.repeat([0, 1], [len(layer) for layer in layers])
    assert scatter_of_rows(np.vstack(layers), groups) == pytest.approx(0.03, rel=0.1)


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_few_atoms_tell_no_scatter(count):
    assert scatter_of_rows(honeycomb(20.0)[:count], np.zeros(count, int)) is None
