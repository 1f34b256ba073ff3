import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.inference.promptable.grid import MEAN, STD, ModelGrid

SIZES = st.tuples(st.integers(1, 5000), st.integers(1, 5000))


def test_an_image_that_keeps_its_aspect_fills_the_square_along_its_longer_side():
    assert ModelGrid((20, 40), 64, keeps_aspect=True).resized == (32, 64)
    assert ModelGrid((40, 20), 64, keeps_aspect=True).resized == (64, 32)
    assert ModelGrid((20, 40), 64, keeps_aspect=False).resized == (64, 64)


@pytest.mark.parametrize(
    ("position", "there"), [((0, 0), (0.3, 0.3)), ((-0.5, -0.5), (-0.5, -0.5)), ((19.5, 39.5), (31.5, 63.5))]
)
def test_a_click_lands_on_the_right_place_of_the_square(position, there):
    assert ModelGrid((20, 40), 64, keeps_aspect=True).to_model(position) == pytest.approx(there)


def test_a_stretched_image_has_its_own_factor_in_each_direction():
    grid = ModelGrid((20, 40), 64, keeps_aspect=False)
    assert grid.to_model((0, 0)) == pytest.approx((1.1, 0.3))
    assert grid.to_model([(-0.5, -0.5), (19.5, 39.5)]).tolist() == [[-0.5, -0.5], [63.5, 63.5]]


@given(SIZES, st.booleans())
def test_the_corners_of_any_image_land_on_the_corners_of_its_part_of_the_square(shape, keeps_aspect):
    grid = ModelGrid(shape, 1024, keeps_aspect)
    corners = grid.to_model([(-0.5, -0.5), (shape[0] - 0.5, shape[1] - 0.5)])
    assert corners[0] == pytest.approx((-0.5, -0.5))
    assert corners[1] == pytest.approx(np.array(grid.resized) - 0.5)


def test_the_network_sees_three_equal_channels_and_nothing_beside_the_image():
    image = np.linspace(0, 1, 800).reshape(20, 40)
    seen = ModelGrid((20, 40), 64, keeps_aspect=True).pixel_values(image)
    assert seen.shape == (1, 3, 64, 64)
    assert (seen[:, :, 32:] == 0).all()
    grey = seen * torch.tensor(STD)[:, None, None] + torch.tensor(MEAN)[:, None, None]
    assert torch.allclose(grey[0, 0, :32], grey[0, 2, :32], atol=1e-6)
    assert float(grey[0, 0, 0, 0]) == pytest.approx(0, abs=0.02)
    assert float(grey[0, 0, 31, 63]) == pytest.approx(1, abs=0.02)


def test_a_hot_pixel_does_not_darken_the_image():
    image = np.tile([0.0, 1.0], (40, 20))
    image[5, 5] = 1e6
    grey = ModelGrid((40, 40), 40, keeps_aspect=True).pixel_values(image)[0, 0] * STD[0] + MEAN[0]
    assert float(grey[0, 1] - grey[0, 0]) == pytest.approx(1)


@pytest.mark.parametrize("value", [0, 7])
def test_an_image_without_contrast_is_black(value):
    seen = ModelGrid((8, 8), 8, keeps_aspect=True).pixel_values(np.full((8, 8), value, np.uint16))
    assert torch.allclose(seen[0, :, 0, 0], -torch.tensor(MEAN) / torch.tensor(STD))


@pytest.mark.parametrize("keeps_aspect", [True, False])
def test_a_mask_comes_back_to_the_pixels_that_it_means(keeps_aspect):
    grid = ModelGrid((20, 40), 64, keeps_aspect)
    logits = torch.full((16, 16), -1.0)
    height, width = (length // 4 for length in grid.resized)
    logits[: height // 2, width // 2 :] = 1  # the upper right quarter of the image
    mask = grid.to_image(logits) > 0
    assert mask.shape == (20, 40)
    expected = np.zeros((20, 40), bool)
    expected[:10, 20:] = True
    assert np.argwhere(mask != expected).tolist() in ([], [[9, 20]])  # the corner is rounded


def test_there_and_back_a_bright_pixel_stays_where_it_is():
    image = np.zeros((30, 50))
    image[12:15, 33:36] = 1
    grid = ModelGrid((30, 50), 64, keeps_aspect=True)
    back = grid.to_image(grid.pixel_values(image)[0, 0])
    assert np.unravel_index(back.argmax(), back.shape) == (13, 34)


@pytest.fixture(scope="module")
def published():
    """Return the preprocessing that transformers has for SAM, for a square of 64 pixels."""
    module = pytest.importorskip("transformers.models.sam.image_processing_pil_sam")
    return module.SamImageProcessorPil(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})


def picture(height: int, width: int) -> np.ndarray:
    """Return a smooth picture whose percentiles are 0 and 255, so that it is not stretched."""
    y, x = np.ogrid[:height, :width]
    values = (127 + 120 * np.sin(y / 9) * np.cos(x / 7)).astype(np.uint8)
    values[:4, : width // 3], values[:4, width // 2 :] = 0, 255
    return values


@pytest.mark.parametrize(("shape", "tolerance"), [((48, 64), 1e-6), ((100, 150), 0.03), ((20, 30), 0.03)])
def test_the_network_sees_what_the_published_preprocessing_shows(published, shape, tolerance):
    image = picture(*shape)
    theirs = published(np.repeat(image[..., None], 3, axis=-1), return_tensors="pt")["pixel_values"]
    assert torch.allclose(ModelGrid(shape, 64, keeps_aspect=True).pixel_values(image), theirs, atol=tolerance)


def test_masks_come_back_as_by_the_published_postprocessing(published):
    logits = torch.randn((1, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    theirs = published.post_process_masks([logits], [(100, 150)], [(43, 64)], binarize=False)
    assert np.allclose(
        ModelGrid((100, 150), 64, keeps_aspect=True).to_image(logits[0, 0]), theirs[0][0, 0], atol=1e-5
    )
