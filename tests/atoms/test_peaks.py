import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import pdist

from honeycomb import distances, footprints, honeycomb
from napari_strata.atoms.peaks import find_peaks, keep_separate
from napari_strata.errors import CalibrationError


def peaks_of(image, pixel_size, min_distance=0.9, min_probability=0.4):
    return find_peaks(image, min_distance=min_distance, min_probability=min_probability, pixel_size=pixel_size)


@pytest.mark.parametrize("pixel_size", [0.03, 0.1, 0.2, 0.4])
def test_every_atom_is_one_peak_whatever_the_pixel_size(pixel_size):
    extent = 12.0
    truth = honeycomb(extent, angle=8.0, jitter=0.05)
    truth = truth[((truth > 0.6) & (truth < extent - 0.6)).all(axis=1)]
    found = peaks_of(footprints(truth, extent, pixel_size), pixel_size) * pixel_size
    assert len(found) == len(truth)
    assert distances(found, truth).max() < 0.25


def test_a_flat_noisy_footprint_is_one_peak():
    truth = np.array([[3.0, 3.1], [3.0, 4.6]])
    image = footprints(truth, 6.0, 0.03, edge=0.02, noise=1.0)
    assert len(peaks_of(image, 0.03)) == 2


def test_peaks_come_brightest_first():
    image = np.zeros((40, 40), np.float32)
    image[10, 10], image[30, 20], image[20, 35] = 0.7, 0.9, 0.8
    np.testing.assert_allclose(peaks_of(image, 1.0), [[30, 20], [20, 35], [10, 10]])


def test_peaks_of_too_little_probability_are_left_out():
    image = np.zeros((40, 40), np.float32)
    image[10, 10], image[30, 20] = 0.39, 0.41
    np.testing.assert_allclose(peaks_of(image, 1.0), [[30, 20]])


def test_the_brighter_of_two_peaks_closer_than_the_smallest_distance_stays():
    image = np.zeros((40, 40), np.float32)
    image[10, 10], image[10, 14] = 0.7, 0.9
    np.testing.assert_allclose(peaks_of(image, 0.5, min_distance=2.5), [[10, 14]], atol=0.01)
    assert len(peaks_of(image, 0.5, min_distance=1.5)) == 2


def test_a_map_of_background_has_no_peaks():
    assert peaks_of(np.zeros((20, 20), np.float32), 0.2).shape == (0, 2)


@pytest.mark.parametrize("pixel_size", [0.0, -0.1, float("nan")])
def test_a_pixel_size_that_is_not_positive_is_refused(pixel_size):
    with pytest.raises(CalibrationError):
        peaks_of(np.zeros((20, 20), np.float32), pixel_size)


positions = arrays(float, st.tuples(st.integers(0, 60), st.just(2)), elements=st.floats(0, 10, width=32))


@given(positions, st.floats(0.1, 5))
def test_positions_that_stay_are_separate_and_every_other_is_near_a_better_one(points, distance):
    keep = keep_separate(points, distance)
    kept = points[keep]
    assert len(kept) < 2 or pdist(kept).min() > distance
    for index in np.flatnonzero(~keep):
        better = points[:index][keep[:index]]
        assert np.hypot(*(better - points[index]).T).min() <= distance
