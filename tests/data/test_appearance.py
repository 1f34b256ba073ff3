"""The four numbers by which a model tells whether it has seen such images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_strata.data.appearance import appearance


def waves(period: float, side: int = 256) -> np.ndarray:
    """Draw a hexagonal pattern of rows `period` apart, on a faint noise."""
    y, x = np.mgrid[:side, :side]
    angles = np.deg2rad([10, 70, 130])
    rows = sum(np.cos(2 * np.pi / period * (np.cos(a) * x + np.sin(a) * y)) for a in angles)
    return (rows + 0.3 * np.random.default_rng(0).normal(size=(side, side))).astype(np.float32)


@pytest.mark.parametrize("period", [5.0, 8.0, 13.7])
def test_the_clearest_spacing_is_that_of_the_rows(period: float):
    assert appearance(waves(period)).spacing == pytest.approx(period, rel=0.02)


def test_a_lattice_stands_out_and_noise_does_not():
    noise = np.random.default_rng(1).normal(size=(256, 256)).astype(np.float32)
    assert appearance(waves(8)).order > 1.5
    assert appearance(noise).order < 0.3


def test_white_noise_is_all_noise_and_a_smooth_image_has_none():
    noise = np.random.default_rng(1).normal(size=(256, 256)).astype(np.float32)
    y, x = np.mgrid[:256, :256]
    assert appearance(noise).noise == pytest.approx(1, abs=0.05)
    assert appearance(np.cos(x / 20) + np.sin(y / 30)).noise < 1e-6


def test_the_skewness_of_rare_bright_spots_is_known():
    spots = np.zeros((128, 128), np.float32)
    spots[::4, ::4] = 1  # one pixel of 16: (1 - 2 p) / sqrt(p (1 - p))
    assert appearance(spots).skewness == pytest.approx((1 - 2 / 16) / np.sqrt(1 / 16 * 15 / 16), rel=1e-4)


@settings(max_examples=15)
@given(gain=st.floats(0.01, 100), offset=st.floats(-5, 5), turns=st.integers(0, 3))
def test_neither_gain_nor_offset_nor_a_turn_matters(gain: float, offset: float, turns: int):
    image = waves(8, side=160)
    look, other = appearance(image), appearance(np.rot90(gain * image + np.float32(offset), turns))
    assert other.spacing == pytest.approx(look.spacing, rel=1e-3)
    assert other.order == pytest.approx(look.order, abs=1e-3)
    assert other.noise == pytest.approx(look.noise, rel=1e-2)
    assert other.skewness == pytest.approx(look.skewness, abs=1e-3)


def test_an_image_smaller_than_the_window_is_one_window():
    assert appearance(waves(8, side=64)).spacing == pytest.approx(8, rel=0.07)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), width=st.floats(0.5, 12), side=st.integers(64, 150))
def test_no_image_has_a_spacing_of_less_than_a_pixel_or_more_than_itself(seed: int, width: float, side: int):
    """On the slope of a smooth image's power a parabola may have its vertex anywhere."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    image = ndimage.gaussian_filter(noise, width).astype(np.float32)
    assert 1 < appearance(image).spacing <= side
