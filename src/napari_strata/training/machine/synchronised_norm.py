"""Batch norm over the whole batch of several processes.

torch has it for CUDA (`torch.nn.SyncBatchNorm`); for the CPU it is written here. Every process has a part of the
batch of the same size, so the batch's mean is the mean of the parts' means, and its mean square that of theirs.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed import all_reduce, get_world_size


def synchronise(network: nn.Module, device: torch.device) -> nn.Module:
    """Put batch norms over all processes in the place of plain ones; parameters and their order stay."""
    if device.type != "cpu":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return converted
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(parent, name, SynchronisedBatchNorm(child))
    return network


class SynchronisedBatchNorm(nn.BatchNorm2d):
    """Takes the place of a batch norm and shares its parameters and statistics."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (torch's name)
        """Normalise features of shape (batch, feature, y, x); by the running statistics in eval mode."""
        if not self.training:
            return super().forward(input)
        values = input.float()
        variance, mean = torch.var_mean(values, (0, 2, 3), correction=0)
        moments = torch.stack([mean, variance + mean**2]).double()  # their difference needs the digits
        mean, square = _Sum.apply(moments) / get_world_size()  # type: ignore[no-untyped-call]
        variance = square - mean**2
        self._follow(mean, variance, count=values[:, 0].numel() * get_world_size())
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        normalised: Tensor = values * scale.float()[:, None, None] + shift.float()[:, None, None]
        return normalised.to(input.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, *, count: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.running_mean.lerp_(mean.float(), self.momentum)
        self.running_var.lerp_((variance * count / (count - 1)).float(), self.momentum)
        self.num_batches_tracked += 1


class _Sum(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of theirs (torch's own function is deprecated)."""

    @staticmethod
    def forward(_context: Any, value: Tensor) -> Tensor:
        value = value.clone()
        all_reduce(value)
        return value

    @staticmethod
    def backward(_context: Any, *gradients: Tensor) -> Tensor:
        (gradient,) = gradients
        gradient = gradient.clone()
        all_reduce(gradient)
        return gradient
