"""What a training remembers from step to step, taken out for a checkpoint and put back."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch

from napari_strata.training.engine.checkpoint import State


class Stateful(Protocol):
    """A part of a training that remembers something: plain numbers, texts and tensors."""

    def state_dict(self) -> dict[str, Any]:
        """Return what it remembers."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Remember that instead."""


class OptimizerState:
    """An optimizer, whose tensors come back in the memory order of their parameters.

    torch brings them back in the order of the checkpoint; the same numbers in another order are computed on by
    other instructions, whose last bit differs.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer; fabric's wrapper of one will do.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer

    def state_dict(self) -> State:
        """Return the optimizer's own state."""
        return dict(self._optimizer.state_dict())

    def load_state_dict(self, state: State) -> None:
        """Put a state back."""
        self._optimizer.load_state_dict(state)
        for parameter, kept in self._optimizer.state.items():
            for name, value in kept.items():
                if isinstance(value, torch.Tensor) and value.shape == parameter.shape and value.ndim:
                    kept[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def collected(parts: Mapping[str, Stateful]) -> State:
    """Return what all parts of a training remember."""
    return {name: part.state_dict() for name, part in parts.items()}


def restore(parts: Mapping[str, Stateful], state: State) -> None:
    """Let all parts of a training remember what a checkpoint holds."""
    for name, part in parts.items():
        part.load_state_dict(state[name])
