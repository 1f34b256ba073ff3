import numpy as np
import pytest

from napari_strata.config.what_if import CHANGES, WhatIfConfig
from napari_strata.errors import MethodError, TargetError
from napari_strata.explain.changes.image_changes import change_image, fill_words, footprint, grown
from napari_strata.explain.question import Question
from napari_strata.explain.targets import AtomTarget, PixelTarget
from napari_strata.explain.trust.shot_noise import ShotNoise

NOISE = ShotNoise(0.0, 1.0, 50.0)
REGION = np.zeros((30, 40), bool)
REGION[10:15, 12:19] = True


def noisy():
    return np.random.default_rng(0).poisson(50, REGION.shape).astype(np.uint16)


def change(image, mask=REGION, *, pixel_size=None, noise=NOISE, **settings):
    return change_image(image, mask, WhatIfConfig(**settings), pixel_size=pixel_size, noise=noise)


@pytest.mark.parametrize("name", CHANGES)
def test_only_the_region_and_where_it_goes_change(name):
    changed = change(noisy(), change=name, shift_y=3, blur=2)
    allowed = REGION | np.roll(REGION, 3, axis=0) if name == "shift" else REGION
    assert (changed[~allowed] == noisy()[~allowed]).all()
    assert (changed[REGION] != noisy()[REGION]).any()


@pytest.mark.parametrize(
    "settings",
    [
        {"change": "erase", "part": 0},
        {"change": "blur", "blur": 0},
        {"change": "denoise", "strength": 0},
        {"change": "shift", "shift_y": 0},
    ],
)
def test_an_amount_of_zero_changes_nothing(settings):
    assert (change(noisy(), **settings) == noisy()).all()


def test_erasing_leaves_the_level_of_the_surroundings():
    image = np.full(REGION.shape, 7.0)
    image[REGION] = 100
    np.testing.assert_allclose(change(image, change="erase"), 7)
    np.testing.assert_allclose(change(image, change="erase", part=0.5)[REGION], (7 + 100) / 2)


def test_a_filling_is_said_to_be_brighter_only_where_it_is():
    image = np.full(REGION.shape, 900.0)
    image[REGION] = 700
    words = "The filling is brighter than what was erased (mean 900, was 700): its surroundings are bright."
    assert fill_words(image, change(image, change="erase"), REGION) == words
    image[REGION] = 1000
    assert fill_words(image, change(image, change="erase"), REGION) == ""
    image[REGION] = 900
    assert fill_words(image, change(image, change="erase"), REGION) == ""


def test_a_blur_has_its_width_in_angstrom():
    image = np.zeros((41, 41))
    image[20, 20] = 1
    everywhere = np.ones(image.shape, bool)
    blurred = change(image, everywhere, pixel_size=0.5, change="blur", blur=1.5)
    y = np.arange(41) - 20
    assert (blurred.sum(axis=1) * y**2).sum() == pytest.approx(3**2, rel=0.02)


def test_denoising_takes_noise_away_and_keeps_the_mean():
    noise, everywhere = noisy().astype(float), np.ones(REGION.shape, bool)
    smooth = change(noise, everywhere, change="denoise", strength=1)
    assert smooth.std() < 0.4 * noise.std()
    assert smooth.mean() == pytest.approx(noise.mean(), rel=0.01)


def test_a_shift_carries_the_content_and_fills_what_it_leaves():
    image = np.full(REGION.shape, 7.0)
    image[REGION] = 100
    moved = change(image, pixel_size=0.5, change="shift", shift_y=2, shift_x=-1.5)  # by 4 and -3 px
    expected = np.full(REGION.shape, 7.0)
    expected[14:19, 9:16] = 100
    np.testing.assert_allclose(moved, expected)


def test_a_shift_out_of_the_image_leaves_nothing_behind():
    image = np.where(REGION, 100.0, 7.0)
    np.testing.assert_allclose(change(image, change="shift", shift_y=-100), 7)


def test_an_atoms_footprint_reaches_three_standard_deviations():
    question = Question(AtomTarget(10.0, 20.0, radius=0.5), 0)
    mask = footprint(question, REGION.shape, pixel_size=0.25, radius=9.0)
    assert mask.sum() == (np.hypot(*np.ogrid[-10:20, -20:20]) <= 3).sum()
    assert mask[10, 23] and not mask[10, 24]


def test_a_pixel_is_one_and_grows():
    mask = footprint(Question(PixelTarget(3, 4), 0), REGION.shape, pixel_size=0.25, radius=9.0)
    assert np.argwhere(mask).tolist() == [[3, 4]]
    assert grown(mask, 1.0).sum() == 5


def test_what_cannot_be_done_is_refused():
    with pytest.raises(TargetError, match="whole image"):
        change(noisy(), np.ones(REGION.shape, bool), change="erase")
    with pytest.raises(MethodError, match="no noise"):
        change(noisy(), change="denoise", noise=ShotNoise(0.0, 0.0, None))
