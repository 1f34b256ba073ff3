import numpy as np
import pytest
import torch

from napari_strata.config.augmentation import AugmentationConfig
from napari_strata.data.augmentation import augment, draw_changes, margin
from napari_strata.types import Truth

NOTHING = AugmentationConfig(symmetries=False, contrast=0, brightness=0)
EVERYTHING = AugmentationConfig(
    rotation=180,
    zoom=0.2,
    elastic=2,
    scan_jitter=0.3,
    gamma=0.3,
    gaussian_noise=0.2,
    poisson_noise=100,
    blur=1,
    background=0.3,
    dropout=0.2,
)


def generators(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng([7, i]) for i in range(count)]


def patches(count: int, side: int, layers: int = 2) -> tuple[torch.Tensor, Truth]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((count, 1, side, side), generator=generator)
    labels = torch.randint(0, 4, (count, layers, side, side), generator=generator, dtype=torch.uint8)
    return images, Truth(labels, labels * 0.25, labels * 2.0)


def only(**changes: float) -> AugmentationConfig:
    return NOTHING.model_copy(update=changes)


def test_image_and_labels_turn_together():
    codes = torch.arange(16, dtype=torch.uint8).reshape(1, 1, 4, 4).repeat(32, 1, 1, 1)
    images, truth = augment(codes.float(), Truth(codes), AugmentationConfig(), rngs=generators(32))
    variants = set()
    for image, labels in zip(images.numpy(), truth.labels.numpy(), strict=True):
        slope, offset = np.polyfit(labels[0].ravel(), image[0].ravel(), 1)
        assert np.abs(slope * labels[0] + offset - image[0]).max() < 1e-4
        variants.add(labels.tobytes())
    assert len(variants) == 8


def test_without_any_change_a_patch_stays_as_it_is():
    images, truth = patches(2, 16)
    same, same_truth = augment(images, truth, NOTHING, rngs=generators(2))
    assert torch.equal(same, images)
    assert torch.equal(same_truth.labels, truth.labels)


@pytest.mark.parametrize("config", [AugmentationConfig(), EVERYTHING], ids=["defaults", "everything"])
def test_a_patch_is_the_same_whatever_else_is_in_the_batch(config):
    side = 32 + 2 * margin(config, 32)
    images, truth = patches(5, side)
    whole, whole_truth = augment(images, truth, config, rngs=generators(5), size=32)
    again, _ = augment(images, truth, config, rngs=generators(5), size=32)
    assert torch.equal(whole, again)
    part = Truth(truth.labels[3:4], truth.weights[3:4], truth.values[3:4])
    alone, alone_truth = augment(images[3:4], part, config, rngs=generators(5)[3:4], size=32)
    assert torch.equal(alone[0], whole[3])
    assert torch.equal(alone_truth.labels[0], whole_truth.labels[3])
    assert torch.equal(alone_truth.values[0], whole_truth.values[3])


def test_labels_weights_and_values_move_together_and_no_code_is_new():
    images, truth = patches(4, 32 + 2 * margin(EVERYTHING, 32))
    _, varied = augment(images, truth, EVERYTHING, rngs=generators(4), size=32)
    assert set(varied.labels.unique().tolist()) <= {0, 1, 2, 3}
    assert torch.equal(varied.weights, varied.labels * 0.25)
    assert varied.labels.shape == varied.values.shape == (4, 2, 32, 32)


def test_what_is_not_labelled_stays_so():
    images, truth = patches(3, 32 + 2 * margin(EVERYTHING, 32))
    _, varied = augment(images, Truth(torch.zeros_like(truth.labels)), EVERYTHING, rngs=generators(3), size=32)
    assert not varied.labels.any()
    assert varied.weights is None
    assert varied.values is None


def test_a_patch_drawn_with_its_margin_has_no_empty_corner():
    config = only(rotation=180, zoom=0.3, elastic=2, scan_jitter=0.5)
    side = 32 + 2 * margin(config, 32)
    ones = torch.ones((64, 1, side, side), dtype=torch.uint8)
    _, truth = augment(ones.float(), Truth(ones), config, rngs=generators(64), size=32)
    assert truth.labels.all()


def test_where_a_patch_ends_nothing_is_labelled():
    ones = torch.ones((1, 1, 33, 33), dtype=torch.uint8)
    config = only(rotation=45)
    rngs = generators(1)
    angle = draw_changes(config, generators(1)[0], size=33, drawn=33).warp.angle
    _, truth = augment(ones.float(), Truth(ones), config, rngs=rngs, size=33)
    assert abs(angle) > 0.1
    assert truth.labels[0, 0, 16, 16] == 1
    assert truth.labels[0, 0, 0, 0] == 0


def test_values_that_nobody_knows_do_not_spread():
    images, truth = patches(1, 32)
    values = torch.full((1, 1, 32, 32), 5.0)
    values[..., :10] = torch.nan
    _, varied = augment(images, Truth(truth.labels[:, :1], None, values), only(rotation=10), rngs=generators(1))
    known = varied.values[~varied.values.isnan()]
    assert known == pytest.approx(5.0, abs=1e-5)
    assert known.numel() > 600


def test_contrast_and_brightness_stay_within_their_bounds():
    images, truth = patches(50, 8)
    config = only(contrast=0.2, brightness=0.5)
    varied, _ = augment(images, truth, config, rngs=generators(50))
    gains = varied.std(dim=(1, 2, 3)) / images.std(dim=(1, 2, 3))
    offsets = varied.mean(dim=(1, 2, 3)) - gains * images.mean(dim=(1, 2, 3))
    assert 0.8 <= gains.min() < 0.85 < 1.15 < gains.max() <= 1.2
    assert -0.5 <= offsets.min() < -0.4 < 0.4 < offsets.max() <= 0.5


def test_noise_and_blur_leave_mean_and_spread_of_a_patch_alone():
    images, truth = patches(4, 32)
    varied, _ = augment(images, truth, EVERYTHING.model_copy(update={"contrast": 0, "brightness": 0, "dropout": 0,
        "rotation": 0, "zoom": 0, "elastic": 0, "scan_jitter": 0}), rngs=generators(4))  # fmt: skip
    for dim in ("mean", "std"):
        expected = getattr(images, dim)(dim=(1, 2, 3))
        assert getattr(varied, dim)(dim=(1, 2, 3)) == pytest.approx(expected, abs=1e-4)


def test_patches_keep_their_precision():
    images, truth = patches(2, 32)
    varied, _ = augment(images.float(), truth, EVERYTHING, rngs=generators(2))
    assert varied.dtype == torch.float32
    assert varied.isfinite().all()


def test_doubts_name_a_zoom_beyond_what_a_pixel_size_allows():
    assert only(zoom=0.2).doubts(0.2) == ()
    assert only(zoom=0.5, elastic=20).doubts(None) == ()
    (doubt,) = only(zoom=0.3).doubts(0.2)
    assert "zoomed by up to 30%" in doubt
    (doubt,) = only(elastic=20, elastic_length=2).doubts(0.2)
    assert "strain crystals by 12%" in doubt
