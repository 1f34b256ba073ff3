import pytest
import torch
from torch import nn

from napari_strata.config import ModelConfig
from napari_strata.explain.score import Output, TargetScore, Term
from napari_strata.models.registry import build_network


class Fixed(nn.Module):
    """Logits of background, two classes and two layers that do not depend on the image but for its scale."""

    output = "classes"

    def forward(self, image):
        logits = torch.arange(6.0).reshape(1, 2, 3, 1, 1) ** 2
        return logits * image[:, :, None]


def half(sign=1.0):
    return torch.full((2, 2), sign / 4)


def value(*terms):
    return TargetScore(Fixed(), terms)(torch.ones(1, 1, 2, 2)).item()


def test_one_term_is_the_log_odds_against_background():
    # Layer 1 has the logits 9, 16, 25.
    assert value(Term(Output(1, 2), half())) == pytest.approx(25 - 9)


def test_two_classes_of_a_layer_are_told_apart_by_the_difference_of_their_logits():
    assert value(Term(Output(1, 2), half()), Term(Output(1, 1), half(-1))) == pytest.approx(25 - 16)


def test_two_layers_are_told_apart_by_the_difference_of_their_log_odds():
    assert value(Term(Output(1, 1), half()), Term(Output(0, 1), half(-1))) == pytest.approx((16 - 9) - (1 - 0))


def test_background_is_no_evidence():
    assert value(Term(Output(0, 2), half()), Term(Output(0, 0), half(-1))) == pytest.approx(4)


@pytest.mark.parametrize("at", [(0, 0), (20, 45)], ids=str)
def test_a_score_from_a_part_of_the_network_is_that_of_the_whole_with_its_gradient(at):
    network = build_network(ModelConfig(filters=(4, 8), layers=2), 2).eval()
    weights = torch.zeros(64, 64)
    weights[at[0] : at[0] + 2, at[1] : at[1] + 3] = 1 / 6
    score = TargetScore(network, [Term(Output(1, 2), weights), Term(Output(0, 0), -weights)])
    images = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    seen = []
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda _module, _inputs, output: seen.append(output.numel()))
    values, gradients, computed = [], [], []
    for of in (score, score.cropped):
        seen.clear()
        values.append(of(images))
        gradients.append(torch.autograd.grad(values[-1].sum(), images)[0])
        computed.append(sum(seen))
    torch.testing.assert_close(values[1], values[0])
    torch.testing.assert_close(gradients[1], gradients[0])
    assert computed[1] < computed[0] / 3


def test_a_score_names_its_decoders_once_and_in_order():
    score = TargetScore(
        Fixed(), [Term(Output(1, 1), half()), Term(Output(0, 1), half()), Term(Output(1, 2), half())]
    )
    assert score.decoders == (1, 0)
