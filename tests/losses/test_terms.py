"""Each term of the loss by hand, on one row of pixels."""

import math

import pytest
import torch
from monai.losses import SoftclDiceLoss, TverskyLoss

from napari_strata.config.loss import LossConfig
from napari_strata.losses.channels import Channels
from napari_strata.losses.segmentation import pairwise_cost
from napari_strata.types import Truth

MULTI_LABEL = Channels("multi-label")
NONE = {"cross_entropy": 0, "dice": 0}


def logits_of(probability: list[float]) -> torch.Tensor:
    """Two classes, one layer, one row of pixels with the given foreground probabilities."""
    p = torch.tensor(probability)
    return torch.stack([1 - p, p]).log().reshape(1, 1, 2, 1, -1)


def odds_of(*probabilities: list[float]) -> torch.Tensor:
    """Classes that may overlap, one layer, one row of pixels."""
    return torch.tensor(probabilities).logit().reshape(1, 1, len(probabilities), 1, -1)


def row(codes: list[int]) -> torch.Tensor:
    return torch.tensor(codes, dtype=torch.uint8).reshape(1, 1, 1, -1)


def cost(logits, truth, channels=None, **config) -> float:
    settings = LossConfig(**{**NONE, **config})
    pairs = pairwise_cost(logits, truth, settings, *([] if channels is None else [channels]))
    assert pairs.shape == (1, 1, 1)
    return pairs.item()


def test_cross_entropy_weighs_classes():
    expected = -(3 * math.log(0.8) + 1 * math.log(0.6)) / (3 + 1)
    found = cost(logits_of([0.8, 0.4, 0.9]), Truth(row([2, 1, 0])), cross_entropy=1, class_weights=(1, 3))
    assert found == pytest.approx(expected)


def test_cross_entropy_takes_the_weight_of_each_pixel_instead_of_that_of_its_class():
    weights = torch.tensor([2.0, 5.0, 7.0]).reshape(1, 1, 1, 3)
    expected = -(2 * math.log(0.8) + 5 * math.log(0.6)) / (2 + 5)
    truth = Truth(row([2, 1, 0]), weights)
    assert cost(logits_of([0.8, 0.4, 0.9]), truth, cross_entropy=1, class_weights=(1, 3)) == pytest.approx(
        expected
    )


def test_cross_entropy_of_pixels_that_all_weigh_nothing_is_0():
    truth = Truth(row([2, 1]), torch.zeros(1, 1, 1, 2))
    assert cost(logits_of([0.8, 0.4]), truth, cross_entropy=1) == 0


def test_tversky_weighs_false_positives_and_false_negatives():
    found = cost(logits_of([0.8, 0.4, 0.9]), Truth(row([2, 1, 0])), tversky=1, tversky_alpha=0.3, tversky_beta=0.7)
    assert found == pytest.approx(1 - (0.8 + 0.5) / (0.8 + 0.3 * 0.4 + 0.7 * 0.2 + 0.5))


def test_tversky_with_halves_is_dice():
    logits, truth = logits_of([0.8, 0.4, 0.9, 0.3]), Truth(row([2, 1, 0, 2]))
    half = cost(logits, truth, tversky=1, tversky_alpha=0.5, tversky_beta=0.5)
    assert half == pytest.approx(cost(logits, truth, dice=1))


def test_tversky_agrees_with_monai_where_all_is_labelled():
    logits, codes = logits_of([0.8, 0.4, 0.9, 0.3]), row([2, 1, 1, 2])
    reference = TverskyLoss(
        include_background=False, to_onehot_y=True, softmax=True, alpha=0.3, beta=0.7, smooth_nr=0.5, smooth_dr=0.5
    )
    assert cost(logits, Truth(codes), tversky=1) == pytest.approx(reference(logits[:, 0], codes - 1).item())


def test_focal_loss_dims_pixels_that_are_sure():
    expected = -(0.2**2 * math.log(0.8) + 0.4**2 * math.log(0.6)) / 2
    assert cost(logits_of([0.8, 0.4, 0.9]), Truth(row([2, 1, 0])), focal=1, focal_gamma=2) == pytest.approx(
        expected
    )


def test_focal_loss_without_gamma_is_cross_entropy():
    logits, truth = logits_of([0.8, 0.4, 0.9]), Truth(row([2, 1, 0]))
    weighted = {"class_weights": (2, 1)}
    assert cost(logits, truth, focal=1, focal_gamma=0, **weighted) == pytest.approx(
        cost(logits, truth, cross_entropy=1, **weighted)
    )


def test_focal_loss_has_a_gradient_where_the_network_is_sure():
    logits = torch.tensor([40.0, -40.0]).reshape(1, 1, 2, 1, 1).requires_grad_()
    config = LossConfig(**NONE, focal=1, focal_gamma=0.5)
    pairwise_cost(logits, Truth(row([1])), config).sum().backward()
    assert logits.grad.isfinite().all()


def test_focal_loss_of_classes_that_overlap_is_a_mean_of_binary_ones():
    expected = -(0.2**2 * math.log(0.8) + 0.3**2 * math.log(0.7)) / 2
    found = cost(odds_of([0.8], [0.3]), Truth(row([2])), MULTI_LABEL, focal=1, focal_gamma=2)
    assert found == pytest.approx(expected)


def test_lovasz_by_hand():
    # foreground: errors 0.4 (background), 0.2 (foreground); J = 1 - 1/2, then 1 - 0/2
    foreground = 0.4 * 0.5 + 0.2 * 0.5
    # background: errors 0.4 (of itself), 0.2 (not background); J = 1 - 0/1, then 1 - 0/2
    background = 0.4 * 1.0 + 0.2 * 0.0
    found = cost(logits_of([0.8, 0.4, 0.9]), Truth(row([2, 1, 0])), lovasz=1)
    assert found == pytest.approx((foreground + background) / 2)


def test_lovasz_of_a_mask_is_1_minus_iou_of_the_classes_that_occur():
    logits = 80 * (torch.tensor([[0, 0, 1, 1]]) * 2 - 1).float()
    logits = torch.stack([-logits, logits, torch.full_like(logits, -100.0)])[None, None]
    found = cost(logits, Truth(row([1, 2, 2, 2])), lovasz=1)
    assert found == pytest.approx((1 - 1 / 2 + 1 - 2 / 3) / 2)


def test_centre_line_dice_is_that_of_monai_where_all_is_labelled():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 1, 2, 12, 12, generator=generator)
    codes = torch.randint(1, 3, (1, 1, 12, 12), generator=generator)
    reference = SoftclDiceLoss(iter_=3, smooth=1e-12)(logits.softmax(2)[:, 0, 1:], (codes == 2).float())
    assert cost(logits, Truth(codes), cl_dice=1) == pytest.approx(reference.item(), rel=1e-5)


def test_centre_line_dice_punishes_a_gap_more_than_a_thin_line():
    truth = torch.ones(1, 1, 15, 15, dtype=torch.uint8)
    truth[..., 6:9, :] = 2
    thin = torch.ones_like(truth)
    thin[..., 7, :] = 2
    gap = truth.clone()
    gap[..., :, 5:10] = 1

    def found(codes: torch.Tensor) -> float:
        masks = torch.stack([codes == 1, codes == 2], dim=2).float()
        return cost(80 * masks, Truth(truth), cl_dice=1)

    assert found(truth) == pytest.approx(0, abs=1e-6)
    assert found(thin) < 0.05 < found(gap)


def test_binary_cross_entropy_takes_each_class_by_itself():
    expected = -(math.log(0.8) + math.log(0.7) + math.log(0.4) + math.log(0.9)) / 4
    found = cost(
        odds_of([0.8, 0.6, 0.5], [0.3, 0.9, 0.5]), Truth(row([2, 3, 0])), MULTI_LABEL, binary_cross_entropy=1
    )
    assert found == pytest.approx(expected)


def test_binary_cross_entropy_of_an_overlap_wants_both_classes():
    both = Channels("multi-label", overlaps=((0, 1),))
    found = cost(odds_of([0.8], [0.3]), Truth(row([4])), both, binary_cross_entropy=1)
    assert found == pytest.approx(-(math.log(0.8) + math.log(0.3)) / 2)


def test_binary_cross_entropy_weighs_pixels():
    truth = Truth(row([2, 1]), torch.tensor([3.0, 1.0]).reshape(1, 1, 1, 2))
    expected = -(3 * math.log(0.8) + math.log(0.6)) / 4
    found = cost(odds_of([0.8, 0.4]), truth, MULTI_LABEL, binary_cross_entropy=1)
    assert found == pytest.approx(expected)


def test_binary_cross_entropy_is_finite_for_any_logit():
    logits = torch.tensor([[300.0, -300.0]]).reshape(1, 1, 1, 1, 2)
    assert cost(logits, Truth(row([1, 2])), MULTI_LABEL, binary_cross_entropy=1) == pytest.approx(300)


def test_dice_of_classes_that_overlap_has_no_background_among_them():
    found = cost(odds_of([0.8, 0.4], [0.1, 0.3]), Truth(row([2, 1])), MULTI_LABEL, dice=1)
    first, second = 1 - (2 * 0.8 + 1) / (1.2 + 1 + 1), 1 - 1 / (0.4 + 0 + 1)
    assert found == pytest.approx((first + second) / 2)


def test_the_squared_error_leaves_unknown_values_out():
    logits = torch.tensor([1.0, 2.0, 5.0]).reshape(1, 1, 1, 1, 3)
    values = torch.tensor([3.0, 2.5, math.nan]).reshape(1, 1, 1, 3)
    truth = Truth(row([0, 0, 0]), values=values)
    assert cost(logits, truth, Channels("values"), mse=1) == pytest.approx((4 + 0.25) / 2)


def test_terms_are_added_up_with_their_weights():
    logits, truth = logits_of([0.8, 0.4, 0.9]), Truth(row([2, 1, 0]))
    parts = 2 * cost(logits, truth, cross_entropy=1) + 0.5 * cost(logits, truth, lovasz=1)
    assert cost(logits, truth, cross_entropy=2, lovasz=0.5) == pytest.approx(parts)


def test_a_term_of_weight_0_is_not_computed(monkeypatch: pytest.MonkeyPatch):
    from napari_strata.losses import segmentation

    monkeypatch.setitem(segmentation.TERMS, "lovasz", lambda pairs: pytest.fail("it was computed"))
    assert cost(logits_of([0.8]), Truth(row([2])), cross_entropy=1) > 0
