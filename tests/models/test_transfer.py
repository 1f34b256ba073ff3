import pytest
import torch

from napari_strata.config import ClassTable, ModelCard, ModelConfig
from napari_strata.errors import BundleError
from napari_strata.io.bundle import Bundle
from napari_strata.models.ensemble import Ensemble
from napari_strata.models.registry import build_network
from napari_strata.models.transfer import take_over

UNET = {"architecture": "unet", "layers": 1, "filters": (2, 4)}
GOMBNET = {"layers": 2, "filters": (2, 4)}


def network_of(model, names):
    """Build a network, no tensor of which equals one of another network."""
    network = build_network(ModelConfig(**model), len(names))
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.randn_like(tensor))
    return network


def saved(model, names=("C",), *, members=1):
    networks = [network_of(model, names) for _ in range(members)]
    network = networks[0] if members == 1 else Ensemble(networks)
    card = ModelCard(
        name="old",
        created="2026-11-21T00:00:00Z",
        model=ModelConfig(**model),
        members=members,
        classes=ClassTable.from_names(names),
        trained_on="nothing",
        figures={},
        software={},
        weights_file="weights-0.safetensors",
        weights_sha256="1" * 64,
    )
    return Bundle(card, network.state_dict())


def started(model, bundle, names=("C",)):
    """Return a network that starts from a bundle, what it was before, and the report."""
    network = network_of(model, names)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    transfer = take_over(network, ModelConfig(**model), ClassTable.from_names(names), bundle)
    return network.state_dict(), before, transfer


def same(state, other, part):
    """Tell whether all counted tensors of a part are equal."""
    names = [name for name in state if name.startswith(part) and "num_batches" not in name]
    assert names
    return all(torch.equal(state[name], other[name]) for name in names)


def test_a_network_built_alike_takes_over_everything():
    bundle = saved(GOMBNET, ("Mo", "S"))
    state, _, transfer = started(GOMBNET, bundle, ("Mo", "S"))
    assert same(state, bundle.state, "")
    assert (transfer.replaced, transfer.notes, transfer.doubts) == ((), (), ())
    # two blocks of ten in the encoder; in each decoder a transposed convolution and a block; two heads
    assert len(transfer.taken) == transfer.total == 2 * 10 + 2 * (2 + 10) + 2 * 2
    assert transfer.words == "Started from old: 48 of 48 tensors taken over."
    assert transfer.weights_sha256 == "1" * 64


def test_other_classes_get_a_new_head():
    bundle = saved(UNET, ("C",))
    state, before, transfer = started(UNET, bundle, ("W", "Se"))
    assert same(state, bundle.state, "encoder")
    assert same(state, bundle.state, "decoders")
    assert same(state, before, "heads")
    assert transfer.words == (
        "Started from old: 32 of 34 tensors taken over; head of layer 0 new, because its classes are W, Se and not"
        " C."
    )


def test_the_same_classes_in_another_order_are_taken_over_by_name():
    bundle = saved(UNET, ("Mo", "S", "C"))
    state, _, transfer = started(UNET, bundle, ("C", "Mo", "S"))
    for name in ("heads.0.weight", "heads.0.bias"):
        assert torch.equal(state[name], bundle.state[name][[0, 3, 1, 2]])
    assert transfer.replaced == ()
    assert transfer.notes == ("in the heads, C, Mo, S taken over by name",)


def test_of_classes_that_only_one_model_knows_the_shared_ones_are_taken_over():
    bundle = saved(UNET, ("Mo", "S"))
    state, before, transfer = started(UNET, bundle, ("S", "W"))
    head, old = state["heads.0.weight"], bundle.state["heads.0.weight"]
    assert torch.equal(head, torch.stack([old[0], old[2], before["heads.0.weight"][2]]))
    assert dict(transfer.replaced)["heads.0.bias"] == "that model does not know W"
    assert transfer.notes == ("in the heads, S taken over by name",)


def test_classes_that_may_overlap_have_no_row_for_background():
    overlapping = UNET | {"output": "multi-label"}
    bundle = saved(overlapping, ("Mo", "S"))
    state, _, transfer = started(overlapping, bundle, ("S", "Mo"))
    assert torch.equal(state["heads.0.bias"], bundle.state["heads.0.bias"][[1, 0]])
    assert transfer.replaced == ()


def test_a_head_that_gives_something_else_is_new():
    state, before, transfer = started(UNET | {"output": "values"}, saved(UNET))
    assert same(state, before, "heads")
    assert "head of layer 0 new, because it gives values and not classes" in transfer.words


def test_values_are_taken_over_whatever_the_classes_are_called():
    values = UNET | {"output": "values"}
    bundle = saved(values, ("height",))
    state, _, transfer = started(values, bundle, ("depth",))
    assert same(state, bundle.state, "heads")
    assert transfer.replaced == ()


def test_decoders_are_taken_over_as_far_as_they_go():
    bundle = saved(GOMBNET)
    state, before, transfer = started(GOMBNET | {"layers": 3}, bundle)
    assert same(state, bundle.state, "decoders.1")
    assert same(state, bundle.state, "heads.1")
    assert same(state, before, "decoders.2")
    assert same(state, before, "heads.2")
    assert transfer.words == (
        "Started from old: 48 of 62 tensors taken over; decoder of layer 2, head of layer 2 new, because that"
        " model has 2 crystal layers."
    )


def test_a_unet_starts_from_the_first_decoder_of_a_gombnet():
    bundle = saved(GOMBNET)
    state, _, transfer = started(UNET, bundle)
    assert same(state, bundle.state, "")
    assert transfer.replaced == ()


def test_of_a_deeper_network_what_has_another_shape_is_new():
    bundle = saved(UNET | {"filters": (2, 4)})
    state, before, transfer = started(UNET | {"filters": (2, 4, 6)}, bundle)
    assert same(state, bundle.state, "encoder.blocks.1")
    assert same(state, before, "encoder.blocks.2")
    assert dict(transfer.replaced)["encoder.blocks.2.0.weight"] == "its filters are 2-4-6 and not 2-4"
    assert transfer.words == (
        "Started from old: 22 of 56 tensors taken over; 10 tensors of the encoder, decoder of layer 0 new, because"
        " its filters are 2-4-6 and not 2-4."
    )


def test_a_model_that_shares_nothing_is_refused_and_the_network_left_as_it_was():
    network = network_of(UNET | {"filters": (3, 5)}, ("C",))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    config = ModelConfig(**UNET | {"filters": (3, 5)})
    with pytest.raises(
        BundleError, match="it is a unet with filters 2-4, this is a unet with filters 3-5"
    ) as caught:
        take_over(network, config, ClassTable.from_names(("C",)), saved(UNET))
    assert "Choose the architecture and the filters of old" in caught.value.remedy
    assert same(network.state_dict(), before, "")


def test_of_an_ensemble_the_first_network_is_taken():
    bundle = saved(UNET, members=3)
    state, _, transfer = started(UNET, bundle)
    assert all(torch.equal(state[name], bundle.state[f"members.0.{name}"]) for name in transfer.taken)
    assert len(transfer.taken) == transfer.total
    assert transfer.notes == ("of the 3 networks of that ensemble, the first was taken",)


def test_another_pixel_size_or_activation_gives_a_doubt():
    *_, transfer = started(UNET | {"pixel_size": None, "activation": "gelu"}, saved(UNET))
    assert transfer.doubts == (
        "old learned at 0.2 Å/px, and this network works at the pixel size of its images.",
        "old fits this network in part only: its activation is relu and not gelu.",
    )


def test_another_norm_takes_over_what_it_has_in_common():
    bundle = saved(UNET)
    state, _, transfer = started(UNET | {"norm": "group"}, bundle)
    assert same(state, bundle.state, "")
    assert transfer.doubts == ("old fits this network in part only: its norm is batch and not group.",)
