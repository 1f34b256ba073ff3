import numpy as np
import pytest

from honeycomb import footprints, honeycomb
from napari_strata.atoms.refine import refine_positions

EXTENT = 12.0


def error(pixel_size, *, radius=0.5, offset=0.25, **options):
    """Return the rms distance from the truth [Å] after starting up to `offset` [Å] away along each axis."""
    truth = honeycomb(EXTENT, angle=8.0, jitter=0.05)
    image = footprints(truth, EXTENT, pixel_size, **options)
    truth = truth[((truth > 1.5) & (truth < EXTENT - 1.5)).all(axis=1)]
    start = truth + np.random.default_rng(0).uniform(-offset, offset, truth.shape)
    refined = refine_positions(image, start / pixel_size, radius=radius / pixel_size) * pixel_size
    return np.sqrt(np.mean(np.sum((refined - truth) ** 2, axis=1)))


@pytest.mark.parametrize(("pixel_size", "bound"), [(0.03, 0.002), (0.1, 0.002), (0.2, 0.005), (0.4, 0.06)])
def test_positions_are_right_in_angstrom_whatever_the_pixel_size(pixel_size, bound):
    assert error(pixel_size) < bound


def test_the_starting_point_leaves_no_trace():
    assert error(0.1, offset=0.3) == pytest.approx(error(0.1, offset=0.05), abs=1e-4)


def test_noise_in_the_outline_costs_little():
    assert error(0.1, noise=1.0) < 0.035


def test_a_background_does_not_pull():
    y, x = np.mgrid[:41, :41]
    spot = np.exp(-((y - 20.3) ** 2 + (x - 19.6) ** 2) / 18)
    refined = refine_positions((0.3 + 0.6 * spot).astype(np.float32), np.array([[21.0, 18.0]]), radius=6.0)
    np.testing.assert_allclose(refined, [[20.3, 19.6]], atol=0.02)


def test_a_flat_map_moves_nothing():
    start = np.array([[5.2, 7.9], [0.0, 19.0]])
    flat = np.full((20, 20), 0.5, np.float32)
    np.testing.assert_array_equal(refine_positions(flat, start, radius=3.0), start)


def test_no_atoms_are_no_trouble():
    assert refine_positions(np.zeros((20, 20), np.float32), np.empty((0, 2)), radius=3.0).shape == (0, 2)


def test_a_disk_between_the_pixels_moves_nothing():
    probability = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    positions = np.array([[3.49, 4.49], [2.0, 2.0]])
    np.testing.assert_array_equal(refine_positions(probability, positions, radius=0.02), positions)
