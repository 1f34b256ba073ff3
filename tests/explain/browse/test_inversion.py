import pytest
import torch

from bright_network import passing_network
from napari_strata.config import InsideConfig, ModelConfig
from napari_strata.errors import MethodError
from napari_strata.explain.browse import parts
from napari_strata.explain.browse.inversion import invert, total_variation
from napari_strata.models.registry import build_network

PLAIN = {"smoothness": 0, "norm": 0}


def invertible():
    """Return a network whose first channels are what is positive and what is negative in the image."""
    network = passing_network(ModelConfig(architecture="unet", layers=1, filters=(2, 4)), 1)
    with torch.no_grad():
        network.encoder.blocks[0][0].weight[1, 0, 1, 1] = -1
        network.encoder.blocks[0][3].weight[1, 1, 1, 1] = 1
    return network


def inverted(network, image, name="encoder, level 1", **settings):
    return list(invert(network, network.feature_maps()[name], image, InsideConfig(**settings)))


def test_an_invertible_layer_gives_the_image_back():
    image = torch.randn(1, 1, 12, 16, generator=torch.Generator().manual_seed(1))
    *_, last = inverted(invertible(), image, steps=300, rate=0.1, **PLAIN)
    assert last.done == 1
    assert last.error < 1e-3
    torch.testing.assert_close(last.image, image[0, 0], atol=5e-3, rtol=0)


def test_it_sharpens_and_tells_the_error_of_the_activations():
    image = torch.randn(1, 1, 12, 12, generator=torch.Generator().manual_seed(1))
    found = inverted(invertible(), image, steps=52, **PLAIN)
    errors = [one.error for one in found]
    assert [one.done for one in found] == [pytest.approx(min(5 * i, 52) / 52) for i in range(1, 12)]
    assert errors == sorted(errors, reverse=True)
    made = found[-1].image
    assert found[-1].error == pytest.approx(float((made - image[0, 0]).norm() / image.norm()), rel=1e-3)


def test_the_same_seed_gives_the_same_image_and_another_seed_another():
    image = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    one, again, other = (inverted(invertible(), image, steps=5, seed=s)[-1].image for s in (3, 3, 4))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_smoothness_makes_it_smoother():
    image = torch.randn(1, 1, 12, 12, generator=torch.Generator().manual_seed(1))
    rough, smooth = (inverted(invertible(), image, steps=60, smoothness=s)[-1].image for s in (0, 1))
    assert total_variation(smooth[None, None]) < 0.7 * total_variation(rough[None, None])


def test_total_variation_is_the_mean_of_squared_differences():
    image = torch.tensor([[0.0, 1.0], [3.0, 3.0]])[None, None]
    assert total_variation(image) == pytest.approx((3**2 + 2**2 + 1**2 + 0) / 4)


def test_activations_that_are_all_zero_are_refused():
    network = build_network(ModelConfig(architecture="unet", layers=1, filters=(2, 4)), 1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()
    with pytest.raises(MethodError, match="are 0"):
        inverted(network, torch.ones(1, 1, 8, 8))


def test_the_network_is_left_as_it_was():
    network = invertible().train()
    steps = invert(network, network.feature_maps()["encoder, level 1"], torch.ones(1, 1, 8, 8), InsideConfig())
    next(steps)
    assert all(module.training for module in network.modules())
    assert all(weight.requires_grad and weight.grad is None for weight in network.parameters())
    steps.close()
    assert not any(module._forward_hooks for module in network.modules())


def test_a_result_tells_how_much_it_resembles_the_image():
    image = torch.randn(1, 1, 12, 12, generator=torch.Generator().manual_seed(1))
    *_, last = inverted(invertible(), image, steps=60)
    by_hand = torch.corrcoef(torch.stack([last.image.flatten(), image.flatten()]))[0, 1]
    assert last.likeness == pytest.approx(float(by_hand), abs=1e-5)
    assert last.likeness > 0.9


@pytest.mark.parametrize("name", ["encoder, level 2", "decoder 0, level 1"])
def test_part_by_part_gives_the_same_as_the_whole(monkeypatch, name):
    # In float64: Adam's first steps are as long as the rate for whatever gradient, be it rounding alone.
    network = build_network(ModelConfig(architecture="unet", layers=1, filters=(2, 4)), 1).double()
    image = torch.randn(1, 1, 50, 37, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    *_, whole = inverted(network, image, name, steps=5)
    monkeypatch.setattr(parts, "SIDE", 16)
    where = network.feature_maps()[name]
    assert len(parts.parts_of(network, where, (50, 37))) == 12
    *_, divided = inverted(network, image, name, steps=5)
    assert divided.error == pytest.approx(whole.error, rel=1e-9)
    torch.testing.assert_close(divided.image, whole.image, atol=1e-8, rtol=0)


def test_a_stop_is_heard_between_two_parts(monkeypatch):
    monkeypatch.setattr(parts, "SIDE", 8)
    image = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    asked = []

    def is_wanted() -> bool:
        asked.append(True)
        return len(asked) < 7

    network, config = invertible(), InsideConfig(steps=100)
    assert not list(
        invert(network, network.feature_maps()["encoder, level 1"], image, config, is_wanted=is_wanted)
    )
    assert len(asked) == 7
