import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.data.grid import from_network_grid
from napari_strata.data.shares import shares_from_network_grid


def random_values(shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@given(shape=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_the_sum_of_any_single_pixel_stays_also_at_the_edges(shape):
    for y, x in [(0, 0), (16, 0), (5, 8), (16, 12)]:
        one = np.zeros((17, 13), np.float32)
        one[y, x] = 3.0
        assert shares_from_network_grid(one, shape).sum(dtype=np.float64) == pytest.approx(3.0, abs=1e-5)


@pytest.mark.parametrize("shape", [(37, 53), (7, 5), (16, 9)])
def test_equal_values_stay_equal_times_the_area_of_a_pixel(shape):
    shared = shares_from_network_grid(np.full((16, 12), 2.0, np.float32), shape)
    assert shared == pytest.approx(2.0 * 16 * 12 / (shape[0] * shape[1]), rel=1e-6)


def test_pixels_of_half_the_side_get_what_the_interpolation_holds_over_them():
    # Between 4 at 0 px and 0 at 1 px the line falls by 4 a pixel; halves of a pixel hold 2, 1.5, 0.5 and 0.
    shared = shares_from_network_grid(np.array([[4.0, 0.0]], np.float32), (1, 4))
    assert shared[0] == pytest.approx([2.0, 1.5, 0.5, 0.0])


def test_a_smooth_map_looks_as_one_that_is_interpolated():
    y, x = np.mgrid[:48, :64]
    smooth = np.exp(-((y - 20) ** 2 + (x - 30) ** 2) / (2 * 5**2)).astype(np.float32)
    area = 48 * 64 / (70 * 94)
    assert shares_from_network_grid(smooth, (70, 94)) / area == pytest.approx(
        from_network_grid(smooth[None], (70, 94))[0], abs=0.01
    )


def test_what_is_0_far_from_a_spot_is_0_on_the_other_grid():
    spot = np.zeros((32, 32), np.float32)
    spot[8:12, 20:24] = random_values((4, 4))
    shared = shares_from_network_grid(spot, (47, 47))
    shared[9:20, 27:38] = 0
    assert not shared.any()


def test_on_the_same_grid_nothing_changes():
    values = random_values((8, 9))
    assert shares_from_network_grid(values, (8, 9)) is values
