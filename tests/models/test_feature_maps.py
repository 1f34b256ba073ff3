"""Where the feature maps of every network lie on the image, and what each of their pixels sees."""

import numpy as np
import pytest
import torch

from measured_reach import make_positive, without_choice
from napari_strata.config import ModelConfig
from napari_strata.explain.layers import caught
from napari_strata.models.ensemble import Ensemble
from napari_strata.models.registry import build_network

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")

NETWORKS = {
    "gombnet": {"architecture": "gombnet", "layers": 2},
    "unpadded": {"architecture": "unet", "padding": "valid"},
    "residual": {"architecture": "residual-unet"},
    "attention": {"architecture": "attention-unet"},
    "resnet": {"architecture": "resnet-unet", "filters": (2, 2, 2, 2)},
}


def network_of(name):
    torch.manual_seed(0)
    config = ModelConfig(**{"layers": 1, "filters": (2, 2, 2)} | NETWORKS[name])
    network = without_choice(make_positive(build_network(config, 1)))
    for level in [m for m in network.modules() if hasattr(m, "psi")]:
        level.psi[-1] = torch.nn.Identity()  # a sigmoid of large numbers lets no gradient through
    return network


def shown_of(network, where, image):
    """Return what a feature map shows, with its gradients."""
    with caught(where.block) as shown:
        network(image)
    return shown[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_pixels_of_every_feature_map_see_exactly_what_they_say(name):
    """Those that are made of one coarser pixel see less on one side each, so together as far as is said."""
    network = network_of(name)
    side = 2 * (network.receptive_field // network.stride + 2) * network.stride
    image = torch.ones(1, 1, side, 16, requires_grad=True)
    for title, where in network.feature_maps().items():
        shown, seen = shown_of(network, where, image), []
        middle = int(side / 2 // where.pixel)
        for index in range(middle, middle + network.stride // where.pixel):
            (gradient,) = torch.autograd.grad(shown[0, :, index].sum(), image, retain_graph=True)
            rows = np.flatnonzero(gradient[0, 0].abs().sum(1).numpy())
            said = where.seen(index)
            seen.append((rows.min() - said[0], said[1] - rows.max()))
        assert np.min(seen, axis=0).tolist() == [0, 0], title


@pytest.mark.parametrize("name", ["gombnet", "unpadded"])
def test_a_feature_pixel_lies_in_the_middle_of_what_it_sees(name):
    for where in network_of(name).feature_maps().values():
        first, last = where.seen(3)
        assert abs((first + last) / 2 - (where.first + 3 * where.pixel)) <= where.pixel / 2


@pytest.mark.parametrize("name", NETWORKS)
def test_every_feature_map_has_the_pixels_that_it_says(name):
    network, image = network_of(name), torch.zeros(1, 1, 32, 48)
    for title, where in network.feature_maps().items():
        height, width = shown_of(network, where, image).shape[-2:]
        assert (width - height) * where.pixel == 16, title
        assert height * where.pixel + where.origin >= 32 - where.pixel, title


def test_an_ensemble_shows_the_feature_maps_of_its_first_member():
    members = [network_of("gombnet"), network_of("gombnet")]
    found = Ensemble(members).feature_maps()
    expected = members[0].feature_maps()
    assert list(found) == list(expected)
    assert all(found[name].block is expected[name].block for name in found)
