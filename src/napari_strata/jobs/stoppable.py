"""Lets a stop end a pass through a network half way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_strata.control import JobCanceled, JobControl

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def stoppable(network: "nn.Module", control: JobControl) -> Iterator[None]:
    """Look for a stop before each module of a network computes: a pass of a large batch takes seconds.

    Parameters
    ----------
    network : Module
        The network; its hooks are taken away at the end.
    control : JobControl
        Who asks for the stop. The way back, of gradients, is not stopped.

    Raises
    ------
    JobCanceled
        Out of the pass, once a stop was requested.
    """

    def look(*_passed: object) -> None:
        if control.stop_requested:
            raise JobCanceled

    leaves = [module for module in network.modules() if next(module.children(), None) is None]
    handles = [module.register_forward_pre_hook(look) for module in leaves]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
