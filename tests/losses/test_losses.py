import math
from itertools import permutations

import pytest
import torch

from napari_strata.config.loss import LossConfig
from napari_strata.losses.assignment import assignment_costs, assignment_loss, best_assignment
from napari_strata.losses.segmentation import pairwise_cost
from napari_strata.types import Truth


def logits_of(probability: list[float]) -> torch.Tensor:
    """Two classes, one layer, one row of pixels with the given foreground probabilities."""
    p = torch.tensor(probability)
    return torch.stack([1 - p, p]).log().reshape(1, 1, 2, 1, -1)


def test_cross_entropy_is_the_mean_of_minus_log_p_over_labelled_pixels():
    labels = torch.tensor([2, 1, 0]).reshape(1, 1, 1, 3)
    cost = pairwise_cost(logits_of([0.8, 0.4, 0.9]), Truth(labels), LossConfig(dice=0))
    assert cost.item() == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)


def test_dice_loss_by_hand():
    labels = torch.tensor([2, 1, 0]).reshape(1, 1, 1, 3)
    cost = pairwise_cost(logits_of([0.8, 0.4, 0.9]), Truth(labels), LossConfig()) - pairwise_cost(
        logits_of([0.8, 0.4, 0.9]), Truth(labels), LossConfig(dice=0)
    )
    assert cost.item() == pytest.approx(1 - (2 * 0.8 + 1) / (0.8 + 0.4 + 1 + 1))


@pytest.mark.parametrize("assignment", ["hard", "soft"])
def test_unlabelled_pixels_have_no_gradient(assignment):
    logits = torch.randn(1, 2, 3, 4, 4, requires_grad=True)
    labels = torch.zeros(1, 2, 4, 4, dtype=torch.long)
    labels[..., 0, :2] = torch.tensor([1, 3])
    assignment_loss(logits, Truth(labels), LossConfig(assignment=assignment)).backward()
    assert logits.grad[..., 1:, :].abs().max() == 0
    assert logits.grad[..., 0, :2].abs().max() > 0


def test_a_sample_without_labels_costs_nothing():
    labels = torch.zeros(1, 2, 4, 4, dtype=torch.uint8)
    assert pairwise_cost(torch.randn(1, 2, 2, 4, 4), Truth(labels), LossConfig()).abs().max() == 0


@pytest.mark.parametrize("assignment", ["hard", "soft"])
@pytest.mark.parametrize("layers", [2, 3])
def test_the_loss_does_not_change_when_layers_are_permuted(assignment, layers):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, layers, 2, 8, 8, generator=generator)
    labels = torch.randint(1, 3, (2, layers, 8, 8), generator=generator)
    losses = [
        assignment_loss(logits, Truth(labels[:, list(order)]), LossConfig(assignment=assignment)).item()
        for order in permutations(range(layers))
    ]
    assert losses == pytest.approx([losses[0]] * len(losses), rel=1e-5)


def test_the_hard_minimum_is_taken_per_sample():
    pairwise = torch.tensor([[[1.0, 5.0], [5.0, 2.0]], [[7.0, 1.0], [1.0, 7.0]]])
    assert assignment_costs(pairwise).tolist() == [[3.0, 10.0], [14.0, 2.0]]
    assert best_assignment(pairwise).tolist() == [[0, 1], [1, 0]]


def test_the_soft_minimum_is_the_published_formula():
    labels = torch.tensor([[[2, 1]], [[1, 2]]]).reshape(1, 2, 1, 2)
    logits = torch.cat([logits_of([0.9, 0.2]), logits_of([0.3, 0.6])], dim=1)
    cost = pairwise_cost(logits, Truth(labels), LossConfig())[0]
    minimum = 1 / (1 / (cost[0, 1] + cost[1, 0]) + 1 / (cost[0, 0] + cost[1, 1]))
    dice_target = 1
    overlap = 0.9 * 0.3 + 0.2 * 0.6
    dice_output = 1 - overlap / (2 * 1.1 + 0.9) - overlap / (2 * 0.9 + 1.1)
    expected = minimum * torch.sigmoid(torch.tensor((dice_target - dice_output) ** 2)) / 2
    assert assignment_loss(logits, Truth(labels), LossConfig(assignment="soft")).item() == pytest.approx(
        expected.item()
    )


def test_a_perfect_prediction_costs_almost_nothing_in_either_order():
    labels = torch.randint(1, 3, (1, 2, 16, 16), generator=torch.Generator().manual_seed(1))
    logits = 40 * torch.nn.functional.one_hot(labels - 1, 2).movedim(-1, 2).float()
    for order in ([0, 1], [1, 0]):
        assert assignment_loss(logits[:, order], Truth(labels), LossConfig(assignment="hard")).item() < 1e-6
