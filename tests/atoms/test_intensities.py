import numpy as np
import pytest

from napari_strata.atoms.intensities import column_intensities


def test_a_column_is_as_bright_as_it_stands_above_what_lies_around_it():
    image = np.full((40, 40), 5.0)
    y, x = np.mgrid[:40, :40]
    image[np.hypot(y - 20, x - 12) <= 4] = 12.0
    (intensity,) = column_intensities(image, np.array([[20.0, 12.0]]), radius=3.0)
    assert intensity == pytest.approx(7.0, abs=0.01)


def test_a_column_beyond_the_image_has_no_intensity():
    positions = np.array([[10.0, 10.0], [-0.5, -0.5], [-9.0, 10.0]])
    assert column_intensities(np.ones((20, 20)), positions, radius=2.0).tolist()[:2] == [0.0, 0.0]
    assert np.isnan(column_intensities(np.ones((20, 20)), positions, radius=2.0)[2])
