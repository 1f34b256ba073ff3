import numpy as np
import pytest

from napari_strata.atoms.fit.held import fit_heights

WIDTH, LEVEL, HEIGHT = 2.0, 20.0, 100.0
GRID = np.stack(np.meshgrid(np.arange(6), np.arange(6), indexing="ij"), axis=-1).reshape(-1, 2) * 9.0 + 8.3


def draw(positions, heights, shape=(62, 62)):
    y, x = np.indices(shape)
    squares = (y - positions[:, :1, None]) ** 2 + (x - positions[:, 1:, None]) ** 2
    return LEVEL + np.einsum("a,ayx->yx", heights, np.exp(-squares / (2 * WIDTH**2)))


def fitted(image, positions, sigma_px=0.1):
    return fit_heights(image, positions, width_px=WIDTH, sigma_px=np.full(len(positions), sigma_px))


def test_atoms_that_are_there_have_their_height_and_one_that_is_not_has_none():
    heights = np.full(len(GRID), HEIGHT)
    heights[[7, 14, 21]] = 0.0, 50.0, -10.0
    assert fitted(draw(GRID, heights), GRID).heights == pytest.approx(heights, abs=0.2)


def test_the_uncertainty_is_that_of_the_counts():
    """Of a dark place the variance is LEVEL in all pixels: sigma² = LEVEL / sum(peak²) = LEVEL / (pi width²)."""
    heights = np.full(len(GRID), HEIGHT)
    gone = [7, 10, 25, 28]
    heights[gone] = 0.0
    found = [fitted(np.random.default_rng(seed).poisson(draw(GRID, heights)), GRID) for seed in range(12)]
    expected = np.sqrt(LEVEL / (np.pi * WIDTH**2))
    assert np.mean([one.sigma[gone] for one in found]) == pytest.approx(expected, rel=0.15)
    assert np.std([one.heights[gone] for one in found]) == pytest.approx(expected, rel=0.3)


def test_what_each_of_two_atoms_on_one_spot_holds_is_not_certain():
    """Positions good to 0.1 px tell nothing of two atoms 0.1 px apart, but all of their sum."""
    pair = np.array([[30.8, 30.8], [30.8, 30.9]])
    positions = np.concatenate([GRID[(np.abs(GRID - 30.8) > 6).any(axis=1)], pair])
    image = np.random.default_rng(0).poisson(draw(positions, np.full(len(positions), HEIGHT)))
    found = fitted(image, positions)
    assert found.sigma[:-2].max() < 0.1 * HEIGHT
    assert found.sigma[-2:].min() > 0.5 * HEIGHT
    assert found.heights[-2:].sum() == pytest.approx(2 * HEIGHT, rel=0.1)


def test_two_atoms_on_the_very_same_spot_are_no_obstacle_in_an_image_without_noise():
    positions = np.concatenate([GRID, GRID[:1]])
    found = fitted(draw(positions, np.full(len(positions), HEIGHT)), positions)
    assert found.heights == pytest.approx(np.full(len(positions), HEIGHT), rel=0.01)
    assert found.sigma[[0, -1]].min() > HEIGHT > 100 * found.sigma[1:-1].max()
