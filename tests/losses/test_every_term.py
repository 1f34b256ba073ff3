"""What holds for every term of the loss: the order of layers, unlabelled pixels, empty samples, half precision."""

import math
from itertools import permutations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_strata.config.loss import TERMS, LossConfig
from napari_strata.config.model import Output
from napari_strata.losses.assignment import assignment_loss, best_assignment
from napari_strata.losses.channels import Channels
from napari_strata.losses.segmentation import pairwise_cost
from napari_strata.types import Truth

OUTPUT: dict[str, Output] = {"binary_cross_entropy": "multi-label", "mse": "values"}
COMBINATIONS = [(term, OUTPUT.get(term, "classes")) for term in TERMS] + [
    (term, "multi-label") for term in ("dice", "tversky", "focal")
]
CHANNELS = {"classes": 3, "multi-label": 2, "values": 1}
every_term = pytest.mark.parametrize(("term", "output"), COMBINATIONS)


def config_of(term: str, **others) -> LossConfig:
    return LossConfig(**{**dict.fromkeys(TERMS, 0), term: 1, **others})


def sample(output: Output, layers: int, seed: int = 0, batch: int = 2, unlabelled: float = 0.3):
    """Return logits and a truth in which some pixels of each layer are not labelled."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(batch, layers, CHANNELS[output], 8, 8, generator=generator)
    shape = (batch, layers, 8, 8)
    labels = torch.randint(1, 4, shape, generator=generator, dtype=torch.uint8)
    unknown = torch.rand(shape, generator=generator) < unlabelled
    labels[unknown] = 0
    values = torch.randn(shape, generator=generator).masked_fill(unknown, math.nan)
    return logits, Truth(labels, values=values if output == "values" else None)


def reordered(truth: Truth, order: tuple[int, ...]) -> Truth:
    return Truth(truth.labels[:, order], values=None if truth.values is None else truth.values[:, order])


@every_term
@settings(max_examples=4)
@given(layers=st.integers(2, 3), seed=st.integers(0, 2**16))
def test_the_loss_is_the_same_for_every_order_of_the_layers(term, output, layers, seed):
    logits, truth = sample(output, layers, seed)
    losses = [
        assignment_loss(logits, reordered(truth, order), config_of(term), Channels(output)).item()
        for order in permutations(range(layers))
    ]
    assert losses == pytest.approx([losses[0]] * len(losses), rel=1e-5)


@every_term
@pytest.mark.parametrize("layers", [2, 3])
def test_the_soft_loss_is_the_same_for_every_order_of_the_decoders(term, output, layers):
    if output == "values":
        return
    logits, truth = sample(output, layers)
    config = config_of(term, assignment="soft")
    losses = [
        assignment_loss(logits[:, order], truth, config, Channels(output)).item()
        for order in permutations(range(layers))
    ]
    assert losses == pytest.approx([losses[0]] * len(losses), rel=1e-5)


@every_term
def test_entry_i_j_compares_decoder_i_with_layer_j(term, output):
    logits, truth = sample(output, 2)
    config, channels = config_of(term), Channels(output)
    pairs = pairwise_cost(logits, truth, config, channels)
    alone = pairwise_cost(logits[:, 1:], reordered(truth, (0,)), config, channels)
    assert pairs[:, 1, 0].tolist() == pytest.approx(alone[:, 0, 0].tolist(), rel=1e-5)


@every_term
def test_pixels_that_are_labelled_in_no_layer_have_no_gradient(term, output):
    logits, truth = sample(output, 2, unlabelled=0)
    truth.labels[..., 3:] = 0
    if truth.values is not None:
        truth.values[..., 3:] = math.nan
    logits.requires_grad_()
    assignment_loss(logits, truth, config_of(term), Channels(output)).backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[..., 3:].abs().max() == 0
    assert logits.grad[..., :3].abs().max() > 0


@every_term
def test_what_the_network_says_where_nothing_is_labelled_changes_nothing(term, output):
    logits, truth = sample(output, 2, unlabelled=0)
    truth.labels[..., 3:] = 0
    if truth.values is not None:
        truth.values[..., 3:] = math.nan
    other = logits.clone()
    other[..., 3:] = 50 * torch.randn(other[..., 3:].shape, generator=torch.Generator().manual_seed(1))
    config, channels = config_of(term), Channels(output)
    assert torch.equal(
        pairwise_cost(logits, truth, config, channels), pairwise_cost(other, truth, config, channels)
    )


@every_term
@pytest.mark.parametrize("assignment", ["hard", "soft"])
def test_a_batch_without_labels_costs_0_and_moves_nothing(term, output, assignment):
    logits, truth = sample(output, 2, unlabelled=1.1)
    logits.requires_grad_()
    config = config_of(term, assignment="hard" if output == "values" else assignment)
    loss = assignment_loss(logits, truth, config, Channels(output))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.abs().max() == 0


@every_term
def test_a_sample_without_labels_leaves_the_others_as_they_are(term, output):
    logits, truth = sample(output, 2)
    truth.labels[1] = 0
    if truth.values is not None:
        truth.values[1] = math.nan
    config, channels = config_of(term), Channels(output)
    both = pairwise_cost(logits, truth, config, channels)
    first = Truth(truth.labels[:1], values=None if truth.values is None else truth.values[:1])
    alone = pairwise_cost(logits[:1], first, config, channels)
    assert both[0].flatten().tolist() == pytest.approx(alone[0].flatten().tolist(), rel=1e-5)
    assert both[1].abs().max() == 0


@every_term
def test_bf16_logits_are_compared_in_fp32(term, output):
    logits, truth = sample(output, 2)
    half = logits.bfloat16()
    config, channels = config_of(term), Channels(output)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        costs = pairwise_cost(half, truth, config, channels)
    assert costs.dtype == torch.float32
    exact = pairwise_cost(half.float(), truth, config, channels)
    assert costs.flatten().tolist() == pytest.approx(exact.flatten().tolist(), rel=1e-5)


@every_term
def test_extreme_logits_have_a_finite_loss_and_gradient(term, output):
    logits, truth = sample(output, 2)
    logits = (1e4 * logits).requires_grad_()
    loss = assignment_loss(logits, truth, config_of(term), Channels(output))
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


@every_term
def test_each_decoder_takes_the_layer_that_it_shows(term, output):
    logits, truth = sample(output, 2, unlabelled=0)
    if output == "values":
        logits = truth.values[:, [1, 0], None]
    else:
        channels = Channels(output).members(truth.labels.long(), CHANNELS[output]).movedim(-1, 2)
        logits = 20 * (channels[:, [1, 0]].float() - 0.5)
    order = best_assignment(pairwise_cost(logits, truth, config_of(term), Channels(output)))
    assert order.tolist() == [[1, 0], [1, 0]]
