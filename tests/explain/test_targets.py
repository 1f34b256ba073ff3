import numpy as np
import pytest

from napari_strata.errors import TargetError
from napari_strata.explain.targets import (
    AtomTarget,
    PixelTarget,
    RegionTarget,
    atom_weights,
    check_target,
    pixel_weights,
)


def mask(shape, *pixels):
    chosen = np.zeros(shape, bool)
    for pixel in pixels:
        chosen[pixel] = True
    return chosen


def test_on_its_own_grid_a_pixel_is_the_whole_target():
    weights = pixel_weights(PixelTarget(2, 3), (6, 8), (6, 8))
    assert weights[2, 3] == 1
    assert weights.sum() == 1


def test_a_pixel_is_shared_among_the_grid_points_between_which_it_lies():
    # s = 1/2: y = 3 maps to 1.25, x = 4 to 1.75
    weights = pixel_weights(PixelTarget(3, 4), (8, 8), (4, 4))
    expected = np.zeros((4, 4))
    expected[1:3, 1:3] = np.outer([0.75, 0.25], [0.25, 0.75])
    np.testing.assert_allclose(weights, expected, atol=1e-7)


@pytest.mark.parametrize("pixel", [(0, 0), (7, 7), (0, 7)])
def test_a_pixel_in_a_corner_keeps_all_its_weight(pixel):
    assert pixel_weights(PixelTarget(*pixel), (8, 8), (4, 4)).sum() == pytest.approx(1)
    assert pixel_weights(PixelTarget(*pixel), (8, 8), (1, 1)).sum() == pytest.approx(1)


def test_every_pixel_of_a_region_weighs_the_same():
    weights = pixel_weights(RegionTarget(mask((5, 5), (1, 1), (3, 2))), (5, 5), (5, 5))
    assert weights[1, 1] == weights[3, 2] == 0.5
    assert weights.sum() == 1


def test_an_atom_is_a_gaussian_of_half_its_radius():
    weights = atom_weights(AtomTarget(10, 10), (21, 21), (21, 21), pixel_size=0.2, radius=0.8)
    assert weights.sum() == pytest.approx(1, abs=1e-6)
    # sigma 0.4 Å is 2 px
    assert weights[10, 12] / weights[10, 10] == pytest.approx(np.exp(-0.5))
    assert weights[12, 12] / weights[10, 10] == pytest.approx(np.exp(-1.0))
    assert weights[10, 17] == 0


def test_an_atom_is_placed_between_grid_points_and_has_the_same_size_on_every_grid():
    weights = atom_weights(AtomTarget(17.5, 20.0), (40, 40), (20, 20), pixel_size=0.1, radius=0.8)
    y, x = np.mgrid[:20, :20]
    assert (weights * y).sum() == pytest.approx(18.0 / 2 - 0.5, abs=1e-4)
    assert (weights * x).sum() == pytest.approx(20.5 / 2 - 0.5, abs=0.01)
    spread = np.sqrt((weights * (y - 8.5) ** 2).sum()) * 0.2
    assert spread == pytest.approx(0.39, rel=0.01)  # cut off at 3 sigma


def test_an_atom_smaller_than_a_pixel_still_has_weight():
    weights = atom_weights(AtomTarget(3.4, 3.3), (8, 8), (8, 8), pixel_size=1.0, radius=0.01)
    assert weights[3, 3] == 1
    assert weights.sum() == 1


@pytest.mark.parametrize("target", [PixelTarget(8, 0), PixelTarget(0, -1), AtomTarget(7.6, 2.0)])
def test_a_position_outside_the_image_is_refused(target):
    with pytest.raises(TargetError, match="outside the image"):
        check_target(target, (8, 8))


def test_an_empty_region_is_refused():
    with pytest.raises(TargetError, match="no pixel"):
        check_target(RegionTarget(mask((8, 8))), (8, 8))


def test_a_region_of_another_image_is_refused():
    with pytest.raises(TargetError, match=r"\(4, 4\)"):
        check_target(RegionTarget(mask((4, 4), (0, 0))), (8, 8))
