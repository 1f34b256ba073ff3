"""Lets a stop end a pass through a network half way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_strata.control import JobCanceled, JobControl

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def stoppable(network: "nn.Module", control: JobControl) -> Iterator[None]:
    """Look for a stop before each module of a network computes, on the way there and on the way back.

    A pass over a large image takes seconds. How many images it has at once is what
    `napari_strata.explain.batch_size` says, so that no single module computes for long.

    Parameters
    ----------
    network : Module
        The network; its hooks are taken away at the end.
    control : JobControl
        Who asks for the stop.

    Raises
    ------
    JobCanceled
        Out of the pass, once a stop was requested.
    """
    import torch

    def look(*_passed: object) -> None:
        if control.stop_requested:
            raise JobCanceled

    def look_on_the_way_back(_module: object, _passed: object, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.requires_grad:
            output.register_hook(look)  # type: ignore[no-untyped-call]

    handles = []
    for module in network.modules():
        if next(module.children(), None) is None:
            handles += [module.register_forward_pre_hook(look), module.register_forward_hook(look_on_the_way_back)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
