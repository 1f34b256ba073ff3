r"""Which learning rate: a short training whose rate rises from step to step until the loss gets out of hand.

The rate of step i of n is :math:`r_i = r_0 (r_n / r_0)^{i / (n - 1)}`. Proposed is the rate at which the loss,
smoothed over steps by a Gaussian, falls most steeply over the logarithm of the rate. (An exponential mean, as
others take, lags behind, by a factor of four in the rate.) Smith, WACV 2017, arXiv:1506.01186; deviations: there
the rate rises linearly, over epochs, and accuracy is looked at.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from lightning_fabric import Fabric
from scipy.ndimage import gaussian_filter1d

from napari_strata.config import TrainingConfig
from napari_strata.control import JobControl
from napari_strata.errors import TrainingError
from napari_strata.events import Progress
from napari_strata.losses.channels import CLASSES, Channels
from napari_strata.models.network import Network
from napari_strata.training.engine.optimizer import Stepper, make_optimizer
from napari_strata.training.machine.seeding import seeded
from napari_strata.training.patches.augmented import augmented
from napari_strata.training.patches.batches import PatchSource
from napari_strata.training.patches.feed import Feeder

LOWEST, HIGHEST = 1e-6, 10.0
"""Rates between which is looked."""
STEPS = 100
SMOOTHING = 3.0
"""Standard deviation of the Gaussian [steps]."""
FLAT = 1e-6
"""Slopes below this are rounding errors [loss per e-fold of the rate]."""
RECENT = 5
OUT_OF_HAND = 4.0
"""The sweep ends where the mean of the recent losses is so many times the first ones'."""


@dataclass(frozen=True, slots=True)
class RateSweep:
    """How the loss went while the rate rose.

    Attributes
    ----------
    rates : tuple of float
        Learning rate of each step.
    losses : tuple of float
        Smoothed loss of each step.
    proposed : float
        Learning rate at which the loss fell most steeply, to two digits.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    proposed: float


def sweep_rates(
    network: Network,
    source: PatchSource,
    config: TrainingConfig,
    *,
    fabric: Fabric,
    control: JobControl,
    channels: Channels = CLASSES,
) -> Generator[Progress, None, RateSweep]:
    """Train a network, which is of no use afterwards, at rates that rise.

    Parameters
    ----------
    network : Network
        A network of its own.
    source : PatchSource
        Where patches come from.
    config : TrainingConfig
        Optimizer, loss and batches; the schedule does not count.
    fabric : Fabric
        Device and precision.
    control : JobControl
        Asked between steps whether to wait or stop.
    channels : Channels
        What the network's channels mean.

    Raises
    ------
    JobCanceled
        If a stop was requested.
    TrainingError
        If the loss falls nowhere.
    """
    items = range(config.batch_size)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    module, optimizer = fabric.setup(network, make_optimizer(network.parameters(), config.optimizer))
    stepper = Stepper(module, optimizer, config, fabric, channels)
    rates: list[float] = []
    losses: list[float] = []
    with Feeder(source, items) as feed:
        feed.prepare(0)
        for step in range(STEPS):
            control.checkpoint()
            batch = feed.take()
            feed.prepare(step + 1)
            rate = LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1))
            with seeded(config.seed + step, fabric.device):
                loss = stepper.step(*augmented(batch, step, items, config, fabric.device), rate)
            if not math.isfinite(loss):
                break
            rates.append(rate)
            losses.append(loss)
            if np.mean(losses[-RECENT:]) > OUT_OF_HAND * np.mean(losses[:RECENT]):
                break
            yield Progress((step + 1) / STEPS, f"Trying the learning rate {rate:.2g}")
    return propose_rate(rates, losses)


def propose_rate(rates: Sequence[float], losses: Sequence[float]) -> RateSweep:
    """Smooth the losses and find the rate at which they fall most steeply over its logarithm.

    Parameters
    ----------
    rates, losses : sequence of float
        Of every step.

    Raises
    ------
    TrainingError
        If the loss falls nowhere.
    """
    if len(rates) > 1:
        smooth = gaussian_filter1d(np.asarray(losses), SMOOTHING, mode="nearest")
        slopes = np.gradient(smooth, np.log(rates))
        steepest = int(slopes.argmin())
        if slopes[steepest] < -FLAT:
            return RateSweep(tuple(rates), tuple(smooth.tolist()), float(f"{rates[steepest]:.2g}"))
    raise TrainingError(
        "The loss falls at none of the learning rates that were tried.",
        remedy="Check labels and images in the patches, or keep the learning rate as it is.",
    )
