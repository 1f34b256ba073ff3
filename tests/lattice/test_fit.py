import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lattices import HONEYCOMB, ONE, atoms, cell
from napari_strata.errors import LatticeError, TableError
from napari_strata.lattice.cells import fold
from napari_strata.lattice.fit import EQUAL, GIVEN, LatticeFit, fit_lattice
from napari_strata.lattice.indexing import index_atoms
from napari_strata.lattice.translations import find_cell

EXTENT = 30.0


def fitted(positions: np.ndarray, sigma: np.ndarray | None = None, **options: object) -> LatticeFit:
    return fit_lattice(positions, index_atoms(positions, find_cell(positions, **options)), sigma)


@pytest.mark.parametrize(
    ("shape", "sites", "family"),
    [
        ((2.46, 2.46, 120), HONEYCOMB, "hexagonal"),
        ((2.88, 2.88, 120), ONE, "hexagonal"),
        ((3.9, 3.9, 90), ((0, 0), (0.4, 0.5)), "square"),
        ((3.9, 3.9, 90), ((0, 0), (0.5, 0.5), (0.5, 0), (0, 0.5))[:3], "square"),
        ((3.84, 5.43, 90), ((0, 0), (0.0, 0.25), (0.5, 0.5)), "rectangular"),
        ((3.1, 4.4, 103), ONE, "oblique"),
    ],
)
def test_exact_lattices_are_recovered_exactly(shape: tuple, sites: tuple, family: str) -> None:
    positions, _ = atoms(cell(*shape, angle=11.7), EXTENT, sites=sites)
    fit = fitted(positions)
    found = fit.parameters
    assert fit.index.cell.family == family
    assert fit.index.placed.all()
    assert len(fit.cell.sites) == len(sites)
    lengths = sorted([found.a.value, found.b.value])
    assert lengths == pytest.approx(sorted(shape[:2]), abs=1e-9)
    gamma = found.gamma.value
    assert min(gamma, 180 - gamma) == pytest.approx(min(shape[2], 180 - shape[2]), abs=1e-9)
    assert np.abs(fit.residuals).max() < 1e-9


def test_like_atoms_decide_the_cell_where_kinds_are_told() -> None:
    positions, site = atoms(cell(3.905, gamma=90, angle=7), EXTENT, sites=((0, 0), (0.5, 0.5)))
    assert find_cell(positions).area == pytest.approx(3.905**2 / 2, rel=0.01)
    told = find_cell(positions, kinds=site)
    assert told.area == pytest.approx(3.905**2, rel=0.01)
    assert sorted(told.sites[1]) == pytest.approx([0.5, 0.5], abs=0.02)


def test_the_orientation_is_that_of_a() -> None:
    positions, _ = atoms(cell(2.46, angle=11.7), EXTENT)
    assert fitted(positions).parameters.orientation.value == pytest.approx(11.7, abs=1e-9)


@settings(max_examples=15)
@given(
    angle=st.floats(-180, 180),
    scale=st.floats(0.4, 40),
    shift=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
)
def test_turning_scaling_and_moving_change_what_they_should(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    positions, _ = atoms(scale * cell(2.46, angle=angle), 14 * scale)
    found = fitted(positions + shift).parameters
    assert found.a.value == pytest.approx(2.46 * scale, rel=1e-9)
    assert found.gamma.value == pytest.approx(120, abs=1e-6)
    assert fold(found.orientation.value - angle, 60) == pytest.approx(0, abs=1e-6)


def test_vacancies_and_false_atoms_do_not_move_the_lattice() -> None:
    positions, _ = atoms(cell(2.46, angle=5), EXTENT)
    rng = np.random.default_rng(3)
    damaged = positions[rng.random(len(positions)) > 0.15]
    false = rng.uniform(0, EXTENT, (40, 2))
    fit = fitted(np.concatenate([damaged, false]))
    assert fit.index.placed[: len(damaged)].mean() > 0.98
    assert fit.parameters.a.value == pytest.approx(2.46, abs=2e-3)


def test_a_slowly_changing_lattice_is_indexed_to_its_edges() -> None:
    positions, site = atoms(cell(2.46, angle=5), 60.0)
    # Displacements of up to 3 Å, more than a bond, that change by at most 12 % of a step.
    moved = positions + 3.0 * np.sin(positions[:, ::-1] / 25)
    index = index_atoms(moved, find_cell(moved))
    assert index.placed.all()
    true = index_atoms(positions, find_cell(positions))
    for index_of in (index, true):
        index_of.cells[:] -= index_of.cells[len(positions) // 2]
    a, b = (np.unique(np.c_[i.cells, i.site], axis=0, return_inverse=True)[1] for i in (index, true))
    assert len(np.unique(a)) == len(np.unique(b)) == len(positions)
    assert len(np.unique(site[index.site == 0])) == 1


def test_no_two_atoms_have_the_same_place() -> None:
    positions, _ = atoms(cell(2.46), EXTENT)
    doubled = np.concatenate([positions, positions[::7] + 0.1])
    index = index_atoms(doubled, find_cell(positions))
    places = np.c_[index.cells, index.site][index.placed]
    assert len(np.unique(places, axis=0)) == len(places) == len(positions)


def test_uncertainties_cover_the_errors() -> None:
    errors = []
    for seed in range(60):
        positions, _ = atoms(cell(2.46, angle=3), 16.0, jitter=0.06, seed=seed)
        found = fitted(positions).parameters
        for figure, true in ((found.a, 2.46), (found.b, 2.46), (found.gamma, 120.0), (found.orientation, 3.0)):
            errors.append((figure.value - true) / figure.sigma)
    # 240 normal numbers, some of them correlated: their standard deviation is 1 within about 0.1.
    assert np.std(errors) == pytest.approx(1, abs=0.15)
    assert np.mean(np.abs(errors) < 2) == pytest.approx(0.954, abs=0.04)


def test_stated_uncertainties_weigh() -> None:
    positions, _ = atoms(cell(2.46, angle=3), 20.0)
    rng = np.random.default_rng(0)
    sigma = np.where(rng.random(len(positions)) < 0.5, 0.03, 0.09)[:, None] * np.ones(2)
    positions = positions + rng.normal(0, 1, positions.shape) * sigma
    weighted, plain = fitted(positions, sigma), fitted(positions)
    assert (weighted.assumed, plain.assumed) == (GIVEN, EQUAL)
    assert weighted.parameters.a.sigma < 0.75 * plain.parameters.a.sigma
    assert weighted.chi_square / weighted.degrees == pytest.approx(1, abs=0.15)


def test_too_small_stated_uncertainties_are_enlarged() -> None:
    positions, _ = atoms(cell(2.46, angle=3), 20.0, jitter=0.05)
    stated = fitted(positions, np.full(positions.shape, 0.01))
    assert stated.chi_square / stated.degrees == pytest.approx(25, rel=0.15)
    assert stated.parameters.a.sigma == pytest.approx(fitted(positions).parameters.a.sigma, rel=0.05)


def test_atoms_without_a_stated_uncertainty_do_not_count() -> None:
    positions, _ = atoms(cell(2.46), 16.0)
    sigma = np.full(positions.shape, 0.05)
    sigma[3] = np.nan
    fit = fitted(positions, sigma)
    assert not fit.used[3] and fit.used.sum() == len(positions) - 1


def test_an_outlier_does_not_count() -> None:
    positions, _ = atoms(cell(2.46), 20.0, jitter=0.02)
    middle = int(np.hypot(*(positions - 10).T).argmin())
    positions[middle] += [0.3, 0.0]
    fit = fitted(positions)
    assert fit.index.placed[middle] and not fit.used[middle]


def test_random_atoms_are_no_lattice() -> None:
    with pytest.raises(LatticeError, match=r"no lattice|fit into one lattice"):
        fitted(np.random.default_rng(1).uniform(0, 30, (400, 2)))


def test_few_atoms_are_refused() -> None:
    with pytest.raises(TableError, match="11 atoms are too few"):
        find_cell(np.random.default_rng(1).uniform(0, 30, (11, 2)))
