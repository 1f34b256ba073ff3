"""Patches of images and their targets."""

import numpy as np
import pytest

from napari_strata.data.grid import normalise
from napari_strata.errors import ImageError
from napari_strata.training.patches.inputs import TrainInputs, check_pairs
from napari_strata.training.patches.paired import PairedSource
from napari_strata.types import ImageStack


def stack(frames=3, side=64):
    return ImageStack(50 + 7 * np.random.default_rng(0).random((frames, side, side)), None, "noisy")


def source(image, targets, *, units="image", fraction=0.0, **settings):
    return PairedSource(
        (image,),
        (targets.astype(np.float32),),
        units=units,
        patch_size=32,
        pixel_size=None,
        receptive_field=5,
        validation_fraction=fraction,
        seed=0,
        **settings,
    )


def test_targets_in_the_units_of_the_image_are_scaled_as_the_image_is():
    image = stack()
    patch = source(image, image.data[:, None]).patch(0, 0)
    middle = np.abs(patch.image) < 1.5  # which the image's normalisation does not clip
    np.testing.assert_allclose(patch.values[0][middle], patch.image[middle], atol=1e-4)


def test_targets_in_units_of_their_own_get_mean_0_and_spread_1():
    image = stack(side=32)
    targets = np.random.default_rng(1).normal(-3, 0.02, (3, 2, 32, 32))
    paired = source(image, targets, units="own")
    assert (paired.scale.offset, paired.scale.spread) == pytest.approx((targets.mean(), targets.std()), rel=1e-4)
    patch = paired.patch(0, 0)
    expected = (targets[patch.place.frame] - targets.mean()) / targets.std()
    np.testing.assert_allclose(patch.values, expected, atol=1e-3)
    np.testing.assert_array_equal(patch.image, normalise(image.data[patch.place.frame]))


def test_values_that_are_held_out_tell_nothing_of_the_scale():
    targets = np.random.default_rng(1).normal(0, 1, (2, 1, 64, 64))
    targets[1] *= 100
    paired = source(stack(2), targets, units="own", fraction=0.5)
    [batch] = paired.held_out()
    learned, held_out = sorted(
        targets, key=lambda one: np.isclose(np.ptp(batch.values * batch.spread), np.ptp(one))
    )
    assert (paired.scale.offset, paired.scale.spread) == pytest.approx((learned.mean(), learned.std()), rel=1e-4)
    np.testing.assert_allclose(
        batch.values[0] * batch.spread + paired.scale.offset, held_out, rtol=1e-3, atol=1e-3
    )


def test_rows_that_are_held_out_tell_nothing_of_the_scale():
    targets = np.random.default_rng(1).normal(0, 1, (1, 1, 100, 100))
    targets[:, :, 75:] = 1e6
    paired = source(stack(1, 100), targets, units="own", fraction=0.2)
    upper = targets[:, :, :75]
    assert (paired.scale.offset, paired.scale.spread) == pytest.approx((upper.mean(), upper.std()), rel=1e-4)


def test_a_frame_of_which_nothing_is_known_is_neither_learned_from_nor_held_out():
    targets = stack().data[:, None].copy()
    targets[0] = np.nan
    paired = source(stack(), targets, fraction=0.5)
    assert paired.description == "2 images and their targets, 1 of them held out"
    assert all(np.isfinite(paired.patch(step, 0).values).all() for step in range(5))


@pytest.mark.parametrize("units", ["image", "own"])
def test_held_out_frames_know_what_their_values_are_in_the_units_of_the_targets(units):
    image = stack(frames=2)
    targets = image.data[:, None].astype(np.float32)
    [batch] = source(image, targets, units=units, fraction=0.5).held_out()
    scaled = batch.values * batch.spread
    assert any(np.allclose(np.ptp(scaled), np.ptp(frame), rtol=1e-4) for frame in targets)
    assert batch.spread == pytest.approx(7 * 12**-0.5, rel=0.05)


def test_a_patch_depends_on_step_and_place_alone():
    image = stack()
    first, second = (source(image, image.data[:, None]) for _ in range(2))
    second.patch(7, 0)
    np.testing.assert_array_equal(first.patch(3, 1).values, second.patch(3, 1).values)


def test_unknown_values_are_not_labelled():
    targets = stack().data[:, None].copy()
    targets[:, :, :20] = np.nan
    patch = source(stack(), targets).patch(0, 0)
    np.testing.assert_array_equal(patch.labels > 0, np.isfinite(patch.values))


def test_patches_show_the_few_values_that_are_known():
    targets = np.full((1, 1, 64, 64), np.nan)
    targets[0, 0, 40, 50] = 1
    paired = source(stack(1), targets)
    assert all(np.isfinite(paired.patch(step, 0).values).any() for step in range(5))


def test_beyond_an_image_nothing_is_known():
    image = stack(1, 20)
    patch = source(image, image.data[:, None], margin=2).patch(0, 0)
    assert patch.image.shape == (36, 36)
    assert np.isfinite(patch.values).sum() == 20 * 20


def test_whole_frames_are_held_out():
    image = stack()
    paired = source(image, image.data[:, None], fraction=0.3)
    [batch] = paired.held_out()
    learned = {paired.patch(step, 0).place.frame for step in range(20)}
    assert paired.description == "3 images and their targets, 1 of them held out"
    assert len(learned) == 2
    assert np.isfinite(batch.values).all()


def test_of_a_single_image_the_lower_rows_are_held_out_beyond_the_reach_of_what_is_learned():
    image = stack(1, 100)
    paired = source(image, image.data[:, None], fraction=0.2)
    counted = sum(np.isfinite(batch.values).sum() for batch in paired.held_out())
    lowest = max(
        patch.place.y + np.flatnonzero(np.isfinite(patch.values[0]).any(axis=1))[-1]
        for patch in (paired.patch(step, 0) for step in range(60))
    )
    assert counted == 20 * 100
    assert lowest == 100 - 20 - 5 - 1


def test_too_small_an_image_has_nothing_to_hold_out():
    image = stack(1, 40)
    paired = source(image, image.data[:, None], fraction=0.2)
    assert not paired.holds_out


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (np.zeros((3, 1, 64, 60)), "has the shape"),
        (np.zeros((3, 2, 64, 64)), "has the shape"),
        (np.full((3, 1, 64, 64), np.nan), "none that is known"),
        (np.full((3, 1, 64, 64), np.inf), "infinite"),
    ],
)
def test_targets_that_do_not_fit_are_refused(tmp_path, targets, words):
    with pytest.raises(ImageError, match=words):
        check_pairs(TrainInputs(tmp_path, (stack(),), targets=(targets,)), layers=1)


def test_targets_of_one_value_are_refused():
    with pytest.raises(ImageError, match="All values"):
        source(stack(), np.ones((3, 1, 64, 64)), units="own")
