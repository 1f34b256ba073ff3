import numpy as np

from napari_strata.atoms.fit.coarse import Coarse
from napari_strata.atoms.fit.fit import fit_peaks


def test_pixels_stay_as_they_are_where_peaks_are_narrow():
    assert Coarse.for_width(3.9, (100, 100)).step == 1
    assert Coarse.for_width(6.1, (100, 100)).step == 3


def test_a_position_in_coarse_pixels_is_that_of_their_mean():
    coarse = Coarse.for_width(6.0, (31, 30))
    y = np.broadcast_to(np.arange(31.0)[:, None], (31, 30))
    assert coarse.image(y)[0, 0] == 1.0  # rows 0 to 2; the last is left out
    np.testing.assert_allclose(coarse.positions(np.array([[1.0, 4.0]])), [[0.0, 1.0]])


def test_a_wide_peak_keeps_its_place_width_and_height():
    y, x = np.mgrid[:90, :90]
    image = 5 + 40 * np.exp(-((y - 44.3) ** 2 + (x - 46.1) ** 2) / (2 * 7.0**2))
    found = fit_peaks(image, np.array([[45.0, 45.0]]), width_px=7.0)
    np.testing.assert_allclose(found.positions, [[44.3, 46.1]], atol=1e-3)
    np.testing.assert_allclose(found.width, 7.0, rtol=1e-3)
    np.testing.assert_allclose(found.amplitude, 40, rtol=1e-3)
