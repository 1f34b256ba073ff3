"""Explaining an ensemble: gradients are those of all members together, Grad-CAM looks into the first."""

import pytest
import torch

from explaining import map_of, score_of
from napari_strata.config import ModelConfig
from napari_strata.models.ensemble import Ensemble
from napari_strata.models.registry import build_network

IMAGE = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))


def network(seed: int):
    torch.manual_seed(seed)
    return build_network(ModelConfig(filters=(8, 8)), 1).eval()


def score(explained):
    return score_of(explained, torch.full((16, 16), 1 / 256), decoder=1)


@pytest.mark.parametrize("method", ["grad-cam", "input-gradient"])
def test_an_ensemble_of_equals_is_explained_like_one_of_them(method):
    one = map_of(method, score(network(0)), IMAGE)
    twins = map_of(method, score(Ensemble([network(0), network(0)])), IMAGE)
    assert one.abs().max() > 0
    # Grad-CAM looks into one of the two, which has half of the say
    torch.testing.assert_close(twins, one / 2 if method == "grad-cam" else one)


@pytest.mark.parametrize("method", ["grad-cam", "input-gradient"])
def test_an_ensemble_of_different_networks_can_be_explained(method):
    heat = map_of(method, score(Ensemble([network(0), network(1)])), IMAGE)
    assert heat.shape == (16, 16)
    assert heat.isfinite().all()
