"""One step of optimisation: loss, gradients, weights."""

from collections.abc import Iterable

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from napari_strata.config import TrainingConfig
from napari_strata.config.optimization import OptimizerConfig
from napari_strata.losses.assignment import assignment_loss
from napari_strata.types import Truth


def make_optimizer(parameters: Iterable[nn.Parameter], config: OptimizerConfig) -> torch.optim.Optimizer:
    """Return the optimizer that a setting names."""
    return torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)


class Stepper:
    """Moves the weights of a network by one batch.

    Parameters
    ----------
    network : Module
        As fabric has set it up.
    optimizer : Optimizer
        As fabric has set it up.
    config : TrainingConfig
        The loss.
    fabric : Fabric
        Device and precision.
    """

    def __init__(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, config: TrainingConfig, fabric: Fabric
    ) -> None:
        self._network = network
        self._optimizer = optimizer
        self._config = config
        self._fabric = fabric

    def step(self, images: Tensor, truth: Truth, rate: float) -> float:
        """Learn from a batch at a learning rate and return its loss.

        Parameters
        ----------
        images : Tensor of float32, shape (batch, 1, y, x)
            Normalised patches on the network's device.
        truth : Truth
            What they show.
        rate : float
            Learning rate.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        loss = assignment_loss(self._network(images), truth, self._config.loss)
        self._optimizer.zero_grad()
        self._fabric.backward(loss)
        self._optimizer.step()
        return float(loss.detach())
