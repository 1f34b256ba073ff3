import numpy as np
import pytest

from napari_strata.atoms.spacing import least_distances

A = 3.15
"""A honeycomb of two species: 1.82 Å from one to the other, 3.15 Å among each."""
FLOOR = 0.9


def two_species(size=30.0):
    """Return the positions [Å] of a crystal of two species, and their species."""
    lattice = A * np.array([[0.0, 1.0], [np.sqrt(3) / 2, 0.5]])
    n = int(size / A)
    cells = np.stack(np.meshgrid(np.arange(n), np.arange(n), indexing="ij"), axis=-1).reshape(-1, 2)
    sites = [(cells + shift) @ lattice for shift in (np.zeros(2), np.full(2, 1 / 3))]
    return np.vstack(sites), np.repeat([0, 1], len(cells))


def test_atoms_of_one_species_keep_a_greater_distance_than_those_of_two():
    limits = least_distances(*two_species(), 2, least=FLOOR)
    bond = A / np.sqrt(3)
    expected = [[0.85 * bond, 0.55 * bond], [0.55 * bond, 0.85 * bond]]
    np.testing.assert_allclose(limits, expected, rtol=1e-6)


def test_an_antisite_beside_its_own_species_is_no_double():
    positions, species = two_species()
    species[len(species) // 2 + 20] = 0
    limits = least_distances(positions, species, 2, least=FLOOR)
    assert limits[0, 0] < A / np.sqrt(3)


def test_a_single_species_keeps_the_smallest_distance_of_the_settings_where_that_is_more():
    positions, _ = two_species()
    limits = least_distances(positions * 1.42 / 1.82, np.zeros(len(positions), int), 1, least=FLOOR)
    assert limits.tolist() == [[FLOOR]]


@pytest.mark.parametrize("atoms", [0, 1, 29, 400])
def test_few_atoms_and_atoms_that_lie_at_random_tell_nothing(atoms):
    positions = np.random.default_rng(0).uniform(0, 100, (atoms, 2))
    limits = least_distances(positions, np.arange(atoms) % 2, 2, least=FLOOR)
    assert (limits == FLOOR).all()


def test_a_species_that_is_absent_or_rare_changes_nothing_for_the_others():
    positions, species = two_species()
    few = least_distances(positions, np.where(species == 1, 2, 0), 4, least=FLOOR)
    assert few[1].tolist() == [FLOOR] * 4
    assert few[0, 2] == pytest.approx(0.55 * A / np.sqrt(3))
