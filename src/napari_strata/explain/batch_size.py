"""How many images are computed at once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from napari_strata.models.device import free_memory_of

MOST_PIXELS = 2**16
"""On a CPU a batch has at most so many pixels, where it has more than one image."""
PART = 0.5
"""Of the free memory a batch takes at most so much; what is free changes all the time."""


def batch_size(wanted: int, shape: tuple[int, int], device: torch.device, *, per_image: int) -> int:
    """Return how many images of a shape (y, x) are computed at once; at least one.

    As many as the settings say, if they fit into the device's memory; but on a CPU a few large ones, or one: there
    more at once are no faster, and hold a stop up.

    Parameters
    ----------
    wanted : int
        What the settings say.
    shape : tuple of int
        Height and width of an image [px].
    device : torch.device
        Where they are computed.
    per_image : int
        What autograd keeps of one image, as `Kept` counts it [bytes].
    """
    fitting = int(PART * free_memory_of(device)) // max(per_image, 1)
    quick = MOST_PIXELS // (shape[0] * shape[1]) if device.type == "cpu" else wanted
    return max(min(wanted, fitting, quick), 1)


class Kept:
    """What modules gave in one pass, which autograd keeps, or a little more than that.

    Of the largest bundled network on a CPU a further image in a batch took 1.08 GB of 512 x 512 px, and 1.22 GB
    are counted.

    Attributes
    ----------
    size : int
        In all [bytes].
    """

    def __init__(self) -> None:
        self.size = 0


@contextmanager
def kept_by(network: nn.Module) -> Iterator[Kept]:
    """Count what the modules of a network give while the context lasts."""
    kept = Kept()

    def count(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor):
            kept.size += output.numel() * output.element_size()

    with ExitStack() as stack:
        for module in network.modules():
            if next(module.children(), None) is None:
                stack.callback(module.register_forward_hook(count).remove)
        yield kept
