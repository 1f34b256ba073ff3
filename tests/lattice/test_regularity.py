import numpy as np
import pytest

from lattices import atoms, cell
from napari_strata.lattice.regularity import regularity

EXTENT = 50.0


def two_grains():
    """Return two grains of graphene that meet in the middle, turned by 20 degrees."""
    left, right = (atoms(cell(2.46, angle=turn), EXTENT)[0] for turn in (0, 20))
    return np.concatenate([left[left[:, 1] < 24.5], right[right[:, 1] > 25.5]])


@pytest.mark.parametrize(
    "crystal",
    [
        atoms(cell(2.46, angle=7), EXTENT, jitter=0.08)[0],
        atoms(cell(3.84, 5.43, 90), EXTENT, sites=((0, 0), (0, 0.25), (0.5, 0.5), (0.5, 0.75)), jitter=0.1)[0],
        atoms(cell(7.6, 8.2, 96), EXTENT, sites=np.random.default_rng(0).random((11, 2)), jitter=0.02)[0],
        two_grains(),
    ],
    ids=["honeycomb", "dumbbells", "large cells", "two grains"],
)
def test_atoms_on_a_lattice_are_regular_with_vacancies_too(crystal):
    there = np.random.default_rng(0).random(len(crystal)) > 0.05
    assert regularity(crystal[there]) > 0.75


def test_places_that_only_keep_a_distance_are_not_regular():
    rng, kept = np.random.default_rng(0), [np.zeros(2)]
    for place in rng.uniform(0, EXTENT, (4000, 2)):
        if np.hypot(*(np.array(kept) - place).T).min() > 1.4:
            kept.append(place)
    assert len(kept) > 600
    assert regularity(np.array(kept)) < 0.35


def test_few_atoms_tell_nothing():
    assert regularity(np.random.default_rng(0).uniform(0, 5, (24, 2))) is None
