"""Explanations of networks other than the default one; test_architectures.py has those of MONAI."""

import numpy as np
import pytest
import torch

from explaining import assert_same, map_of, score_of, whole_map, window_scene
from measured_reach import make_positive
from napari_strata.config import ModelConfig
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.layers import activations
from napari_strata.explain.methods.grad_cam import on_image
from napari_strata.explain.targets import PixelTarget, pixel_weights
from napari_strata.explain.window import window_around
from napari_strata.models.network import FeatureMap
from napari_strata.models.registry import build_network

EXACT = [
    name
    for name, facts in METHODS.items()
    if not (facts.of_relus or facts.whole or name in ("lime", "kernel-shap"))
]
"""Methods for every activation whose maps do not depend on which subsets are drawn."""
FEW = {"samples": 3, "steps": 3, "window": 9, "stride": 7}


def network_of(**model):
    torch.manual_seed(0)
    network = make_positive(build_network(ModelConfig(filters=(2, 3, 4), **model), 1))
    with torch.no_grad():
        for head in network.heads:
            head.weight[0] = 0
    return network


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("at", [(60, 70), (3, 4), (98, 110)])
@pytest.mark.parametrize("model", [{"padding": "valid"}, {"activation": "gelu"}, {"activation": "silu"}], ids=str)
def test_the_window_gives_the_same_map_as_the_whole_image(method, at, model):
    network, shape = network_of(**model), (101, 114)
    image = torch.randn(1, 1, *shape)
    weights = pixel_weights(PixelTarget(*at), shape, shape)
    window = window_around(weights, network)
    assert any(axis.stop - axis.start < length for axis, length in zip(window, shape, strict=True))
    whole, part = (
        whole_map(
            method,
            score_of(network, torch.from_numpy(w.copy()), decoder=1),
            window_scene(method, image, of, **FEW),
        ).numpy()
        for w, of in ((weights, None), (weights[window], window))
    )
    value = score_of(network, torch.from_numpy(weights), decoder=1)(image)
    assert_same(method, part, whole, window, value)


def test_a_feature_map_lies_on_the_image_where_it_says():
    features = torch.zeros(1, 1, 5, 5)
    features[..., 2, 3] = 1  # of a pixel of 4, the first of which begins 6 before the image: rows 2-5, columns 6-9
    found = on_image(features, FeatureMap(torch.nn.Identity(), 4, -6), (12, 13))[0, 0]
    assert found.shape == (12, 13)
    y, x = (np.average(np.arange(n), weights=found.sum(axis).numpy()) for axis, n in ((1, 12), (0, 13)))
    assert (y, x) == (pytest.approx(3.5), pytest.approx(7.5))


def test_grad_cam_of_unpadded_convolutions_lies_around_the_target():
    network, shape = network_of(padding="valid"), (60, 60)
    weights = torch.from_numpy(pixel_weights(PixelTarget(29, 33), shape, shape))
    found = map_of("grad-cam", score_of(network, weights), torch.rand(1, 1, *shape))
    rows, columns = (np.flatnonzero(found.sum(axis).numpy()) for axis in (1, 0))
    middle = (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2
    assert middle == (pytest.approx(29, abs=2), pytest.approx(33, abs=2))


def test_a_feature_map_between_pixels_lies_where_it_says():
    features = torch.zeros(1, 1, 5, 5)
    features[..., 2, 3] = 1  # of a pixel of 4, the first of which lies on the first of the image: on (8, 12)
    found = on_image(features, FeatureMap(torch.nn.Identity(), 4, -1.5), (20, 20))[0, 0]
    assert found[8, 12] == found.max() == 1
    torch.testing.assert_close(found[8, 8:17], torch.tensor([0, 1, 2, 3, 4, 3, 2, 1, 0]) / 4)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_every_feature_map_lies_on_the_image_where_it_says(padding):
    network = network_of(padding=padding)
    image = torch.zeros(1, 1, 64, 64)
    image[..., 30:34, 38:42] = 5
    for name, where in network.feature_maps().items():
        flat, spot = (activations(network, where, i) for i in (torch.zeros_like(image), image))
        changed = on_image((spot - flat).abs().sum(dim=1, keepdim=True), where, (64, 64))[0, 0].numpy()
        y, x = (np.average(np.arange(64), weights=changed.sum(axis)) for axis in (1, 0))
        assert (y, x) == (pytest.approx(31.5, abs=1.5), pytest.approx(39.5, abs=1.5)), name
