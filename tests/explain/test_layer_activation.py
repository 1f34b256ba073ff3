"""The activation of one channel."""

import pytest
import torch

from explaining import map_of, scene_of, score_of
from napari_strata.errors import MethodError
from napari_strata.explain.catalogue import load_method
from napari_strata.models.blocks import Encoder
from napari_strata.models.encoder_decoder import EncoderDecoder

IMAGE = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(4)) + 1
WEIGHTS = torch.full((8, 8), 1 / 64)


def network_of(slopes):
    """Return a U-Net whose finest block shows 1, 2, 3, ... times the image; its head weighs them with slopes."""
    count = len(slopes)
    network = EncoderDecoder(Encoder((count, 1), 0.0), (count, 1), layers=1, classes=1).eval()
    (decoder,) = network.decoders
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.fill_(1)
                module.eps = 0.0
        first, fine = network.encoder.blocks[0], decoder.blocks[-1]
        for channel in range(count):
            first[0].weight[channel, 0, 1, 1] = first[3].weight[channel, channel, 1, 1] = 1
            fine[0].weight[channel, count + channel, 1, 1] = 1
            fine[3].weight[channel, channel, 1, 1] = channel + 1
        network.heads[0].weight[1] = torch.tensor(slopes).reshape(count, 1, 1)
    return network


def found(slopes, **settings):
    scene = scene_of(IMAGE, method="layer-activation", feature_map="decoder 0, level 1", **settings)
    *_, last = load_method("layer-activation")(score_of(network_of(slopes), WEIGHTS), scene)
    return last


@pytest.mark.parametrize(("slopes", "most"), [((2.0, 0.5, -9.0), 0), ((1.0, 2.0, 1.0), 1), ((1.0, 1.0, 1.0), 2)])
def test_it_is_that_of_the_channel_that_says_most_for_the_score(slopes, most):
    # Channel k shows (k + 1) I and counts slope (k + 1) times the mean of I.
    last = found(slopes)
    torch.testing.assert_close(last.map, (most + 1) * IMAGE[0, 0])
    assert last.figures == {"channel": most}


def test_or_of_the_channel_that_is_named():
    torch.testing.assert_close(found((2.0, 0.5, -9.0), channel=2).map, 3 * IMAGE[0, 0])


def test_a_channel_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(MethodError, match="no channel 3") as refused:
        found((2.0, 0.5, -9.0), channel=3)
    assert "0 to 2" in refused.value.remedy


def test_a_feature_map_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(MethodError, match="no feature map 'x'") as refused:
        map_of("layer-activation", score_of(network_of((1.0,)), WEIGHTS), IMAGE, feature_map="x")
    assert "decoder 0, level 1" in refused.value.remedy
