import numpy as np
import pytest

from napari_strata.atoms.spikes import without_spikes


def picture(width, height=100.0):
    """Draw one peak on counts of a background of 5."""
    y, x = np.mgrid[:60, :60]
    peak = height * np.exp(-((y - 30) ** 2 + (x - 30) ** 2) / (2 * width**2))
    return np.random.default_rng(0).poisson(peak + 5).astype(float)


@pytest.mark.parametrize("place", [(10, 12), (0, 0), (31, 30)], ids=["beside", "at the corner", "on the peak"])
@pytest.mark.parametrize("height", [3000.0, 1e6])
def test_a_spike_becomes_like_what_is_around(place, height):
    clean = picture(2.0)
    spoilt = clean.copy()
    spoilt[place] = height
    mended = without_spikes(spoilt)
    assert mended[place] == pytest.approx(clean[place], abs=40)
    mended[place] = clean[place]
    np.testing.assert_array_equal(mended, clean)


@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("height", [20.0, 5000.0])
def test_the_narrowest_peak_is_no_spike(width, height):
    image = picture(width, height)
    assert without_spikes(image) is image


@pytest.mark.parametrize("level", [0.0, 3e-4])
def test_an_image_of_hardly_any_counts_has_none(level):
    image = np.random.default_rng(0).poisson(level, (200, 200)).astype(float)
    assert without_spikes(image) is image
