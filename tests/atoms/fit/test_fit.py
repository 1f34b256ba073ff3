import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fisher_bound import position_bound
from honeycomb import honeycomb
from napari_strata.atoms.fit.fit import fit_peaks

SIGMA = 2.0


def draw(atoms, amplitude, shape, sigma=SIGMA, level=0.0):
    """Draw Gaussians sampled at the centres of pixels."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.full(shape, float(level))
    for (row, column), height in zip(atoms, np.broadcast_to(amplitude, len(atoms)), strict=True):
        image += height * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
    return image


def lattice(side, spacing=10.0, shift=(0.3, -0.2)):
    row = (np.arange(side) + 1) * spacing
    return np.stack(np.meshgrid(row + shift[0], row + shift[1], indexing="ij"), axis=-1).reshape(-1, 2)


def off(atoms, size, seed=0):
    return atoms + np.random.default_rng(seed).normal(0, size, atoms.shape)


def test_without_noise_positions_heights_width_and_background_are_exact():
    true = lattice(5)
    image = draw(true, np.linspace(20, 60, 25), (60, 60), level=7)
    found = fit_peaks(image, off(true, 0.4), width_px=1.6)
    np.testing.assert_allclose(found.positions, true, atol=1e-6)
    np.testing.assert_allclose(found.amplitude, np.linspace(20, 60, 25), rtol=1e-4)
    np.testing.assert_allclose(found.background, 7, atol=1e-2)
    np.testing.assert_allclose(found.width, SIGMA, rtol=1e-4)
    assert not found.failed.any()


def test_an_isolated_atom_has_the_uncertainty_sigma_by_the_root_of_its_counts():
    image = draw([(30.2, 29.7)], 100, (60, 60))
    found = fit_peaks(image, np.array([[30.0, 30.0]]), width_px=2, gain=1)
    counts = 2 * np.pi * SIGMA**2 * 100
    np.testing.assert_allclose(found.sigma, SIGMA / np.sqrt(counts), rtol=0.02)
    assert not found.crowded.any()


def test_the_noise_is_measured_on_a_single_atom():
    rng, found = np.random.default_rng(9), []
    for _ in range(12):
        image = rng.poisson(draw([(20.2, 19.7)], 300, (40, 40), level=20)).astype(float)
        found.append(fit_peaks(image, np.array([[20.0, 20.0]]), width_px=2))
    known = fit_peaks(image, np.array([[20.0, 20.0]]), width_px=2, gain=1)
    np.testing.assert_allclose([one.chi2[0] for one in found], 1, atol=0.2)
    assert np.median([one.sigma for one in found]) == pytest.approx(np.mean(known.sigma), rel=0.1)


def test_in_white_noise_the_uncertainty_is_that_of_least_squares():
    rng, noise, amplitude = np.random.default_rng(1), 3.0, 60.0
    true = lattice(4, spacing=25)
    image = draw(true, amplitude, (125, 125)) + rng.normal(0, noise, (125, 125))
    found = fit_peaks(image, off(true, 0.3), width_px=2, noise="uniform")
    # Fisher's information of y is the sum of squared slopes, A² pi / 2, by the variance.
    assert np.median(found.sigma) == pytest.approx(noise / amplitude * np.sqrt(2 / np.pi), rel=0.05)
    np.testing.assert_allclose(found.chi2, 1, atol=0.5)
    assert found.chi2.mean() == pytest.approx(1, abs=0.1)


def test_errors_are_as_large_as_reported_and_as_the_joint_bound():
    rng, errors, sigmas = np.random.default_rng(5), [], []
    true = lattice(10)
    for _ in range(4):
        image = rng.poisson(draw(true, 20, (110, 110))).astype(float)
        found = fit_peaks(image, true + rng.normal(0, 0.3, true.shape), width_px=1.7)
        errors.append(found.positions - true)
        sigmas.append(found.sigma)
    error, sigma = np.array(errors), np.array(sigmas)
    rms = np.sqrt((error**2).sum(axis=-1).mean())
    bound = position_bound(lattice(5), 20, SIGMA)[12]
    assert bound == pytest.approx(0.137, abs=5e-4)
    assert rms == pytest.approx(bound, rel=0.1)
    assert np.sqrt((sigma**2).sum(axis=-1).mean()) == pytest.approx(rms, rel=0.1)
    assert (np.abs(error) < sigma).mean() == pytest.approx(0.683, abs=0.04)


def test_an_overlapping_pair_is_taken_apart_and_its_uncertainty_is_that_of_the_joint_fit():
    true = np.array([[30.2, 28.0], [30.4, 30.4], [30.0, 55.0]])  # 1.2 sigma apart, and one alone
    image = draw(true, 200, (60, 85), level=10)
    found = fit_peaks(image, off(true, 0.2), width_px=2, gain=1)
    np.testing.assert_allclose(found.positions, true, atol=1e-4)
    bound = position_bound(true, 200, SIGMA, level=10)
    np.testing.assert_allclose(np.linalg.norm(found.sigma, axis=1), bound, rtol=0.05)
    assert found.crowded.tolist() == [True, True, False]


def test_an_irregular_crowd_has_the_uncertainties_of_the_dense_matrix():
    rng = np.random.default_rng(3)
    true = lattice(5, spacing=6) + rng.uniform(-1, 1, (25, 2))
    found = fit_peaks(draw(true, 300, (37, 37), level=20), true, width_px=2, gain=1)
    ratio = np.linalg.norm(found.sigma, axis=1) / position_bound(true, 300, SIGMA, level=20)
    inner = ((true > 8) & (true < 28)).all(axis=1)
    np.testing.assert_allclose(ratio[inner], 1, atol=0.06)


def test_elliptical_peaks_have_their_axes_and_positions():
    true = lattice(4, spacing=14)
    y, x = np.mgrid[:70, :70]
    image = np.full((70, 70), 3.0)
    for row, column in true:
        along, across = ((y - row) + (x - column)) / np.sqrt(2), ((y - row) - (x - column)) / np.sqrt(2)
        image += 50 * np.exp(-(along**2) / (2 * 2.5**2) - across**2 / (2 * 1.8**2))
    found = fit_peaks(image, off(true, 0.3), width_px=2, shape="elliptical")
    np.testing.assert_allclose(found.positions, true, atol=1e-6)
    np.testing.assert_allclose(found.width, np.tile([1.8, 2.5], (16, 1)), rtol=1e-4)


def test_groups_have_widths_of_their_own():
    true = lattice(4, spacing=12)
    wide = np.arange(16) % 2 == 1
    image = draw(true[wide], 40, (60, 60), sigma=2.4) + draw(true[~wide], 40, (60, 60), sigma=1.8)
    found = fit_peaks(image, off(true, 0.2), width_px=2, groups=wide.astype(int))
    np.testing.assert_allclose(found.width[:, 0], np.where(wide, 2.4, 1.8), rtol=1e-3)


def test_an_atom_centred_outside_the_image_is_found_by_what_is_left_of_it():
    true = np.vstack([lattice(4, spacing=12), [[-0.4, 30.0]]])
    found = fit_peaks(draw(true, 40, (60, 60), level=2), off(true, 0.2), width_px=2)
    np.testing.assert_allclose(found.positions, true, atol=1e-5)
    assert found.sigma[-1, 0] > found.sigma[5, 0]


def test_a_start_where_nothing_is_fails_and_stays_while_the_others_are_exact():
    true = lattice(4, spacing=14)
    start = np.vstack([true, [[35.0, 35.0]]])
    rng = np.random.default_rng(3)
    found = fit_peaks(rng.poisson(draw(true, 400, (70, 70))).astype(float), start, width_px=2)
    assert found.failed.tolist() == [False] * 16 + [True]
    assert found.positions[-1].tolist() == [35.0, 35.0]
    assert np.isnan(found.sigma[-1]).all()
    assert np.linalg.norm(found.positions[:-1] - true, axis=1).max() < 0.15
    assert found.amplitude[-1] < 4
    assert found.gain == pytest.approx(1, abs=0.15)  # a peak that is not there would be taken for noise


def test_a_gain_and_an_offset_of_the_detector_are_measured():
    rng, true = np.random.default_rng(4), lattice(12)
    image = 7 * rng.poisson(draw(true, 60, (130, 130), level=15)) + 300.0
    found = fit_peaks(image, off(true, 0.2), width_px=2)
    assert found.gain == pytest.approx(7, rel=0.06)
    assert found.gain * (300 + 7 * 15) + found.readout == pytest.approx(7 * 7 * 15, rel=0.1)
    assert np.median(found.chi2) == pytest.approx(1, abs=0.05)
    counted = fit_peaks((image - 300) / 7, off(true, 0.2), width_px=2, gain=1)
    np.testing.assert_allclose(found.sigma, counted.sigma, rtol=0.1)


def test_atoms_that_coincide_stay_where_they_were_expected():
    true = np.vstack([lattice(4, spacing=12), [[24.3, 23.8]]])  # the last on the sixth
    rng = np.random.default_rng(6)
    start = off(true, 0.3, seed=7)
    image = rng.poisson(draw(true, 80, (60, 60), level=5)).astype(float)
    found = fit_peaks(image, start, width_px=2, prior_px=0.3)
    assert np.linalg.norm(found.positions - true, axis=1).max() < 1.2
    assert found.crowded[-1]
    assert (found.sigma[-1] <= found.prior_px * 1.01).all()


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_in_a_crowded_bilayer_the_image_makes_good_starts_better_and_says_how_good(spread):
    rng, pixel, side = np.random.default_rng(5), 0.12, 200
    layers = [honeycomb(pixel * side, angle=angle) / pixel for angle in (8.0, 25.0)]
    atoms, groups = np.vstack(layers), np.repeat([0, 1], [len(layer) for layer in layers])
    along = [np.exp(-((np.arange(side)[:, None] - atoms[:, i]) ** 2) / (2 * 3.2**2)) for i in (0, 1)]
    heights = 60 * rng.normal(1, spread, len(atoms))
    image = rng.poisson((along[0] * heights) @ along[1].T + 5).astype(float)
    seen = ((atoms >= 0) & (atoms <= side - 1)).all(axis=1)
    start = off(atoms[seen], 0.22)
    found = fit_peaks(image, start, width_px=3.0, groups=groups[seen], prior_px=0.25)
    error, before = found.positions - atoms[seen], start - atoms[seen]
    assert np.sqrt((error**2).mean() / (before**2).mean()) < 0.65
    assert np.sqrt(np.nanmean(found.sigma**2) / (error**2).mean()) == pytest.approx(1, abs=0.15)
    np.testing.assert_allclose(found.width, 3.2, rtol=0.02)
    assert np.median(found.chi2) == pytest.approx(1, abs=0.06)  # whatever is left at the border


def test_the_spread_of_starts_is_measured_where_the_image_tells():
    true = lattice(8)
    rng = np.random.default_rng(8)
    image = rng.poisson(draw(true, 200, (90, 90), level=5)).astype(float)
    found = fit_peaks(image, off(true, 0.4), width_px=2, prior_px=0.2)
    assert found.prior_px == pytest.approx(0.4, rel=0.15)


def test_a_width_that_runs_away_from_the_rough_one_is_held_there():
    atoms = lattice(6)
    fitted = fit_peaks(draw(atoms, 200, (72, 72), 3 * SIGMA), atoms, width_px=SIGMA, groups=np.arange(36) % 2)
    assert fitted.any_width
    np.testing.assert_allclose(fitted.width, SIGMA, rtol=1e-6)


def test_no_atoms_make_no_fit():
    found = fit_peaks(np.zeros((20, 20)), np.empty((0, 2)), width_px=2)
    assert found.positions.shape == (0, 2)


def test_an_image_of_nothing_fails_without_a_warning():
    found = fit_peaks(np.zeros((40, 40)), np.array([[20.0, 20.0]]), width_px=2)
    assert found.positions.tolist() == [[20.0, 20.0]]


def test_an_image_smaller_than_a_peak_is_fitted():
    true = np.array([[4.2, 5.1]])
    found = fit_peaks(draw(true, 100, (9, 11), level=1), true + 0.3, width_px=2)
    np.testing.assert_allclose(found.positions, true, atol=1e-3)


@settings(max_examples=12)
@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3), st.booleans())
def test_moving_turning_and_mirroring_the_image_does_the_same_to_the_atoms(down, right, turns, mirrored):
    true = lattice(3)[[0, 1, 2, 4, 5, 7]]
    image = np.random.default_rng(9).poisson(draw(true, 50, (45, 45), level=3)).astype(float)
    start = off(true, 0.2)
    plain = fit_peaks(image, start, width_px=2, gain=1)
    moved, shifted = np.pad(image, ((down, 0), (right, 0)), mode="edge"), start + np.array([down, right])
    turned, points = _turn(image, start, turns, mirrored)
    again = fit_peaks(turned, points, width_px=2, gain=1)
    expected = _turn(image, plain.positions, turns, mirrored)[1]
    np.testing.assert_allclose(again.positions, expected, atol=2e-3)
    carried = fit_peaks(moved, shifted, width_px=2, gain=1)
    np.testing.assert_allclose(carried.positions - np.array([down, right]), plain.positions, atol=0.03)


def _turn(image, points, turns, mirrored):
    """Turn image and points by right angles, and mirror them."""
    points = points.copy()
    for _ in range(turns):
        points = np.stack([image.shape[1] - 1 - points[:, 1], points[:, 0]], axis=1)
        image = np.rot90(image)
    if mirrored:
        image, points = image[::-1], np.stack([image.shape[0] - 1 - points[:, 0], points[:, 1]], axis=1)
    return np.ascontiguousarray(image), points
