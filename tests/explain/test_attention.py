"""Attention gates, worked out by hand."""

import math

import pytest
import torch

from explaining import map_of, score_of
from napari_strata.config import ModelConfig
from napari_strata.errors import MethodError
from napari_strata.explain.layers import caught
from napari_strata.models.registry import build_network

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")

IMAGE = torch.tensor([[0.0, 1, 2, 3], [1, 1, 0, 2], [4, 0, 1, 0], [2, 2, 1, 5]])[None, None]
WEIGHTS = torch.full((4, 4), 1 / 16)


def attention_network(filters=(2, 4)):
    torch.manual_seed(0)
    config = ModelConfig(architecture="attention-unet", filters=filters, layers=1)
    return build_network(config, 1).eval()


def passing_gates():
    """Return a network whose finest gate sees the image itself, where it is positive: alpha = sigmoid(2 I - 1)."""
    network = attention_network()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.fill_(math.sqrt(1 + module.eps))  # so that it changes nothing
        first = [m for m in network.encoder_parts()[0].modules() if isinstance(m, torch.nn.Conv2d)]
        for convolution in first:
            convolution.weight[0, 0, 1, 1] = 1
        gate = network.body.model[1].attention
        looks, decides = (
            next(m for m in part.modules() if isinstance(m, torch.nn.Conv2d)) for part in (gate.W_x, gate.psi)
        )
        looks.weight[0, 0] = 1
        decides.weight[0, 0] = 2
        decides.bias[0] = -1
    return network


def test_the_map_is_the_logistic_function_of_what_the_gate_sees():
    found = map_of("attention", score_of(passing_gates(), WEIGHTS), IMAGE)
    torch.testing.assert_close(found, 1 / (1 + torch.exp(1 - 2 * IMAGE[0, 0])), atol=1e-6, rtol=1e-6)


def test_the_map_is_what_the_gate_multiplies():
    network, image = attention_network(filters=(8, 8)), torch.randn(1, 1, 16, 16)
    gate = network.body.model[1].attention
    weighted = []
    gate.register_forward_hook(lambda _module, _given, output: weighted.append(output))
    with caught(network.encoder_parts()[0]) as features, torch.no_grad():
        network(image)
    found = map_of("attention", score_of(network, torch.full((16, 16), 1 / 256)), image)
    torch.testing.assert_close(features[0] * found, weighted[0])
    assert 0 <= found.min() < found.max() <= 1


def test_without_a_name_it_is_the_finest_gate_and_a_coarser_one_is_chosen_by_its_name():
    config = ModelConfig(architecture="attention-unet", filters=(2, 3, 4), layers=1)
    network = build_network(config, 1).eval()
    score, image = score_of(network, torch.full((16, 16), 1 / 256)), torch.randn(1, 1, 16, 16)
    found = map_of("attention", score, image, feature_map="attention gate, level 2")
    with caught(network.attention_gates()["attention gate, level 2"].block) as shown, torch.no_grad():
        network(image)
    assert shown[0].shape == (1, 1, 8, 8)
    finest = map_of("attention", score, image, feature_map="attention gate, level 1")
    torch.testing.assert_close(map_of("attention", score, image), finest, rtol=0, atol=0)
    assert not torch.allclose(found, finest)
    torch.testing.assert_close(found[::2, ::2], shown[0][0, 0])  # its pixels lie on every second of the image


def test_a_gate_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(MethodError) as refused:
        map_of("attention", score_of(attention_network(), WEIGHTS), IMAGE, feature_map="encoder, level 1")
    assert "attention gate, level 1" in refused.value.remedy


def test_a_network_without_gates_is_refused_in_words():
    network = build_network(ModelConfig(architecture="unet", layers=1, filters=(2, 4)), 1)
    with pytest.raises(MethodError, match="no attention gates"):
        map_of("attention", score_of(network, WEIGHTS), IMAGE)
