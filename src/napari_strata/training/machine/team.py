"""Processes that train one network together, each on its part of every batch; alone, nothing is asked of anybody.

The first process (rank 0) decides, shows and writes: it alone validates, knows what was painted and when the time
is up. The others are told between two steps, so that all end, and learn a correction, at the same one. Gradients
are averaged by DistributedDataParallel; parts are equal, so that is the gradient of the whole batch's mean.
"""

from collections.abc import Sequence
from typing import TypeVar

import torch
from lightning_fabric import Fabric
from torch import nn

from napari_strata.control import JobControl
from napari_strata.errors import ConfigError
from napari_strata.training.machine.synchronised_norm import synchronise

T = TypeVar("T")


class Team:
    """The processes that fabric has launched, as one of them sees them.

    Parameters
    ----------
    fabric : Fabric
        Launched.

    Attributes
    ----------
    rank, size : int
        Which process this is, from 0, and how many there are.
    """

    def __init__(self, fabric: Fabric) -> None:
        self.rank, self.size = fabric.global_rank, fabric.world_size
        self._fabric = fabric

    @property
    def leads(self) -> bool:
        """Whether this process decides, shows and writes."""
        return self.rank == 0

    def items(self, batch_size: int) -> range:
        """Return the places of a batch that this process draws.

        Raises
        ------
        ConfigError
            If the batch cannot be divided into equal parts.
        """
        check_divisible(batch_size, self.size)
        share = batch_size // self.size
        return range(self.rank * share, (self.rank + 1) * share)

    def with_common_statistics(self, network: nn.Module) -> nn.Module:
        """Let batch norm see the whole batch, in place; call it before fabric sets the network up."""
        return synchronise(network, self._fabric.device) if self.size > 1 else network

    def ends(self, control: JobControl, *, is_over: bool) -> bool:
        """Return whether to end now, the same in all processes.

        Parameters
        ----------
        control : JobControl
            A stop that any process was asked for stops all of them.
        is_over : bool
            Whether the training is through; what the first says counts.
        """
        if self.size == 1:
            return is_over or control.stop_requested
        told = torch.tensor([self.leads and is_over, control.stop_requested], dtype=torch.int32)
        over, stopped = self._sum(told).tolist()
        if stopped and not control.stop_requested:
            control.request_stop()
        return bool(over or stopped)

    def of_first(self, value: float) -> float:
        """Return what the first process says."""
        if self.size == 1:
            return value
        return float(self._sum(torch.tensor(value if self.leads else 0.0, dtype=torch.float64)))

    def all_of_first(self, things: Sequence[T]) -> Sequence[T]:
        """Return what the first process has, which is mostly nothing."""
        if self.size == 1 or self.of_first(len(things)) == 0:
            return things if self.leads else []
        return self._fabric.broadcast(things)

    def mean(self, value: float) -> float:
        """Return the mean over all processes."""
        if self.size == 1:
            return value
        return float(self._sum(torch.tensor(value, dtype=torch.float64))) / self.size

    def _sum(self, value: torch.Tensor) -> torch.Tensor:
        value = value.to(self._fabric.device)
        torch.distributed.all_reduce(value)
        return value


def check_divisible(batch_size: int, processes: int) -> None:
    """Check that a batch can be divided into equal parts.

    Raises
    ------
    ConfigError
        If not.
    """
    if batch_size % processes:
        raise ConfigError(
            f"A batch of {batch_size} patches cannot be divided among {processes} processes.",
            remedy=f"Choose a batch size that is a multiple of {processes}.",
        )
