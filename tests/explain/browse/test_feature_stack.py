import numpy as np
import pytest
import torch

from bright_network import passing_network
from napari_strata.config import ClassTable, ModelCard, ModelConfig
from napari_strata.errors import MethodError
from napari_strata.explain.browse.feature_facts import list_feature_maps
from napari_strata.explain.browse.feature_stack import Place, cut_to_image, feature_stack
from napari_strata.models.network import FeatureMap
from napari_strata.models.registry import LoadedModel, build_network


def model_of(network, config):
    card = ModelCard(
        name="m",
        created="2026-11-21T00:00:00Z",
        model=config,
        classes=ClassTable.from_names(["C"]),
        trained_on="nothing",
        figures={},
        software={},
        weights_file="weights-0.safetensors",
        weights_sha256="0" * 64,
    )
    return LoadedModel(network, card)


def passing(pixel_size=None, **model):
    config = ModelConfig(architecture="unet", layers=1, filters=(2, 4), pixel_size=pixel_size, **model)
    return model_of(passing_network(config, 1), config)


def spot(at, shape):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / 8).astype(np.float32)


def centre_of(stack):
    """Return the centre of mass (y, x) of channel 0 on the image."""
    shown = stack.data[0].astype(np.float64)
    weights = np.clip(shown - 0.1 * shown.max(), 0, None)
    index = [np.average(np.arange(n), weights=weights.sum(1 - axis)) for axis, n in enumerate(weights.shape)]
    return stack.place.at(tuple(index))


def test_a_full_resolution_map_of_a_network_that_passes_the_image_is_the_image():
    image = spot((11, 17), (24, 32))
    stack = feature_stack(passing(), image, None, "encoder, level 1")
    assert stack.data.shape == (2, 24, 32)
    assert stack.place == Place((1, 1), (0, 0))
    assert np.unravel_index(stack.data[0].argmax(), (24, 32)) == (11, 17)


@pytest.mark.parametrize("pixel_size", [0.1, 0.2, 0.31])
def test_a_spot_lies_where_it_is_whatever_the_pixel_size(pixel_size):
    stack = feature_stack(passing(0.2), spot((21, 37), (48, 64)), pixel_size, "encoder, level 1")
    assert centre_of(stack) == pytest.approx((21, 37), abs=0.05)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_spot_lies_where_it_is_in_an_unpadded_network(padding):
    network = build_network(
        ModelConfig(architecture="unet", layers=1, filters=(2, 2, 2), padding=padding), 1
    ).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "encoder" in name and weight.ndim == 4:
                weight.fill_(0.1)  # every channel the same mean of its surroundings
    model, image = model_of(network, ModelConfig(pixel_size=None)), spot((25.5, 33.5), (64, 80))
    stack = feature_stack(model, image, None, "encoder, level 2")
    assert centre_of(stack) == pytest.approx((25.5, 33.5), abs=0.2)


def test_coarse_pixels_lie_between_those_that_they_are_made_of():
    shown = np.zeros((3, 12, 10), np.float32)
    stack = cut_to_image("m", shown, FeatureMap(torch.nn.Identity(), 4, -6), (24, 16), (48, 32), 2)
    # On the network's grid first centres at -4.5, -0.5, 3.5; the image has two pixels for each of that grid.
    assert stack.start == (1, 1)
    assert stack.place.pixel == (8, 8)
    assert stack.place.first == ((-0.5 + 0.5) * 2 - 0.5,) * 2
    assert stack.data.shape == (3, 7, 5)
    assert stack.frame == 2


def test_padding_is_left_out():
    stack = feature_stack(passing(), spot((4, 4), (9, 11)), None, "encoder, level 1")
    assert stack.data.shape == (2, 9, 11)


def test_a_feature_map_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(MethodError) as refused:
        feature_stack(passing(), spot((4, 4), (9, 11)), None, "bottleneck")
    assert "encoder, level 2; decoder 0, level 1" in refused.value.remedy


def test_the_list_tells_channels_pixels_and_how_far_each_sees():
    facts = list_feature_maps(passing().network)
    assert [(f.name, f.channels, f.pixel, f.sees) for f in facts] == [
        ("encoder, level 1", 2, 1, 5),
        ("encoder, level 2", 4, 2, 14),
        ("decoder 0, level 1", 2, 1, 19),
    ]
    assert facts[1].words == "4 channels, pixels of 2 px.\nEach sees 14 x 14 px of the network's grid."
