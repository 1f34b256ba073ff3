"""Which patches carry weights of the gaps between objects, and whether they follow the labels."""

import numpy as np
import pytest

from napari_strata.config import ClassTable, SimulatedData
from napari_strata.config.loss import LossConfig
from napari_strata.losses.border_weights import border_weights
from napari_strata.requests import Correction
from napari_strata.training.patches.batches import Batch, Patch
from napari_strata.training.patches.corrections import LearnedFrames
from napari_strata.training.patches.labelled import LabelledSource
from napari_strata.training.patches.mixed import MixedSource
from napari_strata.training.patches.simulated import SimulatedSource
from napari_strata.types import ImageStack

LOSS = LossConfig(border_weight=10, border_sigma=3)
MIDDLE = 16


def labels_with_a_gap():
    labels = np.ones((2, 1, 32, 32), np.uint8)
    labels[:, 0, :, MIDDLE - 4 : MIDDLE - 2] = labels[:, 0, :, MIDDLE + 3 : MIDDLE + 5] = 2
    return labels


def source(loss, *, fraction=0.0, margin=0, **more):
    pixels = np.random.default_rng(0).random((2, 32, 32))
    return LabelledSource(
        (ImageStack(pixels, None, "cells"),),
        (more.pop("labels", labels_with_a_gap()),),
        table=more.pop("table", ClassTable.from_names(("a",))),
        patch_size=32,
        pixel_size=None,
        receptive_field=5,
        validation_fraction=fraction,
        seed=0,
        loss=loss,
        margin=margin,
        **more,
    )


def test_without_a_border_weight_patches_have_no_weights():
    assert source(LossConfig()).patch(0, 0).weights is None


def test_a_patch_has_the_weights_of_its_labels():
    patch = source(LOSS).patch(0, 0)
    np.testing.assert_array_equal(patch.weights, border_weights(patch.labels, LOSS))
    assert patch.weights[0, 5, MIDDLE] > 1


def test_classes_that_overlap_leave_no_gap_beside_them():
    codes = np.ones((2, 1, 32, 32), np.uint8)
    codes[..., 4:12], codes[..., 6:10] = 2, 3
    table = ClassTable.from_names(("cell", "nucleus"))
    apart, one = (source(LOSS, labels=codes, table=table, joined=joined) for joined in ((), ((3, 2),)))
    assert apart.patch(0, 0).weights.max() > 1
    assert one.patch(0, 0).weights.max() == 1


def test_the_margin_beyond_an_image_weighs_1():
    patch = source(LOSS, margin=4).patch(0, 0)
    assert patch.weights.shape == patch.labels.shape == (1, 40, 40)
    assert (patch.weights[:, :4] == 1).all()


def test_weights_follow_what_is_painted():
    painted = source(LOSS)
    for frame in (0, 1):
        before = painted.patch(frame, 0)
        painted.correct(Correction(frame, 0, 0, 0, np.ones((32, 16), np.uint8)), step=1)
        assert before.weights.max() > 1
    after = painted.patch(1, 0)
    assert after.weights.max() == 1
    np.testing.assert_array_equal(after.weights, border_weights(after.labels, LOSS))


def test_held_out_windows_have_weights():
    [batch] = source(LOSS, fraction=0.5).held_out()
    assert batch.weights.shape == batch.labels.shape
    assert batch.weights.max() > 1


@pytest.mark.parametrize("margin", [0, 4])
def test_crystals_have_weights(margin):
    crystals = SimulatedSource(
        SimulatedData(), patch_size=32, pixel_size=0.2, held_out=1, seed=5, loss=LOSS, margin=margin
    )
    patch = crystals.patch(0, 0)
    np.testing.assert_array_equal(patch.weights, border_weights(patch.labels, LOSS))


@pytest.mark.parametrize("loss", [LOSS, LossConfig()], ids=["weighed", "plain"])
def test_crystals_and_what_is_painted_beside_them_make_one_batch(loss):
    crystals = SimulatedSource(SimulatedData(), patch_size=32, pixel_size=0.2, held_out=1, seed=5, loss=loss)
    frames = LearnedFrames(layers=2, classes=1, patch_size=32, pixel_size=None, receptive_field=5, loss=loss)
    mixed = MixedSource(crystals, frames, seed=5)
    pixels = np.random.default_rng(0).random((40, 40))
    mixed.correct(Correction(0, 0, 0, 0, np.full((40, 40), 2, np.uint8), pixels), step=1)
    patches = [mixed.patch(1, item) for item in range(8)]
    assert {patch.place is None for patch in patches} == {True, False}
    batch = Batch.of(patches)
    assert (batch.weights is None) is (loss is not LOSS)
    assert batch.weights is None or batch.weights.shape == batch.labels.shape == (8, 2, 32, 32)


def test_patches_with_and_without_weights_are_no_batch():
    image, labels = np.zeros((4, 4), np.float32), np.ones((1, 4, 4), np.uint8)
    with pytest.raises(ValueError, match="only some patches"):
        Batch.of([Patch(image, labels), Patch(image, labels, np.ones((1, 4, 4), np.float32))])
