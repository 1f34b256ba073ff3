import numpy as np
import pytest

from lattices import ONE, atoms, cell, image
from napari_strata.lattice.fourier import fourier_frame

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
