import numpy as np
import pytest
import torch

from napari_strata.data.augmentation.intensity import (
    add_background,
    blur,
    change_gamma,
    cover,
    gaussian_noise,
    shot_noise,
    standardised_like,
)
from napari_strata.data.augmentation.waves import SmoothField


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_shot_noise_has_the_variance_of_counting():
    image = torch.zeros((200, 200))
    image[:, 100:] = 0.5
    image[0, 0] = 1.0
    noisy = shot_noise(image, 40.0, generator())
    half = noisy[:, 100:]
    assert half.mean() == pytest.approx(0.5, abs=0.01)
    assert half.var() == pytest.approx(0.5 / 40, rel=0.05)  # (v - min) (max - min) / counts
    assert torch.equal(noisy[1:, :100], image[1:, :100])


def test_shot_noise_leaves_a_flat_patch_flat():
    assert torch.equal(shot_noise(torch.full((8, 8), 2.0), 10.0, generator()), torch.full((8, 8), 2.0))


def test_gaussian_noise_has_its_standard_deviation():
    noisy = gaussian_noise(torch.zeros((200, 200)), 0.3, generator())
    assert noisy.std() == pytest.approx(0.3, rel=0.02)
    assert noisy.mean() == pytest.approx(0, abs=0.01)


def test_blur_preserves_the_mean_and_widens_a_spot_by_its_variance():
    image = torch.zeros((41, 41))
    image[20, 20] = 1.0
    blurred = blur(image, 2.0, 10)
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    y = torch.arange(41.0) - 20
    assert (blurred.sum(dim=1) * y**2).sum() == pytest.approx(4.0, rel=0.01)


def test_blur_of_next_to_nothing_changes_nothing():
    image = torch.rand((9, 9), generator=generator())
    assert torch.allclose(blur(image, 0.0, 4), image)


def test_gamma_bends_between_the_darkest_and_the_brightest():
    image = torch.tensor([[0.0, 1.0, 2.0]])
    assert change_gamma(image, 2.0).tolist() == [[0.0, 0.5, 2.0]]


def test_a_background_is_as_strong_as_it_is_told():
    rng = np.random.default_rng(0)
    added = [add_background(torch.zeros((16, 16)), SmoothField.draw(8.0, rng), 0.5) for _ in range(300)]
    assert torch.stack(added).std() == pytest.approx(0.5, rel=0.1)


def test_grey_squares_cover_at_most_their_part():
    image = torch.arange(64 * 64.0).reshape(64, 64)
    covered = cover(image, 0.25, np.random.default_rng(0))
    part = float((covered != image).float().mean())
    assert 0.15 < part <= 0.25
    assert covered[covered != image].unique() == pytest.approx(float(image.mean()))


def test_a_patch_gets_its_mean_and_spread_back():
    before = torch.rand((16, 16), generator=generator())
    assert torch.allclose(standardised_like(before * 7 + 3, before), before, atol=1e-5)


def test_a_patch_in_which_nothing_was_counted_stays_grey():
    before = torch.randn(32, 32, generator=generator())
    counted = shot_noise(before, 1e-4, generator())
    assert counted.unique().numel() == 1
    assert (standardised_like(counted, before) == before.mean()).all()
