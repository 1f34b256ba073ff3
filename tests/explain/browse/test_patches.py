import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.errors import MethodError
from napari_strata.explain.browse.feature_stack import cut_to_image
from napari_strata.explain.browse.patches import (
    Patch,
    best_patches,
    describe_patches,
    highest,
    in_grey,
    patch_sheet,
)
from napari_strata.models.network import FeatureMap
from napari_strata.models.reach import Reach

PLAIN = FeatureMap(torch.nn.Identity(), 1, 0, Reach(2, 2, 1))
"""A 5 x 5 convolution."""
POOLED = FeatureMap(torch.nn.Identity(), 2, 0, Reach(2, 3, 2))
"""Two pixels are seen on either side of the two that a feature pixel lies on."""


def stack_of(values, where=PLAIN, ratio=1, frame=0):
    """Return a stack of one channel; the image has `ratio` pixels for each of the network's grid."""
    shown = np.array(values, np.float32)[None]
    grid = shown.shape[1] * where.pixel, shown.shape[2] * where.pixel
    return cut_to_image("m", shown, where, grid, (grid[0] * ratio, grid[1] * ratio), frame)


def with_spots(shape, *spots):
    values = np.zeros(shape)
    for y, x, value in spots:
        values[y, x] = value
    return values


def test_the_highest_places_come_first_and_do_not_overlap():
    values = with_spots((20, 20), (5, 5, 3.0), (5, 8, 2.9), (5, 10, 2.0), (12, 4, 2.5))
    found = best_patches(stack_of(values), 0, (20, 20), 3)
    assert [(p.y, p.x, p.value) for p in found] == [(5, 5, 3), (12, 4, 2.5), (5, 10, 2)]


def test_a_patch_is_the_receptive_field_on_the_image():
    (patch,) = best_patches(stack_of(with_spots((10, 10), (4, 5, 1)), POOLED, ratio=3), 0, (60, 60), 1)
    # Feature pixel 4 sees 6 to 11 of the network's grid, so 18 to 35 of the image; 5 sees 8 to 13, 24 to 41.
    assert (patch.top, patch.bottom, patch.left, patch.right) == (17.5, 35.5, 23.5, 41.5)
    assert (patch.y, patch.x) == (26.5, 32.5)
    image = np.arange(3600).reshape(60, 60)
    assert np.array_equal(patch.cut(image), image[18:36, 24:42])


def test_a_patch_ends_where_the_image_ends():
    (patch,) = best_patches(stack_of(with_spots((8, 9), (0, 8, 1))), 0, (8, 9), 1)
    assert (patch.top, patch.bottom, patch.left, patch.right) == (-0.5, 2.5, 5.5, 8.5)
    assert patch.cut(np.zeros((8, 9))).shape == (3, 3)


def test_a_channel_that_is_the_same_everywhere_has_no_best_place():
    assert best_patches(stack_of(np.zeros((6, 6))), 0, (6, 6), 4) == ()


def test_a_channel_that_does_not_exist_is_refused():
    with pytest.raises(MethodError, match="no channel 3"):
        best_patches(stack_of(np.zeros((6, 6))), 3, (6, 6), 4)


def test_frames_are_ranked_together():
    stacks = [stack_of(with_spots((9, 9), (4, 4, value)), frame=f) for f, value in enumerate((1, 3, 2))]
    patches = [patch for stack in stacks for patch in best_patches(stack, 0, (9, 9), 2)]
    assert [patch.frame for patch in highest(patches, 2)] == [1, 2]


@given(st.integers(0, 1000), st.sampled_from([PLAIN, POOLED]))
def test_no_two_patches_share_a_pixel(seed, where):
    values = np.random.default_rng(seed).normal(size=(12, 15))
    shape = (12 * where.pixel, 15 * where.pixel)
    found = best_patches(stack_of(values, where), 0, shape, 30)
    covered = np.zeros(shape, int)
    for patch in found:
        patch.cut(covered)[...] += 1
    assert found[0].value == pytest.approx(values.max(), rel=1e-6)
    assert covered.max() == 1


def test_patches_are_told_in_plain_data():
    (told,) = describe_patches([Patch(1, 2.5, 3.5, 0.5, 0, 5, 1, 6)])
    assert told == {
        "frame": 1,
        "y_px": 2.5,
        "x_px": 3.5,
        "value": 0.5,
        "sees_px": {"top": 0, "bottom": 5, "left": 1, "right": 6},
    }


def test_a_sheet_holds_all_patches():
    sheet = patch_sheet([np.full((3, 3), n + 1.0) for n in range(3)] + [np.full((2, 3), 9.0)])
    assert sheet.shape == (10, 10)
    assert [np.count_nonzero(sheet == v) for v in (1, 2, 3, 9)] == [9, 9, 9, 6]


def test_patches_of_a_dark_frame_are_as_bright_as_those_of_another_and_compare_within_theirs():
    patches = [Patch(frame, 0, 0, 1, 0, 1, 0, 1) for frame in (0, 1, 0, 2)]
    seen = [np.array([[10, 30]]), np.array([[1000, 5000]], np.uint16), np.array([[20, 50]]), np.array([[7, 7]])]
    grey = [image.tolist() for image in in_grey(patches, seen)]
    assert grey == [[[0, 0.5]], [[0, 1]], [[0.25, 1]], [[0, 0]]]
