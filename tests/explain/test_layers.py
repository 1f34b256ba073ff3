"""Which feature map a method looks at."""

import pytest

from napari_strata.config import ExplainConfig, ModelConfig
from napari_strata.explain.layers import name_of_feature_map
from napari_strata.models.registry import build_network


def network_of(architecture, layers=1):
    return build_network(ModelConfig(architecture=architecture, layers=layers, filters=(2, 4, 8)), 1)


@pytest.mark.parametrize(
    ("settings", "decoder", "name"),
    [
        ({"method": "grad-cam"}, 0, "decoder 0, level 2"),  # level 3 is the bottleneck, which all decoders share
        ({"method": "grad-cam"}, 1, "decoder 1, level 2"),
        ({"method": "mean-activation", "feature_map": "encoder, level 1"}, 1, "encoder, level 1"),
        ({"method": "occlusion", "feature_map": "encoder, level 1"}, 1, None),
        ({"method": "attention"}, 0, None),  # it has no gates, which is said when they are asked for
    ],
)
def test_it_is_the_one_that_is_named_or_the_coarsest_of_the_decoder_alone(settings, decoder, name):
    network = network_of("gombnet", layers=2)
    assert name_of_feature_map(network, decoder, ExplainConfig(**settings)) == name


def test_of_gates_it_is_the_finest():
    network = network_of("attention-unet")
    assert name_of_feature_map(network, 0, ExplainConfig(method="attention")) == "attention gate, level 1"
    assert name_of_feature_map(network, 0, ExplainConfig(method="grad-cam")) == "decoder 0, level 2"
