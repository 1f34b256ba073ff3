"""What is measured beside the positions: noise, width, how far starts are off, and the atom alone."""

import numpy as np
import pytest

from honeycomb import honeycomb
from napari_strata.atoms.fit.isolated import sigma_alone
from napari_strata.atoms.fit.noise import Noise, NoiseKind, measure_noise
from napari_strata.atoms.fit.prior import measured_spread
from napari_strata.atoms.fit.width import guess_width

RNG_SEED = 11


def ramp():
    return np.tile(np.linspace(20, 400, 300), (300, 1))


def measured(image, mean, kind=None, leverage=0.0):
    return measure_noise(
        image, mean, np.ones(mean.shape, bool), np.full(mean.shape, leverage), kind or NoiseKind()
    )


def test_gain_and_readout_are_those_of_the_noise():
    mean, rng = ramp(), np.random.default_rng(RNG_SEED)
    image = 3 * rng.poisson(mean / 3) + rng.normal(0, 20, mean.shape)
    noise = measured(image, mean)
    assert noise.gain == pytest.approx(3, rel=0.03)
    assert noise.readout == pytest.approx(400, rel=0.05)


def test_what_the_fit_has_taken_up_is_added_again():
    mean, rng = ramp(), np.random.default_rng(RNG_SEED)
    image = mean + rng.normal(0, np.sqrt(0.75 * 100), mean.shape)
    assert measured(image, mean, NoiseKind(uniform=True), 0.25).readout == pytest.approx(100, rel=0.02)


def test_a_known_gain_is_kept():
    assert measured(ramp() + 1, ramp(), NoiseKind(gain=2.5)).gain == 2.5


def test_no_pixel_has_a_variance_of_nothing():
    assert Noise(1.0, 0.0, 0.2).variance(np.array([-5.0, 0.1, 7.0])).tolist() == [0.2, 0.2, 7.0]


def test_an_atom_alone_has_the_uncertainty_width_by_root_of_counts():
    alone = sigma_alone(np.array([100.0]), np.zeros(1), Noise(1.0, 0.0, 1e-9))
    counts_by_width_squared = 2 * np.pi * 100
    assert alone[0] == pytest.approx(1 / np.sqrt(counts_by_width_squared), rel=1e-3)


def test_the_spread_of_starts_is_told_from_the_noise_of_the_fit():
    rng, spread, noise, expected = np.random.default_rng(RNG_SEED), 0.3, 0.1, 0.2
    alone = rng.normal(0, np.hypot(spread, noise), (2000, 2))
    weight = expected**2 / (expected**2 + noise**2)
    variance = np.full((2000, 2), weight * noise**2)
    assert measured_spread(weight * alone, variance, expected) == pytest.approx(spread, rel=0.06)


def test_where_the_image_says_little_the_expected_spread_stays():
    assert measured_spread(np.full((2000, 2), 0.3), np.full((2000, 2), 0.9 * 0.2**2), 0.2) == 0.2


@pytest.mark.parametrize(("spread", "told"), [(0.4, 0.4), (0.1, 0.2)])
def test_where_the_image_says_little_starts_may_be_worse_than_expected_but_not_better(spread, told):
    rng, expected, kept = np.random.default_rng(RNG_SEED), 0.2, 0.7
    noise = expected * np.sqrt(kept / (1 - kept))
    moved = (1 - kept) * rng.normal(0, np.hypot(spread, noise), (2000, 2))
    assert measured_spread(moved, np.full((2000, 2), kept * expected**2), expected) == pytest.approx(told, rel=0.1)


@pytest.mark.parametrize("width", [1.2, 2.0, 3.1])
def test_the_width_of_peaks_is_guessed(width):
    row = np.arange(1, 9) * 9.0 + 0.3
    atoms = np.stack(np.meshgrid(row, row, indexing="ij"), axis=-1).reshape(-1, 2)
    along = np.exp(-((np.arange(82)[:, None] - row) ** 2) / (2 * width**2)).sum(axis=1)
    image = np.random.default_rng(RNG_SEED).poisson(60 * np.outer(along, along) + 5).astype(float)
    guess = guess_width(image, atoms, np.zeros(64, np.intp), lowest=0.7, highest=6)
    assert guess == pytest.approx(width, rel=0.2)


@pytest.mark.parametrize("seed", range(3))
def test_the_width_is_guessed_where_atoms_of_two_layers_coincide(seed):
    rng, width, extent = np.random.default_rng(seed), 3.2, 12.0
    pixel = extent / 100
    atoms = np.vstack([honeycomb(extent, angle=angle) for angle in (8.0, 25.0)]) / pixel
    along = [np.exp(-((np.arange(100)[:, None] - atoms[:, i]) ** 2) / (2 * width**2)) for i in (0, 1)]
    image = rng.poisson(60 * along[0] @ along[1].T + 5).astype(float)
    seen = ((atoms > 0) & (atoms < 99)).all(axis=1)
    start = atoms[seen] + rng.normal(0, 0.22, (seen.sum(), 2))
    layers = (np.arange(len(atoms)) >= len(atoms) // 2)[seen].astype(np.intp)
    assert guess_width(image, start, layers, lowest=1.2, highest=12) == pytest.approx(width, rel=0.12)
