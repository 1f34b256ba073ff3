import numpy as np
import pytest

from benchmarks import positions
from benchmarks.fisher_bound import isolated_bound, lattice_bound, position_bound


def test_the_bounds_are_those_known_for_this_lattice():
    assert isolated_bound(20, 2) == pytest.approx(0.126, abs=5e-4)
    assert isolated_bound(200, 2) == pytest.approx(0.040, abs=5e-4)
    assert lattice_bound(10, 20, 2) == pytest.approx(0.137, abs=5e-4)
    assert lattice_bound(10, 200, 2) == pytest.approx(0.043, abs=5e-4)


def test_far_from_others_the_joint_bound_is_that_of_an_isolated_atom():
    alone = position_bound(np.array([[50.2, 50.4], [50.0, 90.0]]), 80, 2)
    np.testing.assert_allclose(alone, isolated_bound(80, 2), rtol=0.02)


def test_each_true_atom_takes_one_found_atom():
    true = np.array([[0.0, 0.0], [0.0, 10.0], [0.0, 20.0]])
    found = np.array([[0.5, 0.0], [1.0, 0.0], [0.0, 10.0]])
    error, index, missed, false = positions.errors(found, true)
    assert (error.tolist(), index.tolist(), missed, false) == ([[0.5, 0.0], [0.0, 0.0]], [0, 2], 1, 1)


def test_a_small_lattice_is_found_whole_from_end_to_end():
    counts, true = positions.make_lattice(8, 200, np.random.default_rng(0))
    fitted = positions.fit(counts, positions.detect(counts))
    error, _index, missed, false = positions.errors(fitted.positions, true)
    assert (len(error), missed, false) == (64, 0, 0)
    assert np.sqrt((error**2).sum(axis=1).mean()) < 1.25 * lattice_bound(10, 200, 2)
