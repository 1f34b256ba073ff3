import numpy as np
import pytest

from honeycomb import footprints
from napari_strata.atoms.border import cut_by_border, refine_at_border
from napari_strata.atoms.refine import refine_positions

PIXEL = 0.1


def scene(cut):
    """Return the map (y, x) of 16 whole footprints and one at `cut` [Å], and their centroids [px]."""
    whole = np.stack(np.meshgrid([3.02, 5.07, 7.03, 9.01], [3.05, 5.0, 7.06, 9.03]), axis=-1).reshape(-1, 2)
    image = footprints(np.vstack([whole, cut]), 12.0, PIXEL)
    start = np.vstack([whole, np.clip(cut, 0, 11.9)]) / PIXEL
    return image, refine_positions(image, start, radius=5.0)


@pytest.mark.parametrize("cut", [(0.0, 5.03), (0.2, 7.01), (6.04, 11.8), (-0.2, 4.0), (0.15, 0.1), (11.75, 11.85)])
def test_a_cut_footprint_is_placed_by_the_shape_of_the_whole_ones(cut):
    image, centroids = scene(cut)
    corrected = refine_at_border(image, centroids, radius=5.0) * PIXEL
    assert np.hypot(*(centroids[-1] * PIXEL - cut)) > 0.05
    assert np.hypot(*(corrected[-1] - cut)) < 0.02


def test_whole_footprints_are_left_where_they_are():
    image, centroids = scene((0.1, 5.0))
    corrected = refine_at_border(image, centroids, radius=5.0)
    np.testing.assert_array_equal(corrected[:-1], centroids[:-1])


def test_nothing_is_corrected_where_too_few_footprints_are_whole():
    image, centroids = scene((0.1, 5.0))
    few = centroids[[0, 1, 2, -1]]
    np.testing.assert_array_equal(refine_at_border(image, few, radius=5.0), few)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_footprint_is_cut_where_it_reaches_beyond_the_edge_of_the_last_pixel(axis):
    shape = (20, 30)
    ends = np.array([1.49, 1.51, shape[axis] - 2.51, shape[axis] - 2.49])
    positions = np.full((4, 2), 10.0)
    positions[:, axis] = ends
    assert cut_by_border(positions, shape, radius=2.0).tolist() == [True, False, False, True]
