"""What an atom table tells as a whole."""

import numpy as np
import pandas as pd
import pytest

from napari_strata.io.atoms.blocks import pixel_size_of


def table(pixels, size, decimals=6):
    """Return positions in px and in Å, rounded as files hold them."""
    return pd.DataFrame(np.hstack([pixels, size * pixels]).round(decimals), columns=["y_px", "x_px", "y_A", "x_A"])


@pytest.mark.parametrize("count", [1, 3, 12, 1000, 10_000])
@pytest.mark.parametrize("size", [0.1, 0.106, 12.5])
def test_rounded_positions_tell_a_pixel_size_without_digits_of_their_own(count, size):
    for seed in range(5):
        pixels = np.random.default_rng(seed).uniform(0, 512, (count, 2))
        assert pixel_size_of(table(pixels, size)) == size


def test_many_atoms_tell_more_digits_than_one():
    size = 0.1062231596676198
    pixels = np.random.default_rng(0).uniform(0, 512, (10_000, 2))
    assert pixel_size_of(table(pixels, size)) == 0.1062231597
    assert pixel_size_of(table(np.array([[300.0, 400.0]]), size)) == 0.10622316
    assert pixel_size_of(table(np.array([[0.0, 1e-3]]), size, decimals=18)) == 0.106223


def test_positions_that_tell_no_pixel_size_have_none():
    assert pixel_size_of(table(np.zeros((3, 2)), 0.1)) is None
    assert pixel_size_of(table(np.ones((3, 2)), np.nan)) is None
    assert pixel_size_of(table(np.zeros((0, 2)), 0.1)) is None
