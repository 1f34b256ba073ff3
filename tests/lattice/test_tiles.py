import numpy as np
import pytest

from lattices import ONE, atoms, cell, image
from napari_strata.lattice.fourier import fourier_frame
from napari_strata.lattice.tiles import at_least

CONSTANT, EXTENT, PIXEL = 2.8, 36.0, 0.15


def seen(jitter: float, noise: float, seed: int):
    vectors = cell(CONSTANT, gamma=90, angle=12)
    places = atoms(vectors, EXTENT + 8, sites=ONE, jitter=jitter, seed=seed)[0] - 4
    pixels = image([places], EXTENT, PIXEL, width=0.45, noise=noise, seed=seed)
    [lattice] = fourier_frame(pixels, PIXEL, [vectors], "square").lattices
    return lattice


def test_displaced_atoms_make_a_lattice_as_uncertain_as_their_number_says() -> None:
    # A strain is sum(w t u) / sum(w t^2) of displacements u; of N atoms under a Hann window of side L its standard
    # deviation is 6.494 u / (L sqrt(N)), from the integrals of w, w^2, w t^2 and w^2 t^2.
    displaced = 0.04
    expected = CONSTANT * 6.494 * displaced / (EXTENT * (EXTENT / CONSTANT))
    found = [seen(displaced, 0.05, seed) for seed in range(6)]
    lengths = [length for one in found for length in (one.parameters.a, one.parameters.b)]
    assert np.sqrt(np.mean([length.sigma**2 for length in lengths])) == pytest.approx(expected, rel=0.15)
    assert np.sqrt(np.mean([(length.value - CONSTANT) ** 2 for length in lengths])) < 1.5 * expected
    assert min(one.variance_ratio for one in found) > 3


def test_white_noise_enlarges_nothing() -> None:
    ratios = [seen(0.0, 0.3, seed).variance_ratio for seed in range(4)]
    assert min(ratios) >= 1
    assert np.mean(ratios) < 1.25


def test_lines_of_a_scan_that_jitter_make_a_shear_as_uncertain_as_their_number_says() -> None:
    # Lines displaced along x by u make a shear of sum(w t u) / sum(w t^2), which moves the vector along y along x.
    displaced, side = 0.08, round(EXTENT / PIXEL)
    distance = (np.arange(side) - side / 2) * PIXEL
    window = np.hanning(side + 1)[:-1]
    shear = displaced * np.sqrt((window**2 * distance**2).sum()) / (window * distance**2).sum()
    vectors = cell(CONSTANT, gamma=90, angle=0)
    sigmas = []
    for seed in range(4):
        places = atoms(vectors, EXTENT + 8, sites=ONE, seed=seed)[0] - 4
        still = image([places], EXTENT, PIXEL, width=0.45, noise=0.01, seed=seed)
        x = np.arange(side) * PIXEL
        moved = np.random.default_rng(seed).normal(0, displaced, side)
        pixels = np.stack([np.interp(x + by, x, line) for by, line in zip(moved, still, strict=True)])
        [lattice] = fourier_frame(pixels, PIXEL, [vectors], "square").lattices
        upright = int(np.argmax(np.abs(lattice.vectors[:, 0])))
        sigmas.append(np.sqrt(lattice.covariance[2 * upright + 1, 2 * upright + 1]))
    assert np.mean(sigmas) == pytest.approx(CONSTANT * shear, rel=0.25)


def test_a_covariance_is_enlarged_where_another_one_is_larger_and_nowhere_else() -> None:
    np.testing.assert_allclose(at_least(np.diag([1.0, 4.0]), np.diag([9.0, 1.0])), np.diag([9.0, 4.0]))
    turned = np.array([[2.5, 1.5], [1.5, 2.5]])  # 4 along (1, 1), 1 along (1, -1)
    np.testing.assert_allclose(at_least(2 * np.eye(2), turned), [[3.0, 1.0], [1.0, 3.0]], atol=1e-12)
