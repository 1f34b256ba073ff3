import pytest
import torch
from torch import nn

from napari_strata.config import ModelConfig
from napari_strata.models.ensemble import Ensemble, in_order_of, mean_logits
from napari_strata.models.registry import build_network

IMAGES = torch.randn(3, 1, 12, 20, generator=torch.Generator().manual_seed(0))


def network(seed: int, **settings: object) -> nn.Module:
    torch.manual_seed(seed)
    return build_network(ModelConfig.parse({"filters": [2, 4]} | settings), classes=2).eval()


def test_the_probability_of_an_ensemble_is_the_mean_of_its_members():
    members = torch.log(torch.tensor([[0.2, 0.8], [0.6, 0.4]])).reshape(2, 1, 1, 2, 1, 1) + 3.0
    mean = mean_logits(members, "classes").softmax(dim=2).flatten()
    torch.testing.assert_close(mean, torch.tensor([0.4, 0.6]))


def test_classes_that_may_overlap_are_averaged_each_by_itself():
    members = torch.logit(torch.tensor([[0.9, 0.2], [0.5, 0.4]])).reshape(2, 1, 1, 2, 1, 1)
    torch.testing.assert_close(mean_logits(members, "multi-label").sigmoid().flatten(), torch.tensor([0.7, 0.3]))


def test_values_are_averaged_as_they_are():
    members = torch.tensor([1.0, 4.0]).reshape(2, 1, 1, 1, 1, 1)
    assert mean_logits(members, "values").item() == 2.5


def test_mean_logits_of_sure_members_are_finite():
    sure = torch.tensor([[200.0, -200.0], [200.0, -200.0]]).reshape(2, 1, 1, 2, 1, 1)
    for output in ("classes", "multi-label"):
        assert mean_logits(sure, output).isfinite().all()


def test_decoders_of_a_member_are_brought_into_the_order_of_the_first_sample_by_sample():
    reference = 5 * torch.randn(2, 3, 2, 6, 6, generator=torch.Generator().manual_seed(1))
    orders = [[2, 0, 1], [1, 0, 2]]
    shuffled = torch.stack([sample[order] for sample, order in zip(reference, orders, strict=True)])
    assert torch.equal(in_order_of(reference, shuffled, "classes"), reference)


def test_an_ensemble_of_a_network_and_the_same_with_swapped_decoders_says_what_the_network_says():
    one, swapped = network(0), network(0)
    for parts in (swapped.decoders, swapped.heads):
        state = [dict(part.state_dict()) for part in parts]
        copies = [{name: tensor.clone() for name, tensor in part.items()} for part in state]
        parts[0].load_state_dict(copies[1])
        parts[1].load_state_dict(copies[0])
    with torch.inference_mode():
        said = one(IMAGES).softmax(dim=2)
        assert not torch.allclose(swapped(IMAGES).softmax(dim=2), said, atol=1e-3)
        torch.testing.assert_close(Ensemble([one, swapped])(IMAGES).softmax(dim=2), said)


@pytest.mark.parametrize("architecture", [{}, {"architecture": "unet", "layers": 1}])
def test_an_ensemble_has_the_face_of_a_network(architecture):
    members = [network(seed, **architecture) for seed in range(3)]
    ensemble, first = Ensemble(members), members[0]
    for name in ("layers", "classes", "output", "stride", "receptive_field", "maps"):
        assert getattr(ensemble, name) == getattr(first, name)
    assert ensemble(IMAGES).shape == first(IMAGES).shape
    assert ensemble.decoder_block(0) is first.decoder_block(0)
    assert ensemble.coarsest(0) == first.coarsest(0)
    assert list(ensemble.encoder_parts()) == list(first.encoder_parts())
    assert list(ensemble.features(IMAGES)[0].shape) == list(first.features(IMAGES)[0].shape)


def test_weights_of_an_ensemble_are_named_by_member():
    names = set(Ensemble([network(0), network(1)]).state_dict())
    assert names == {f"members.{i}.{name}" for i in range(2) for name in network(0).state_dict()}


def test_gradients_reach_every_member():
    ensemble = Ensemble([network(0), network(1)])
    ensemble(IMAGES)[:, 0, 1].sum().backward()
    assert all(any(p.grad.abs().max() > 0 for p in member.heads.parameters()) for member in ensemble.members)
