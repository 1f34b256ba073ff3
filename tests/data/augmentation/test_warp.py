import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_strata.config.augmentation import AugmentationConfig
from napari_strata.data.augmentation.changes import draw_changes
from napari_strata.data.augmentation.resampling import resample, turn
from napari_strata.data.augmentation.warp import Warp, margin
from napari_strata.data.augmentation.waves import SmoothField
from napari_strata.types import Truth

SIDE = 48
CPU = torch.device("cpu")


def warped(image: torch.Tensor, warp: Warp) -> tuple[torch.Tensor, torch.Tensor]:
    codes = image.clamp(0, 255).to(torch.uint8)
    images, truth = resample(image[None, None], Truth(codes[None, None]), [warp])
    return images[0, 0], truth.labels[0, 0]


def picture(side: int) -> torch.Tensor:
    return torch.randint(0, 200, (side, side), generator=torch.Generator().manual_seed(1)).float()


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("side", [16, 17])
def test_quarter_turns_are_resampled_to_the_very_pixels(turns, mirrored, side):
    warp = Warp(size=side, drawn=side, turns=turns, mirrored=mirrored)
    expected = torch.rot90(picture(side), turns)
    expected = expected.flip(-1) if mirrored else expected
    image, codes = warped(picture(side), warp)
    assert torch.allclose(image, expected, atol=0.02)
    assert torch.equal(codes.float(), expected)
    assert torch.equal(turn(picture(side)[None], [warp])[0], expected)


def test_a_rotation_by_90_degrees_is_a_quarter_turn():
    image, codes = warped(picture(16), Warp(size=16, drawn=16, angle=math.pi / 2))
    assert torch.allclose(image, torch.rot90(picture(16)), atol=0.02)
    assert torch.equal(codes.float(), torch.rot90(picture(16)))


def test_zoom_by_2_repeats_every_code_in_a_square():
    codes = torch.arange(16).reshape(4, 4).float()
    _, zoomed = warped(codes, Warp(size=8, drawn=4, zoom=2.0))
    assert torch.equal(zoomed.float(), codes.repeat_interleave(2, 0).repeat_interleave(2, 1))


def test_zoom_by_2_doubles_the_period_of_a_grating():
    x = torch.arange(64) - 31.5
    image = torch.cos(2 * math.pi * x / 8).expand(64, 64)
    zoomed, _ = warped(image, Warp(size=64, drawn=64, zoom=2.0))
    expected = torch.cos(2 * math.pi * x / 16).expand(64, 64)
    assert torch.allclose(zoomed[4:-4, 4:-4], expected[4:-4, 4:-4], atol=0.04)


def test_jitter_shifts_lines_of_the_image_and_not_of_its_labels():
    image = torch.arange(16).repeat(16, 1).float() * 10
    shifts = np.zeros(16)
    shifts[3] = 0.5
    jittered, codes = warped(image, Warp(size=16, drawn=16, jitter=shifts))
    assert torch.allclose(jittered[3, 4:12], image[3, 4:12] + 5, atol=1e-3)
    assert torch.allclose(jittered[4], image[4], atol=1e-3)
    assert torch.equal(codes.float(), image)


def test_only_resampled_patches_have_a_margin():
    assert margin(AugmentationConfig(), 128) == 0
    assert margin(AugmentationConfig(rotation=45), 128) == 29  # 128 (sqrt 2 - 1) / 2 = 26.5, and 2 for the splines
    assert margin(AugmentationConfig(rotation=180), 128) == 29
    assert margin(AugmentationConfig(zoom=0.5), 100) == 27
    assert margin(AugmentationConfig(elastic=2), 100) == 8


def test_a_smooth_field_is_the_same_on_the_grid_and_at_points():
    field = SmoothField.draw(5.0, np.random.default_rng(0))
    y, x = np.mgrid[:9, :9] - 4.0
    at_points = field.at(np.stack([y.ravel(), x.ravel()], axis=1)).reshape(9, 9)
    assert field.on_grid(9, CPU).numpy() == pytest.approx(at_points, abs=1e-5)


def test_smooth_fields_have_spread_1_and_change_over_their_length():
    rng = np.random.default_rng(0)
    pairs = np.array([SmoothField.draw(8.0, rng).at(np.array([[0.0, 0.0], [0.0, 16.0]])) for _ in range(4000)])
    assert pairs.std() == pytest.approx(1, abs=0.03)
    assert (pairs[:, 0] * pairs[:, 1]).mean() == pytest.approx(math.exp(-1), abs=0.04)  # exp(-16^2 / (4 8^2))
    assert np.abs(pairs).max() <= 3


def _spot(at: np.ndarray, side: int, sigma: float = 2.5) -> torch.Tensor:
    y, x = np.mgrid[:side, :side]
    return torch.from_numpy(np.exp(-0.5 * ((y - at[0]) ** 2 + (x - at[1]) ** 2) / sigma**2).astype(np.float32))


def _centroid(image: torch.Tensor) -> np.ndarray:
    y, x = np.mgrid[: len(image), : len(image)]
    mass = image.numpy().astype(float)
    return np.array([(mass * y).sum(), (mass * x).sum()]) / mass.sum()


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    rotation=st.floats(0, 180),
    zoom=st.floats(0, 0.3),
    place=st.tuples(st.floats(-8, 8), st.floats(-8, 8)),
)
def test_a_point_goes_where_the_centroid_of_a_spot_goes(seed, rotation, zoom, place):
    config = AugmentationConfig(rotation=rotation, zoom=zoom)
    drawn = SIDE + 2 * margin(config, SIDE)
    warp = draw_changes(config, np.random.default_rng(seed), size=SIDE, drawn=drawn).warp
    point = np.array(place) + (drawn - 1) / 2
    image, _ = warped(_spot(point, drawn), warp)
    assert warp.warp_points(point[None])[0] == pytest.approx(_centroid(image), abs=0.05)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), elastic=st.floats(0, 20), length=st.floats(2, 60), zoom=st.floats(0, 0.5))
def test_warped_points_are_looked_up_where_they_came_from(seed, elastic, length, zoom):
    config = AugmentationConfig(rotation=180, elastic=elastic, elastic_length=length, zoom=zoom)
    rng = np.random.default_rng(seed)
    warp = draw_changes(config, rng, size=SIDE, drawn=SIDE).warp
    points = rng.uniform(0, SIDE, (20, 2))
    moved = warp.warp_points(points) - (SIDE - 1) / 2
    back = moved @ warp.matrix.T + (SIDE - 1) / 2
    if warp.displacement is not None:
        back += warp.amplitude * np.stack([field.at(moved) for field in warp.displacement], axis=1)
    assert back == pytest.approx(points, abs=0.01)


def test_the_centroid_of_a_spot_follows_an_elastic_displacement():
    config = AugmentationConfig(rotation=180, elastic=2, elastic_length=60)
    drawn = SIDE + 2 * margin(config, SIDE)
    for seed in range(20):
        warp = draw_changes(config, np.random.default_rng(seed), size=SIDE, drawn=drawn).warp
        point = np.full(2, (drawn - 1) / 2 + 3)
        image, _ = warped(_spot(point, drawn, sigma=1.5), warp)  # bent within itself the less, the smaller it is
        assert warp.warp_points(point[None])[0] == pytest.approx(_centroid(image), abs=0.05)
