import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.data.grid import (
    from_network_grid,
    normalise,
    resample_labels,
    resample_window,
    to_network_grid,
    window_after,
)
from napari_strata.errors import CalibrationError


def test_a_normalised_image_has_mean_zero_and_deviation_one():
    image = np.random.default_rng(0).normal(1000, 50, (64, 64))
    values = normalise(image)
    assert (values.mean(), values.std()) == pytest.approx((0, 1), abs=1e-5)


def test_a_hot_pixel_does_not_change_the_others_much():
    image = np.random.default_rng(0).normal(0, 1, (64, 64))
    hot = image.copy()
    hot[5, 5] = 1e6
    difference = np.abs(normalise(hot) - normalise(image))
    difference[5, 5] = 0
    assert difference.max() < 0.05


@pytest.mark.parametrize(("pixel_size", "shape"), [(0.1, (32, 48)), (0.4, (128, 192)), (0.2, (64, 96))])
def test_an_image_is_resampled_to_the_pixel_size_of_the_network(pixel_size, shape):
    image = np.random.default_rng(0).random((64, 96))
    assert to_network_grid(image, pixel_size, 0.2).shape == shape


def test_a_network_without_pixel_size_keeps_the_grid_of_the_image():
    assert to_network_grid(np.random.default_rng(0).random((31, 17)), None, None).shape == (31, 17)


def test_a_network_with_pixel_size_asks_for_that_of_the_image():
    with pytest.raises(CalibrationError, match="State the pixel size"):
        to_network_grid(np.eye(8), None, 0.2)


@given(scale=st.floats(0.3, 3.0), y=st.floats(20, 44), x=st.floats(20, 44))
def test_a_spot_moves_by_the_rule_of_pixel_centres(scale, y, x):
    rows, columns = np.mgrid[:64, :64]
    image = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 4**2))
    grid = to_network_grid(image, 0.2 * scale, 0.2)
    weight = (grid - grid.min()) ** 4
    rows, columns = np.indices(grid.shape)
    found = np.array([(weight * rows).sum(), (weight * columns).sum()]) / weight.sum()
    exact = grid.shape[0] / 64
    assert found == pytest.approx([(y + 0.5) * exact - 0.5, (x + 0.5) * exact - 0.5], abs=0.1)


def test_probabilities_still_add_up_to_one_on_the_grid_of_the_image():
    p = np.random.default_rng(0).dirichlet([1, 1, 1], (2, 16, 16)).astype(np.float32).transpose(0, 3, 1, 2)
    back = from_network_grid(p, (37, 53))
    assert back.shape == (2, 3, 37, 53)
    assert np.abs(back.sum(axis=1) - 1).max() < 1e-5


def test_labels_are_resampled_without_new_codes():
    labels = np.array([[[1, 2], [3, 0]]], dtype=np.uint8)
    assert resample_labels(labels, (4, 4))[0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 0, 0], [3, 3, 0, 0]]


@pytest.mark.parametrize("pixel_size", [0.05, 0.1, 0.2, 0.4])
def test_contrast_on_the_network_grid_is_the_same_for_every_pixel_size(pixel_size):
    counts = np.random.default_rng(0).poisson(4.0, (128, 128))
    grid = to_network_grid(counts, pixel_size, 0.2)
    assert (grid.mean(), grid.std()) == pytest.approx((0, 1), abs=1e-4)


def test_a_large_offset_does_not_swallow_the_contrast():
    image = 1e9 + np.random.default_rng(0).normal(0, 1, (64, 64))
    assert normalise(image).std() == pytest.approx(1, abs=1e-4)


def test_a_thin_stroke_survives_on_a_coarser_grid():
    labels = np.zeros((1, 40, 40), dtype=np.uint8)
    labels[0, 17] = 2
    coarse = resample_labels(labels, (10, 10))
    assert coarse[0, 4].tolist() == [2] * 10
    assert coarse.sum() == 20


@pytest.mark.parametrize("pixel_size", [1e-3, 5000.0])
def test_a_pixel_size_far_from_that_of_the_network_is_questioned(pixel_size):
    with pytest.raises(CalibrationError, match="Check the pixel size and its unit"):
        to_network_grid(np.eye(64), pixel_size, 0.2)


@given(
    before=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    scale=st.floats(0.1, 4.0),
    corners=st.tuples(*(st.floats(0, 1) for _ in range(4))),
    seed=st.integers(0, 99),
)
def test_repainting_a_box_and_resampling_what_depends_on_it_is_resampling_the_whole_frame(
    before, scale, corners, seed
):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (2, *before), dtype=np.uint8)
    after = tuple(max(1, round(side * scale)) for side in before)
    grid = resample_labels(labels, after)
    top, bottom = sorted(int(c * before[0]) for c in corners[:2])
    left, right = sorted(int(c * before[1]) for c in corners[2:])
    box = slice(top, bottom + 1), slice(left, right + 1)
    labels[:, *box] = rng.integers(0, 4, labels[:, *box].shape)
    window = window_after(
        tuple(slice(*part.indices(n)[:2]) for part, n in zip(box, before, strict=True)), before, after
    )
    grid[:, *window] = resample_window(labels, after, window)
    np.testing.assert_array_equal(grid, resample_labels(labels, after))
