import copy

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from napari_strata.config.optimization import AveragingConfig
from napari_strata.training.engine.averaging import AveragedWeights

FABRIC = Fabric(accelerator="cpu", devices=1)
IMAGES = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
"""Variance 1."""


class Scaled(nn.Module):
    """Multiplies an image and normalises it."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.norm = nn.BatchNorm2d(1, affine=False, momentum=1.0)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.norm(self.factor * images)


def follow(average: AveragedWeights, network: Scaled, factors: list[float], *, start: int = 0, of: int) -> None:
    """Do steps after which the network has such factors; `of` steps are the whole training."""
    for i, factor in enumerate(factors, start):
        with torch.no_grad():
            network.factor.fill_(factor)
        network.train()(IMAGES)
        average.follow(i / of)


def followed(kind: str, factors: list[float], **settings: float) -> AveragedWeights:
    """Return the average at the end of such a training."""
    network = Scaled(0.0)
    average = AveragedWeights(network, AveragingConfig.parse({"kind": kind} | settings), FABRIC)
    follow(average, network, factors, of=len(factors))
    return average


def factor_of(average: AveragedWeights) -> float:
    return average.network.factor.item()


def test_ema_forgets_the_start_and_then_follows_slowly():
    # the first is copied, then decays are (1 + n) / (10 + n) for n = 1, 2
    second = 2 / 11 * 1 + 9 / 11 * 2
    assert factor_of(followed("ema", [1, 2, 4])) == pytest.approx(3 / 12 * second + 9 / 12 * 4)


def test_a_small_decay_follows_at_once():
    assert factor_of(followed("ema", [1, 2, 4], decay=0)) == 4


def test_swa_is_the_mean_of_the_weights_from_its_start_on():
    assert factor_of(followed("swa", [100, 100, 3, 5, 7, 9], swa_start=0.5)) == (3 + 5 + 7 + 9) / 4


def test_before_its_start_swa_has_the_weights_as_they_are():
    average = followed("swa", [1, 2], swa_start=0.9)
    assert factor_of(average) == 2
    assert not average.needs_statistics


def test_without_averaging_the_network_itself_is_kept():
    average = followed("none", [1, 2])
    assert factor_of(average) == 2
    assert average.state_dict() == {}
    assert not average.needs_statistics


def spread(average: AveragedWeights) -> float:
    """Return the variance of what comes out, which should be 1."""
    with torch.inference_mode():
        return average.precise.eval()(IMAGES).var().item()


def test_swa_with_statistics_of_its_own_normalises_rightly_and_without_them_badly():
    average = followed("swa", [4, -2], swa_start=0)  # the mean is 1, and variances of both are 16 and 4, mean 10
    assert average.needs_statistics
    assert spread(average) == pytest.approx(0.1, rel=0.02)
    average.settle([IMAGES])
    assert spread(average) == pytest.approx(1.0, rel=0.02)


def test_statistics_of_several_batches_are_their_mean():
    average = followed("swa", [1, 1], swa_start=0)
    average.settle([IMAGES, 3 * IMAGES])  # variances 1 and 9
    assert average.network.norm.running_var.item() == pytest.approx(5 * IMAGES.var().item(), rel=1e-3)
    assert average.network.norm.momentum == 1.0


@pytest.mark.parametrize("kind", ["ema", "swa", "none"])
def test_an_average_goes_on_from_a_saved_state_as_if_never_interrupted(kind):
    config = AveragingConfig(kind=kind, swa_start=0.25)
    networks = [Scaled(0.0) for _ in range(2)]
    whole, resumed = (AveragedWeights(network, config, FABRIC) for network in networks)
    follow(whole, networks[0], [1.0, 2.0], of=4)
    resumed.load_state_dict(copy.deepcopy(whole.state_dict()))
    for average, network in zip((whole, resumed), networks, strict=True):
        follow(average, network, [4.0, 8.0], start=2, of=4)
    assert factor_of(resumed) == factor_of(whole)
    assert torch.equal(resumed.network.norm.running_var, whole.network.norm.running_var)
