import re
from typing import get_args

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

from benchmarks.known_networks import coarse_network
from explaining import assert_same, map_of, score_of, whole_map, window_scene
from napari_strata.config import ExplainConfig, ExplainMethod, ModelConfig
from napari_strata.errors import MethodError
from napari_strata.explain.catalogue import METHODS, load_method, passes_of
from napari_strata.explain.methods.grad_cam import on_image
from napari_strata.explain.targets import AtomTarget, PixelTarget, atom_weights, pixel_weights
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.explain.window import window_around
from napari_strata.models.registry import build_network

DRAWN = ("lime", "kernel-shap")
OF_ANY_NETWORK = [name for name, facts in METHODS.items() if not facts.of_gates]
EXACT_IN_WINDOWS = sorted(name for name, facts in METHODS.items() if not facts.whole and name not in DRAWN)
"""Those that draw subsets of superpixels draw others in a window, which has fewer of them."""
KERNEL = torch.arange(-4.0, 5.0).reshape(3, 3)


IMAGE = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(8))


class Linear(nn.Module):
    """Logits of class 1 are the image filtered with KERNEL, those of background the image doubled."""

    output = "classes"

    def forward(self, image):
        odds = nn.functional.conv2d(image, KERNEL[None, None], padding=1)
        return torch.stack([2 * image, odds], dim=2)


def at_pixel(y, x, shape):
    return torch.from_numpy(pixel_weights(PixelTarget(y, x), shape, shape))


def random_network(layers=2):
    config = ModelConfig(architecture="gombnet", layers=layers, filters=(4, 6, 8), pixel_size=None)
    torch.manual_seed(3)
    network = build_network(config, 1)
    network.train()(torch.randn(2, 1, 32, 32))
    with torch.no_grad():  # what the coarsest block shows speaks for the class, so that Grad-CAM is not all 0
        for decoder, head in zip(network.decoders, network.heads, strict=True):
            for weight in (*decoder.ups[1:].parameters(), *decoder.blocks[1:].parameters(), head.weight[1]):
                weight.abs_()
            head.weight[0] = 0
    return network.eval()


def test_the_score_is_the_weighted_mean_of_the_log_odds():
    image = torch.rand(1, 1, 8, 8)
    weights = torch.zeros(8, 8)
    weights[2, 3], weights[5, 5] = 0.25, 0.75
    probabilities = Linear()(image).softmax(dim=2)[0, 0]
    odds = torch.log(probabilities[1] / probabilities[0])
    assert score_of(Linear(), weights)(image).item() == pytest.approx(
        (0.25 * odds[2, 3] + 0.75 * odds[5, 5]).item(), rel=1e-5
    )


def test_a_map_added_to_all_logits_of_a_decoder_changes_nothing():
    class Shifted(Linear):
        def forward(self, image):
            return super().forward(image) + image.sin()[:, :, None]

    image, weights = torch.rand(1, 1, 9, 9), at_pixel(4, 4, (9, 9))
    plain, shifted = (map_of("input-gradient", score_of(n, weights), image) for n in (Linear(), Shifted()))
    torch.testing.assert_close(plain, shifted)


def test_the_input_gradient_of_a_linear_network_is_its_kernel():
    found = map_of("input-gradient", score_of(Linear(), at_pixel(4, 5, (9, 10))), torch.rand(1, 1, 9, 10))
    expected = torch.zeros(9, 10)
    expected[3:6, 4:7] = KERNEL
    expected[4, 5] -= 2
    torch.testing.assert_close(found, expected.abs())


def test_the_input_gradient_of_two_pixels_is_the_mean_of_both_gradients():
    weights = (at_pixel(2, 2, (12, 12)) + at_pixel(2, 3, (12, 12))) / 2
    found = map_of("input-gradient", score_of(Linear(), weights), torch.rand(1, 1, 12, 12))
    one, other = torch.zeros(12, 12), torch.zeros(12, 12)
    one[1:4, 1:4], other[1:4, 2:5] = KERNEL, KERNEL
    one[2, 2] -= 2
    other[2, 3] -= 2
    torch.testing.assert_close(found, ((one + other) / 2).abs())


def test_grad_cam_of_a_region_is_the_weighted_activation():
    image = torch.rand(1, 1, 8, 8) + 1
    weights = torch.full((8, 8), 1 / 64)
    found = map_of("grad-cam", score_of(coarse_network(), weights), image)
    activation = 2 * nn.functional.max_pool2d(image, 2)
    expected = nn.functional.interpolate(3 / 16 * activation, size=(8, 8), mode="bilinear")
    torch.testing.assert_close(found, expected[0, 0])


def test_grad_cam_of_a_pixel_is_zero_where_features_cannot_reach_it():
    image = torch.ones(1, 1, 8, 8)
    found = map_of("grad-cam", score_of(coarse_network(), at_pixel(4, 2, (8, 8))), image)
    # of 16 the feature pixel (2, 1) alone counts: 3 x 2 x 1, three quarters left on each axis by interpolation
    axes = np.zeros(8), np.zeros(8)
    axes[0][3:7] = axes[1][1:5] = [0.25, 0.75, 0.75, 0.25]
    np.testing.assert_allclose(found.numpy(), 6 / 16 * np.outer(*axes), atol=1e-7)


def test_grad_cam_is_zero_where_all_evidence_speaks_against_the_class():
    network = coarse_network()
    with torch.no_grad():
        network.heads[0].weight[1] = -3
    found = map_of("grad-cam", score_of(network, at_pixel(4, 2, (8, 8))), torch.ones(1, 1, 8, 8))
    assert not found.any()


def test_grad_cam_is_zero_where_the_block_shows_nothing():
    found = map_of("grad-cam", score_of(coarse_network(), at_pixel(4, 2, (8, 8))), -torch.ones(1, 1, 8, 8))
    assert not found.any()


@pytest.mark.parametrize("method", EXACT_IN_WINDOWS)
@pytest.mark.parametrize("at", [(60, 70), (3, 4), (98, 110), (0, 60)])
def test_the_window_gives_the_same_map_as_the_whole_image(method, at):
    network, shape = random_network(), (101, 114)
    image = torch.randn(1, 1, *shape)
    weights = atom_weights(AtomTarget(*at), shape, shape, pixel_size=0.2, radius=0.5)
    window = window_around(weights, network)
    assert any(axis.stop - axis.start < length for axis, length in zip(window, shape, strict=True))
    score, of_window = (score_of(network, torch.from_numpy(w.copy()), 1) for w in (weights, weights[window]))
    few = {"samples": 3, "steps": 3, "window": 9, "stride": 7}
    whole = whole_map(method, score, window_scene(method, image, **few)).numpy()
    part = whole_map(method, of_window, window_scene(method, image, window, **few)).numpy()
    assert_same(method, part, whole, window, score(image))


@pytest.mark.parametrize("at", [(60, 70), (3, 4), (98, 110)])
def test_grad_cam_of_a_window_is_captums_of_the_whole_image_inside_the_receptive_field(at):
    network, shape = random_network(), (101, 114)
    image = torch.randn(1, 1, *shape)
    weights = pixel_weights(PixelTarget(*at), shape, shape)
    window = window_around(weights, network)
    score, of_window = (score_of(network, torch.from_numpy(w.copy()), 1) for w in (weights, weights[window]))
    where = network.coarsest(1)
    with undisturbed(score):
        asked = image.clone().requires_grad_()
        theirs = LayerGradCam(score, where.block).attribute(asked, relu_attributions=True).detach()
    plain = on_image(theirs, where, shape)[0, 0].numpy()[window]
    part = whole_map("grad-cam", of_window, window_scene("grad-cam", image, window)).numpy()
    y, x = (place - axis.start for place, axis in zip(at, window, strict=True))
    near = slice(y - 1, y + 2), slice(x - 1, x + 2)  # between feature pixels that all reach the target
    assert part[near].min() > 0
    np.testing.assert_allclose(part[near], plain[near], atol=1e-5 * plain[near].max())
    assert plain[(y + 20) % len(plain), x] > 0 == part[(y + 20) % len(plain), x]  # out of reach


def test_a_window_of_a_large_target_is_the_whole_image():
    weights = np.full((30, 50), 1 / 1500, np.float32)
    assert window_around(weights, random_network()) == (slice(0, 30), slice(0, 50))


def test_grad_cam_plus_plus_of_a_region_weighs_activations_by_the_published_formula():
    image = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(5)) + 1
    found = map_of("grad-cam-plus-plus", score_of(coarse_network(), torch.full((8, 8), 1 / 64)), image)
    # 16 pixels of one channel, A = 2 x the pooled image; each has the gradient g = 3 / 16.
    shown, g = 2 * nn.functional.max_pool2d(image, 2), 3 / 16
    weight = 16 * g**2 / (2 * g**2 + g**3 * shown.sum()) * g
    expected = nn.functional.interpolate(weight * shown, size=(8, 8), mode="bilinear")
    torch.testing.assert_close(found, expected[0, 0])


def test_the_mean_activation_is_that_of_all_channels():
    image = torch.rand(1, 1, 8, 8) + 1
    found = map_of("mean-activation", score_of(coarse_network(), at_pixel(4, 4, (8, 8))), image)
    expected = nn.functional.interpolate(2 * nn.functional.max_pool2d(image, 2), size=(8, 8), mode="bilinear")
    torch.testing.assert_close(found, expected[0, 0])
    finest = map_of(
        "mean-activation",
        score_of(coarse_network(), at_pixel(4, 4, (8, 8))),
        image,
        feature_map="encoder, level 1",
    )
    torch.testing.assert_close(finest, image[0, 0])


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam-plus-plus", "guided-grad-cam", "mean-activation"])
def test_a_feature_map_that_does_not_exist_is_refused_with_those_that_do(method):
    with pytest.raises(MethodError, match="no feature map 'bottleneck'") as refused:
        map_of(
            method,
            score_of(coarse_network(), at_pixel(4, 4, (8, 8))),
            IMAGE[..., :8, :8],
            feature_map="bottleneck",
        )
    assert "encoder, level 3; decoder 0, level 2; decoder 0, level 1." in refused.value.remedy


def test_decoders_are_explained_apart():
    network, image, weights = random_network(), torch.randn(1, 1, 32, 32), at_pixel(16, 16, (32, 32))
    first, second = (map_of("grad-cam", score_of(network, weights, decoder=d), image) for d in (0, 1))
    assert not torch.allclose(first, second)


@pytest.mark.parametrize("method", OF_ANY_NETWORK)
def test_a_method_leaves_the_network_as_it_was(method):
    network = random_network().train()
    network.heads[1].eval()
    network.heads[0].weight.requires_grad_(False)
    network.heads[1].weight.grad = torch.ones_like(network.heads[1].weight)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    few = {"samples": 3, "steps": 3, "window": 9, "stride": 9, "subsets": 10}
    score, scene = score_of(network, at_pixel(16, 16, (32, 32))), window_scene(method, IMAGE, **few)
    whole_map(method, score, scene)
    next(iter(load_method(method)(score, scene)))  # and one that nobody lets come to its end
    assert network.training
    assert not network.heads[1].training
    assert not network.heads[0].weight.requires_grad
    assert network.heads[1].weight.requires_grad
    assert torch.equal(network.heads[1].weight.grad, torch.ones_like(network.heads[1].weight))
    assert network.heads[1].bias.grad is None
    assert not any(module._forward_hooks or module._backward_hooks for module in network.modules())
    torch.testing.assert_close(network.state_dict(), before)


@pytest.mark.parametrize("method", OF_ANY_NETWORK)
@pytest.mark.parametrize("error", [RuntimeError, torch.OutOfMemoryError])
def test_a_method_that_fails_raises_and_leaves_the_network_as_it_was(method, error, monkeypatch):
    network = random_network().train()

    def fail(_features):
        raise error("no")

    monkeypatch.setattr(network.heads[0], "forward", fail)
    with pytest.raises(error, match="no"):
        whole_map(method, score_of(network, at_pixel(16, 16, (32, 32))), window_scene(method, IMAGE))
    assert all(module.training for module in network.modules())
    assert all(weight.requires_grad for weight in network.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in network.modules())


def test_undisturbed_evaluates_without_dropout_and_batch_statistics():
    network = random_network().train()
    bias = network.heads[0].bias
    bias.grad = torch.ones_like(bias)
    with undisturbed(network):
        assert not any(module.training for module in network.modules())
        assert not any(weight.requires_grad for weight in network.parameters())
        bias.grad = None
    assert all(module.training for module in network.modules())
    assert torch.equal(bias.grad, torch.ones_like(bias))


def test_every_method_of_the_settings_is_there():
    assert set(METHODS) == set(get_args(ExplainMethod))


@pytest.mark.parametrize("method", METHODS)
def test_what_the_catalogue_says_of_a_method_is_there(method):
    facts = METHODS[method]
    assert set(facts.settings) <= set(ExplainConfig.model_fields) - {"method", "tolerance", "device", "seed"}
    assert load_method(method).__name__ == method.replace("-", "_")
    words = " ".join(load_method(method).__doc__.split())
    assert ".. math::" in words
    assert re.search(r"arXiv:\d{4}\.\d{4}", words), "the reference"
    assert "Shape (y, x)" in words
    assert re.search(r"at least 0|both signs|0 \(nothing passes\) to 1", words), "the range"
    assert re.search(r"\bpass(es)?\b", words), "the cost"
    assert passes_of(method, window_scene(method, IMAGE)) >= 1
