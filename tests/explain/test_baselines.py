import numpy as np
import pytest

from napari_strata.explain import baselines
from napari_strata.explain.baselines import make_baseline, make_references, make_superpixels

GRID = np.random.default_rng(1).normal(0.5, 2, (40, 60)).astype(np.float32)


def test_the_mean_and_the_least_value_are_everywhere():
    assert make_baseline(GRID, "mean", pixel_size=0.2, seed=0) == pytest.approx(GRID.mean(), abs=1e-6)
    assert (make_baseline(GRID, "dark", pixel_size=0.2, seed=0) == GRID.min()).all()


def test_a_blurred_image_keeps_its_mean_and_loses_its_contrast():
    spot = np.zeros((101, 101), np.float32)
    spot[50, 50] = 1
    blurred = make_baseline(spot, "blurred", pixel_size=0.5, seed=0)
    assert blurred.sum() == pytest.approx(1, rel=1e-3)
    # 2 Å are 4 px: a Gaussian of that width is 1 / (2 pi 16) high.
    assert blurred[50, 50] == pytest.approx(1 / (2 * np.pi * 16), rel=0.01)


def test_noise_has_the_image_s_mean_and_spread_and_its_seed():
    noise = make_baseline(GRID, "noise", pixel_size=None, seed=3)
    assert noise.mean() == pytest.approx(GRID.mean(), abs=0.1)
    assert noise.std() == pytest.approx(GRID.std(), rel=0.05)
    np.testing.assert_array_equal(noise, make_baseline(GRID, "noise", pixel_size=None, seed=3))
    assert not np.array_equal(noise, make_baseline(GRID, "noise", pixel_size=None, seed=4))


def test_superpixels_have_about_the_size_that_was_asked_for():
    numbers = make_superpixels(np.zeros((60, 60), np.float32), 10)
    assert numbers.shape == (60, 60)
    sizes = np.bincount(numbers.ravel())
    assert len(sizes) == 36
    assert sizes == pytest.approx(100, rel=0.35)


def test_superpixels_follow_what_is_seen():
    halves = np.zeros((40, 40), np.float32)
    halves[:, 17:] = 5
    numbers = make_superpixels(halves, 10)
    assert not set(np.unique(numbers[:, :17])) & set(np.unique(numbers[:, 17:]))


def test_a_large_image_is_divided_tile_by_tile_and_a_part_of_it_as_the_whole(monkeypatch):
    monkeypatch.setattr(baselines, "TILE", 20)
    whole = make_superpixels(GRID, 5)  # 40 x 60 px: two by three tiles
    assert sorted(np.unique(whole)) == list(range(whole.max() + 1))
    for tile in (np.s_[:20, :20], np.s_[20:, 40:]):
        rest = whole.copy()
        rest[tile] = -1
        assert not set(np.unique(whole[tile])) & set(np.unique(rest))
    window = np.s_[22:31, 15:24]  # in the lower row of tiles, the first and the second of them
    part = make_superpixels(GRID, 5, within=window)
    assert (part[:20] == baselines.NOT_DIVIDED).all()
    assert (part[:, 40:] == baselines.NOT_DIVIDED).all()
    same, other = (np.unique(numbers[window], return_inverse=True)[1] for numbers in (part, whole))
    np.testing.assert_array_equal(same, other)


def test_references_are_the_image_moved():
    first, second = make_references(GRID, 2, seed=0)
    for moved in (first, second):
        np.testing.assert_array_equal(np.sort(moved.ravel()), np.sort(GRID.ravel()))
        assert not np.array_equal(moved, GRID)
    assert not np.array_equal(first, second)
