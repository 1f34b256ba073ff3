import numpy as np
import pytest

from lattices import atoms, cell
from napari_strata.lattice.blocks import blocks_of, variance_ratio
from napari_strata.lattice.field import fit_field
from napari_strata.lattice.fit import fit_lattice
from napari_strata.lattice.indexing import index_atoms
from napari_strata.lattice.translations import find_cell

COUNT = 3600
LATTICES = [np.array([[0.1, 2.46], [2.13, -1.2]]), np.array([[1.2, 2.13], [1.3, -2.1]])]


def ratio_of(pulls: np.ndarray, points: np.ndarray) -> float:
    return variance_ratio(points, pulls, LATTICES, COUNT * np.eye(8))


def test_blocks_hold_as_many_atoms_each_and_neighbours() -> None:
    points = np.random.default_rng(0).uniform(0, 60, (COUNT, 2))
    block = blocks_of(points)
    assert (np.bincount(block, minlength=36) == 100).all()
    assert max(np.ptp(points[block == number], axis=0).max() for number in range(36)) < 15


def test_independent_errors_leave_the_variance() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 60, (COUNT, 2))
    assert ratio_of(rng.normal(size=(COUNT, 8)), points) == pytest.approx(1, abs=0.25)


def test_errors_that_the_100_atoms_of_a_block_share_make_it_100_times_larger() -> None:
    rng = np.random.default_rng(2)
    points = rng.uniform(0, 60, (COUNT, 2))
    pulls = rng.normal(size=(36, 8))[blocks_of(points)]
    assert ratio_of(pulls, points) == pytest.approx(100, rel=0.4)


def test_what_all_layers_share_does_not_count() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform(0, 60, (COUNT, 2))
    affine = rng.normal(size=(36, 2, 2))[blocks_of(points)]
    pulls = np.concatenate([(v @ affine).reshape(COUNT, 4) for v in LATTICES], axis=1)
    assert ratio_of(pulls, points) == 1


def test_a_field_weighs_atoms_by_their_stated_uncertainty() -> None:
    rng = np.random.default_rng(4)
    positions = [atoms(cell(2.46, angle=turn), 40.0, seed=i)[0] for i, turn in enumerate((11.0, 39.9))]
    sigma = [np.where(rng.random((len(p), 1)) < 0.5, 0.02, 0.06) * np.ones(2) for p in positions]
    shaken = [p + s * rng.normal(size=p.shape) for p, s in zip(positions, sigma, strict=True)]
    indices = [index_atoms(p, find_cell(p)) for p in positions]
    weighed, alike = (
        fit_field(shaken, [fit_lattice(p, i, s) for p, i, s in zip(shaken, indices, stated, strict=True)])
        for stated in (sigma, (None, None))
    )
    assert np.trace(weighed.covariance) < 0.6 * np.trace(alike.covariance)
    true = fit_lattice(positions[0], indices[0]).vectors
    assert np.abs(weighed.lattices[0] - true).max() < np.abs(alike.lattices[0] - true).max()
