"""Each measure against maps and scores worked out by hand, and against captum where it has the measure."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captums_infidelity
from captum.metrics import sensitivity_max
from torch import nn

from explaining import scene_of, score_of
from judging import IMAGE, KERNEL, ONE, figures_of, subject_of
from napari_strata.config.judge import JudgeConfig
from napari_strata.explain.attribution import Attribution
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.trust.completeness import completeness
from napari_strata.explain.trust.curves import curves
from napari_strata.explain.trust.infidelity import infidelity
from napari_strata.explain.trust.likeness import likeness
from napari_strata.explain.trust.sensitivity import sensitivity, small_change
from napari_strata.explain.trust.shot_noise import noise_level, shot_noise
from napari_strata.explain.trust.stability import stability
from napari_strata.explain.trust.subject import Subject


class Sum(nn.Module):
    """The log-odds of the one output pixel are 4 a + 2 b + c + 0 d."""

    output = "classes"
    layers, classes = 1, 1

    def forward(self, image):
        odds = (image[:, 0] * torch.tensor([[4.0, 2.0], [1.0, 0.0]])).sum(dim=(-2, -1))[:, None, None, None]
        return torch.stack([torch.zeros_like(odds), odds], dim=2)


def by_hand(map_, *, signed=True, method=None, value=1.0, **judging):
    """Return the subject of four pixels that are all 1 or another value, baseline 0, with a given map."""
    scene = scene_of(torch.full((1, 1, 2, 2), value), baseline=torch.zeros(1, 1, 2, 2), batch=2)
    facts = METHODS[method or ("occlusion" if signed else "grad-cam")]
    found = Attribution(torch.tensor(map_), figures={"delta": 0.5})
    config = JudgeConfig(**{"points": 2, "orders": 2, **judging})
    return Subject(None, facts, score_of(Sum(), ONE), scene, torch.eye(2), found, config)


def test_deletion_and_insertion_follow_the_order_of_the_map():
    # parts 0, 1/4, 1: the pixel with 4 of 7 goes first, then all.
    found = figures_of(curves, by_hand([[4.0, 2.0], [1.0, 0.0]]))
    assert found["parts"] == [0, 0.25, 1]
    assert found["deletion"]["curves"]["method"] == pytest.approx([1, 3 / 7, 0])
    assert found["insertion"]["curves"]["method"] == pytest.approx([0, 4 / 7, 1])
    assert found["deletion"]["area"] == pytest.approx(0.25 * 5 / 7 + 0.75 * 1.5 / 7)


def test_a_map_upside_down_deletes_late():
    found = figures_of(curves, by_hand([[0.0, 1.0], [2.0, 4.0]]))
    assert found["deletion"]["curves"]["method"] == pytest.approx([1, 1, 0])
    assert found["deletion"]["area"] == pytest.approx(0.25 + 0.375)


def test_what_speaks_against_the_score_goes_last_and_slopes_go_by_their_size():
    map_ = [[2.0, 1.0], [0.0, -4.0]]  # the pixel of -4 changes no score, that of 2 does 4 of 7
    part, slope = (figures_of(curves, by_hand(map_, method=name)) for name in ("occlusion", "guided-backprop"))
    assert part["deletion"]["curves"]["method"] == pytest.approx([1, 3 / 7, 0])
    assert slope["deletion"]["curves"]["method"] == pytest.approx([1, 1, 0])


def test_where_the_image_scores_lower_than_the_baseline_what_lowers_it_goes_first():
    lowering = by_hand([[-4.0, -2.0], [-1.0, 0.0]], value=-1.0)
    assert figures_of(curves, lowering)["deletion"]["curves"]["method"] == pytest.approx([1, 3 / 7, 0])


def test_where_image_and_baseline_score_alike_there_are_no_curves():
    subject = subject_of("input-gradient", image=torch.zeros_like(IMAGE))
    assert figures_of(curves, subject)["deletion"] is None


def test_completeness_is_told_where_it_is_promised():
    promised = figures_of(completeness, subject_of("integrated-gradients", scene={"steps": 3}))
    assert promised["difference"] == pytest.approx(float((KERNEL * IMAGE).sum()), rel=1e-4)
    assert promised["relative"] == pytest.approx(0, abs=1e-5)
    assert figures_of(completeness, subject_of("input-gradient"))["delta"] is None


def test_a_map_of_a_linear_score_tells_every_fall():
    found = figures_of(infidelity, subject_of("gradient-x-input"))
    assert found["infidelity"] == pytest.approx(0, abs=1e-6)
    assert found["scaled"] == pytest.approx(0, abs=1e-6)


def test_infidelity_of_twice_the_map_is_the_mean_square_of_the_falls_and_scaled_away():
    right, twice = by_hand([[4.0, 2.0], [1.0, 0.0]]), by_hand([[8.0, 4.0], [2.0, 0.0]])
    assert figures_of(infidelity, right)["infidelity"] == 0
    found = figures_of(infidelity, twice)
    assert found["infidelity"] > 1
    assert found["scaled"] == pytest.approx(0, abs=1e-9)


def test_infidelity_of_a_map_of_zeros_is_all():
    assert figures_of(infidelity, by_hand([[0.0, 0.0], [0.0, 0.0]]))["scaled"] == 1


def test_infidelity_is_that_of_captum_with_the_same_squares():
    subject = by_hand([[1.0, 2.0], [3.0, -1.0]], squares=12)
    rng, side = subject.generator(2), []
    for _ in range(12):
        rng.uniform(0, 0)
        side.append((int(rng.integers(0, 2)), int(rng.integers(0, 2))))
    masks = torch.zeros(12, 1, 2, 2)
    for number, (y, x) in enumerate(side):
        masks[number, 0, y, x] = 1

    def perturb(inputs):
        return masks, inputs * (1 - masks)

    theirs = captums_infidelity(
        subject.score, perturb, torch.ones(1, 1, 2, 2), subject.found.map[None, None], n_perturb_samples=12
    )
    assert figures_of(infidelity, subject)["infidelity"] == pytest.approx(theirs.item())


def test_sensitivity_is_that_of_captum_with_the_same_changes_all_in_one_call():
    subject = subject_of("gradient-x-input", repeats=3)
    numbers = iter(range(3))

    def perturb(inputs, _radius):
        return inputs + torch.cat([small_change(subject, next(numbers)) for _ in range(len(inputs))])

    def explanation(inputs):  # a tuple: captum takes a bare tensor for a sequence of maps
        return ((inputs[0] if isinstance(inputs, tuple) else inputs) * KERNEL,)

    theirs = sensitivity_max(explanation, IMAGE, perturb, n_perturb_samples=3).item()
    assert figures_of(sensitivity, subject)["sensitivity"] == pytest.approx(theirs, rel=1e-5)


def test_sensitivity_is_the_largest_change_of_the_map_over_its_size(monkeypatch):
    # The map is the image, so it changes as much as the image does: by 0.3 and 0.4 of a size of 2.
    subject = by_hand([[1.0, 1.0], [1.0, 1.0]], repeats=2)
    subject = replace(subject, method=lambda _score, scene: (Attribution(one[0]) for one in scene.image))
    changes = [torch.tensor([[[[0.3, 0], [0, 0]]]]), torch.tensor([[[[0, 0.0], [0.4, 0]]]])]
    monkeypatch.setattr("napari_strata.explain.trust.sensitivity.small_change", lambda _subject, i: changes[i])
    assert figures_of(sensitivity, subject)["sensitivity"] == pytest.approx(0.4 / 2)


def test_a_gradient_that_is_the_same_everywhere_is_not_sensitive_and_stable():
    subject = subject_of("input-gradient", draw_noisy=lambda number: IMAGE + 0.1 * number)
    assert figures_of(sensitivity, subject)["sensitivity"] == pytest.approx(0, abs=1e-6)
    found = figures_of(stability, subject)
    assert found["change"] == pytest.approx(0, abs=1e-6)
    assert found["likeness"]["spearman"] == pytest.approx(1)
    assert found["score_std"] == pytest.approx(abs(0.05 * float(KERNEL.sum())), rel=1e-3)


def test_stability_sees_a_map_that_follows_the_noise():
    subject = subject_of("gradient-x-input", draw_noisy=lambda number: 1.5 * IMAGE)
    assert figures_of(stability, subject)["change"] == pytest.approx(0.5, rel=1e-5)


def test_maps_that_are_alike_in_their_distance_only_are_not_alike_beyond_it():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-20:21, -20:21]
    profile = np.exp(-np.hypot(y, x) / 3)
    one, other = (torch.from_numpy(profile * rng.uniform(0.5, 2, profile.shape)) for _ in range(2))
    weights = torch.zeros(41, 41)
    weights[20, 20] = 1
    found = likeness(one, other, weights)
    assert found["spearman"] > 0.9
    assert abs(found["beyond_distance"]) < 0.1
    assert likeness(one, one, weights) == pytest.approx({"spearman": 1, "beyond_distance": 1, "ssim": 1, "hog": 1})


def test_likeness_is_one_of_magnitudes_and_zero_of_a_constant():
    map_ = torch.randn(20, 20, generator=torch.Generator().manual_seed(0))
    weights = torch.ones(20, 20)
    assert likeness(map_, -3 * map_, weights)["spearman"] == pytest.approx(1)
    assert likeness(map_, torch.zeros(20, 20), weights)["spearman"] == 0
    assert likeness(map_, torch.zeros(20, 20), weights)["hog"] == 0


def test_pixels_that_no_map_reaches_do_not_make_maps_alike():
    one, other = torch.zeros(60, 60), torch.zeros(60, 60)
    one[:2, :2], other[:2, :2] = torch.tensor([[1.0, 2], [3, 4]]), torch.tensor([[4.0, 3], [2, 1]])
    assert likeness(one, other, torch.ones(60, 60))["spearman"] == pytest.approx(-1)


def test_the_dose_of_counts_is_found_by_their_noise():
    y, x = np.mgrid[:200, :200]
    expected = 40 * (1 + np.cos(2 * np.pi * y / 20) * np.cos(2 * np.pi * x / 20))
    counted = np.random.default_rng(0).poisson(expected)
    found = shot_noise(3.0 * counted + 7, dose=None, pixel_size=0.1)
    assert found.counts == pytest.approx(40, rel=0.15)
    assert found.gain == pytest.approx(3, rel=0.15)


def counts_without_vacuum():
    """Return counts of a wave with 25 electrons per pixel on average, and 15 at least; gain 1, dark level 0."""
    y, x = np.mgrid[:300, :300]
    expected = 25 + 10 * np.cos(2 * np.pi * y / 20) * np.cos(2 * np.pi * x / 20)
    return np.random.default_rng(0).poisson(expected).astype(np.float64)


def test_counts_are_rough_where_no_place_is_empty_and_not_where_one_is():
    assert shot_noise(counts_without_vacuum(), dose=None, pixel_size=None).is_rough
    half = counts_without_vacuum()
    half[:150] = 0
    found = shot_noise(half, dose=None, pixel_size=None)
    assert not found.is_rough
    assert (found.dark, found.gain) == (0, pytest.approx(1, rel=0.15))
    few = np.random.default_rng(0).poisson(2.0, (200, 200))
    assert not shot_noise(few, dose=None, pixel_size=None).is_rough


@pytest.mark.parametrize("offset", [0.0, 100.0])
@pytest.mark.parametrize("gain", [1.0, 3.0])
def test_a_dose_and_the_noise_tell_gain_and_dark_level_where_no_place_is_empty(gain, offset):
    found = shot_noise(gain * counts_without_vacuum() + offset, dose=2500, pixel_size=0.1)
    assert not found.is_rough
    assert found.gain == pytest.approx(gain, rel=0.03)
    assert found.dark == pytest.approx(offset, abs=0.8 * gain)


def test_a_dose_that_is_known_wins():
    image = np.tile([1.0, 3.0], (8, 4))
    found = shot_noise(image, dose=500, pixel_size=0.2)
    assert found.counts == pytest.approx(20)
    assert found.gain == pytest.approx(1 / 20)


def test_noise_drawn_has_the_mean_and_the_variance_of_counts():
    image = np.full((200, 200), 9.0)
    image[:20] = 0
    noise = shot_noise(image, dose=4, pixel_size=1)
    drawn = noise.draw(image, (1,))
    assert drawn[20:].mean() == pytest.approx(9, rel=0.01)
    assert drawn[20:].var() == pytest.approx(noise.gain * 9, rel=0.05)
    np.testing.assert_array_equal(drawn, noise.draw(image, (1,)))
    assert (drawn[:20] == 0).all()


@pytest.mark.parametrize("image", [np.ones((8, 8)), np.add.outer(np.arange(8.0), np.arange(8.0)), np.ones((2, 2))])
def test_an_image_without_noise_stays_as_it_is(image):
    noise = shot_noise(image, dose=None, pixel_size=None)
    assert noise.counts is None
    np.testing.assert_array_equal(noise.draw(image, (0,)), image)


def test_the_noise_level_is_the_standard_deviation_of_white_noise():
    noise = np.random.default_rng(0).normal(0, 2.5, (300, 300))
    assert noise_level(noise) == pytest.approx(2.5, rel=0.02)
    assert noise_level(noise + np.arange(300.0)) == pytest.approx(2.5, rel=0.02)
