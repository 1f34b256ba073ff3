import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from measured_reach import change_beyond, measured_reach
from napari_strata.config import ModelConfig
from napari_strata.models.blocks import Encoder
from napari_strata.models.encoder_decoder import EncoderDecoder
from napari_strata.models.registry import build_network


def unet_of(**model):
    return build_network(ModelConfig(architecture="unet", layers=1, **model), classes=1)


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


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("filters", [(2, 2), (2, 2, 2), (2, 2, 2, 2)])
def test_the_stated_receptive_field_is_the_measured_one(filters, padding):
    network = unet_of(filters=filters, padding=padding)
    assert measured_reach(network) == network.receptive_field


@pytest.mark.parametrize("activation", ["gelu", "silu"])
def test_another_activation_sees_as_far(activation):
    network = unet_of(filters=(2, 2, 2), activation=activation)
    assert measured_reach(network) == network.receptive_field


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_nothing_beyond_the_receptive_field_counts(padding):
    network = unet_of(filters=(3, 4, 5), padding=padding)
    assert [change_beyond(network, at) for at in range(40, 44)] == [0, 0, 0, 0]


@pytest.mark.parametrize("norm", ["batch", "group", "instance"])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_every_norm_learns_from_the_smallest_patch_and_sees_the_smallest_image(norm, padding):
    network = build_network(ModelConfig(filters=(2, 4), norm=norm, padding=padding), classes=1)
    network(torch.rand(2, 1, 2, 2)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert network.eval()(torch.rand(1, 1, 1, 1)).isfinite().all()


def test_group_norm_takes_eight_groups_where_the_features_can_be_split_so():
    groups = [
        m.num_groups for m in unet_of(filters=(4, 16, 12), norm="group").modules() if hasattr(m, "num_groups")
    ]
    assert groups == [4, 4, 8, 8, 4, 4, 8, 8, 4, 4]


def test_unpadded_convolutions_take_and_give_what_they_do_in_the_paper():
    network = unet_of(filters=(1, 1, 1, 1, 1), padding="valid")
    assert network.pad(torch.zeros(1, 1, 388, 388)).shape[-2:] == (572, 572)


@pytest.mark.parametrize("shape", [(60, 60), (61, 75), (1, 70), (5, 2)])
def test_unpadded_convolutions_give_as_many_pixels_as_the_image_has(shape):
    network = build_network(ModelConfig(layers=2, filters=(2, 2, 2), padding="valid"), classes=1)
    assert network(torch.zeros(1, 1, *shape)).shape == (1, 2, 2, *shape)


def test_the_margin_of_unpadded_convolutions_is_the_mirrored_image_or_its_border_where_that_is_too_small():
    network = unet_of(filters=(1, 1), padding="valid")  # a margin of 8
    image = torch.arange(20.0)[None, None, :, None].expand(1, 1, 20, 3)
    padded = network.pad(image)[0, 0]
    assert padded[:, 10].tolist() == [*range(8, 0, -1), *range(20), *range(18, 10, -1)]
    column = torch.arange(3.0)[None, None, None, :].expand(1, 1, 20, 3)
    assert network.pad(column)[0, 0, 10].tolist() == [0.0] * 8 + [0, 1, 2] + [2.0] * 9


def test_a_tile_gives_what_the_whole_image_gives_with_unpadded_convolutions():
    network = unet_of(filters=(3, 4, 5), padding="valid").eval()
    image = torch.randn(1, 1, 151, 90)
    reach, start = network.receptive_field, 64
    with torch.inference_mode():
        whole, part = network(image), network(image[..., start:, :])
    torch.testing.assert_close(part[..., reach:, :], whole[..., start + reach :, :])


def test_the_default_network_keeps_the_names_of_its_weights():
    names = set(build_network(ModelConfig(filters=(2, 4)), classes=1).state_dict())
    assert {
        "encoder.blocks.1.4.running_mean",
        "decoders.1.ups.0.weight",
        "decoders.0.blocks.0.3.weight",
        "heads.1.bias",
    } <= names
    assert len(names) == 2 * 12 + 2 * (2 + 12) + 2 * 2


def test_a_frozen_encoder_keeps_its_weights_and_its_statistics():
    network = build_network(ModelConfig(filters=(2, 4), dropout=0.5), classes=1)
    network.freeze_encoder()
    before = {name: value.clone() for name, value in network.encoder.state_dict().items()}
    network.eval().train()(torch.randn(2, 1, 8, 8)).sum().backward()
    assert all(torch.equal(value, before[name]) for name, value in network.encoder.state_dict().items())
    assert not any(parameter.requires_grad for parameter in network.encoder.parameters())
    assert network.encoder.dropout.training
    assert all(parameter.grad is not None for parameter in network.decoders.parameters())


def test_statistics_that_are_computed_anew_leave_a_frozen_encoder_alone():
    network = build_network(ModelConfig(filters=(2, 4)), classes=1)
    network(torch.randn(2, 1, 8, 8))
    network.freeze_encoder()
    before = {name: value.clone() for name, value in network.state_dict().items() if "running_mean" in name}
    update_bn([torch.randn(2, 1, 8, 8) for _ in range(3)], network)
    after = network.state_dict()
    changed = {name.split(".")[0] for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed == {"decoders"}


def test_a_copy_of_a_network_with_a_frozen_encoder_is_frozen_too():
    network = build_network(ModelConfig(filters=(2, 4)), classes=1)
    network.freeze_encoder()
    copied = copy.deepcopy(network).train()
    assert not copied.encoder.blocks[0][1].training
    assert copied.decoders[0].blocks[0][1].training


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
