import pytest
import torch
from torch import nn

from napari_strata.config import ModelConfig
from napari_strata.models.blocks import Encoder
from napari_strata.models.encoder_decoder import EncoderDecoder
from napari_strata.models.registry import build_network


@pytest.mark.parametrize("shape", [(32, 32), (33, 47), (9, 64), (1, 1)])
def test_the_output_has_the_shape_of_the_input_whatever_its_sides(shape):
    network = build_network(ModelConfig(layers=3, filters=(2, 4, 4)), classes=2).eval()
    assert network(torch.zeros(2, 1, *shape)).shape == (2, 3, 3, *shape)


def test_a_unet_is_a_network_of_one_layer():
    network = build_network(ModelConfig(architecture="unet", layers=1, filters=(2, 4)), classes=4)
    assert network(torch.zeros(1, 1, 8, 8)).shape == (1, 1, 5, 8, 8)


def test_a_network_may_take_several_channels():
    network = EncoderDecoder(Encoder((2, 4), 0.0, channels=3), (2, 4), layers=2, classes=1)
    assert network(torch.zeros(1, 3, 8, 8)).shape == (1, 2, 2, 8, 8)


@pytest.mark.parametrize("filters", [(2, 2), (2, 2, 2), (2, 2, 2, 2)])
def test_the_stated_receptive_field_is_the_measured_one(filters):
    network = EncoderDecoder(Encoder(filters, 0.0), filters, layers=1, classes=1).eval()
    for parameter in network.parameters():
        parameter.data.abs_()
    side = 4 * network.receptive_field
    image = torch.rand(1, 1, side, side, requires_grad=True)
    output = network(image)[0, 0, 0]
    reach = 0
    for y in range(side // 2, side // 2 + network.stride):
        (gradient,) = torch.autograd.grad(output[y, side // 2], image, retain_graph=True)
        rows = gradient[0, 0].abs().sum(1).nonzero()
        reach = max(reach, y - int(rows.min()), int(rows.max()) - y)
    assert reach == network.receptive_field


def test_activations_are_modules_that_are_not_in_place_and_not_shared():
    network = build_network(ModelConfig(filters=(2, 4)), classes=1)
    activations = [m for m in network.modules() if isinstance(m, nn.ReLU)]
    assert len(activations) == len(set(map(id, activations))) == 2 * 2 + 2 * 2
    assert not any(a.inplace for a in activations)


def test_decoders_are_independent():
    network = build_network(ModelConfig(filters=(2, 4)), classes=1).eval()
    image = torch.rand(1, 1, 16, 16)
    before = network(image)
    for parameter in network.decoders[1].parameters():
        parameter.data.zero_()
    after = network(image)
    assert torch.equal(before[:, 0], after[:, 0])
    assert not torch.equal(before[:, 1], after[:, 1])


def test_the_decoder_block_gives_the_last_feature_map_of_its_layer():
    network = build_network(ModelConfig(filters=(3, 4)), classes=1).eval()
    seen = []
    network.decoder_block(1).register_forward_hook(lambda *args: seen.append(args[2].shape))
    network(torch.zeros(1, 1, 16, 16))
    assert seen == [(1, 3, 16, 16)]
