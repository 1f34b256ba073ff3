"""Explaining must leave a network as it was."""

import contextlib
from collections.abc import Iterator

from torch import nn


@contextlib.contextmanager
def undisturbed(network: nn.Module) -> Iterator[None]:
    """Put a network in eval mode with frozen weights, and restore all of that afterwards, whatever happens.

    Restored are the mode of every module, and ``requires_grad`` and ``grad`` of every weight.

    Parameters
    ----------
    network : Module
        The network.
    """
    modes = {module: module.training for module in network.modules()}
    weights = {weight: (weight.requires_grad, weight.grad) for weight in network.parameters()}
    network.eval().requires_grad_(False)
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
        for weight, (requires_grad, grad) in weights.items():
            weight.requires_grad_(requires_grad)
            weight.grad = grad
