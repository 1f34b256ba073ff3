import numpy as np
import pandas as pd
import pytest

from honeycomb import BOND, honeycomb, inside, square
from napari_strata.atoms.candidates import COLUMNS, find_candidates, lattice_vectors

EXTENT, PIXEL = 24.0, 0.1
SHAPE = (240, 240)


def table(positions, species="C", layer=0, frame=0):
    """Return an atom table of positions [Å]."""
    y, x = np.asarray(positions).T / PIXEL
    return pd.DataFrame({"frame": frame, "layer": layer, "species": species, "y_px": y, "x_px": x})


def crystal(**settings):
    return inside(honeycomb(EXTENT, angle=7.0, **settings), EXTENT, PIXEL)


def nearest_to(positions, y, x):
    return int(np.argmin(np.hypot(*(positions - (y, x)).T)))


def test_the_vectors_are_those_of_the_lattice_and_not_the_bonds():
    vectors = lattice_vectors(crystal(jitter=0.05))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([BOND * np.sqrt(3)] * 2, rel=0.02)
    assert np.linalg.norm(lattice_vectors(square(EXTENT, angle=3, side=2.0)), axis=1) == pytest.approx(
        [2, 2], rel=0.02
    )


def test_a_perfect_crystal_misses_nothing_up_to_its_edge():
    found = find_candidates(table(crystal()), SHAPE)
    assert tuple(found.columns) == COLUMNS
    assert len(found) == 0


def test_each_missing_atom_is_proposed_where_it_would_lie_with_the_species_of_its_sublattice():
    positions = crystal(jitter=0.03)
    bonds = positions[:, None] - positions
    is_bond = np.hypot(*bonds.transpose(2, 0, 1)) < 1.2 * BOND
    # of one sublattice the first of the three bonds points one way, of the other the opposite way
    angles = np.exp(3j * np.arctan2(bonds[..., 0], bonds[..., 1]))
    species = np.where((angles * (is_bond & ~np.eye(len(positions), dtype=bool))).sum(axis=1).imag > 0, "W", "S")
    gone = [nearest_to(positions, 8, 9), nearest_to(positions, 15, 14)]
    kept = np.delete(np.arange(len(positions)), gone)
    found = find_candidates(table(positions[kept], species[kept]), SHAPE)
    assert found["kind"].tolist() == ["missing"] * 2
    for one in gone:
        row = found.iloc[np.argmin(np.hypot(*(found[["y_px", "x_px"]] * PIXEL - positions[one]).T.to_numpy()))]
        assert np.hypot(*(row[["y_px", "x_px"]] * PIXEL - positions[one])) < 0.1
        assert row["species"] == species[one]
        assert row["score"] == 1


def test_an_atom_between_the_sites_is_proposed_as_extra():
    positions = crystal(jitter=0.03)
    here = positions[nearest_to(positions, 12, 12)]
    between = here + np.array([0.0, 0.7])
    found = find_candidates(table(np.vstack([positions, between])), SHAPE)
    assert found["kind"].tolist() == ["extra"]
    assert found.loc[0, ["y_px", "x_px"]].tolist() == pytest.approx((between / PIXEL).tolist())
    assert found.loc[0, "score"] == 1


def test_an_atom_that_is_displaced_from_its_place_is_neither_missing_nor_extra():
    positions = crystal(jitter=0.03)
    positions[nearest_to(positions, 12, 12)] += (0.0, 0.5)
    assert len(find_candidates(table(positions), SHAPE)) == 0


def test_a_strained_crystal_is_no_different():
    positions = crystal(jitter=0.03)
    stretched = positions + 0.3 * np.sin(positions[:, ::-1] / 6)
    gone = nearest_to(positions, 10, 14)
    found = find_candidates(table(np.delete(stretched, gone, axis=0)), SHAPE)
    assert found["kind"].tolist() == ["missing"]
    assert np.hypot(*(found.loc[0, ["y_px", "x_px"]] * PIXEL - stretched[gone])) < 0.15


def test_a_hole_is_missing_only_where_enough_atoms_around_speak_for_it():
    positions = crystal()
    hole = np.hypot(*(positions - 12).T) < 5
    found = find_candidates(table(positions[~hole]), SHAPE)
    assert len(found) < hole.sum() / 3
    assert (np.hypot(*(found[["y_px", "x_px"]].to_numpy() * PIXEL - 12).T) < 5).all()


def test_atoms_that_lie_at_random_and_few_atoms_have_no_candidates():
    random = np.random.default_rng(0).uniform(0, EXTENT, (300, 2))
    assert lattice_vectors(random) is None
    assert len(find_candidates(table(random), SHAPE)) == 0
    assert len(find_candidates(table(crystal()[:20]), SHAPE)) == 0
    assert tuple(find_candidates(table(np.empty((0, 2))), SHAPE).columns) == COLUMNS


def test_another_crystal_beside_the_first_is_not_extra():
    left, right = crystal(), inside(honeycomb(EXTENT, angle=25.0), EXTENT, PIXEL)
    both = np.vstack([left[left[:, 1] < 17], right[right[:, 1] > 17.8]])
    found = find_candidates(table(both), SHAPE)
    extra = found[found["kind"] == "extra"]
    assert (extra["x_px"] * PIXEL < 19.5).all()


def test_every_layer_and_frame_is_looked_at_by_itself():
    positions = crystal()
    less = np.delete(positions, nearest_to(positions, 12, 12), axis=0)
    atoms = pd.concat([table(positions), table(less, layer=1), table(less, frame=1)], ignore_index=True)
    found = find_candidates(atoms, SHAPE)
    assert found[["frame", "layer"]].to_numpy().tolist() == [[0, 1], [1, 0]]
