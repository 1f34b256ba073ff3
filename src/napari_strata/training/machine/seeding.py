"""torch's global random numbers, from which weights begin and dropout draws, for one thread at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_one_at_a_time = threading.Lock()


@contextmanager
def seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Let torch's global generator begin with a seed, and leave it as it was.

    Other threads that want it wait: a training, a search and an estimate of memory may run at once, and each shall
    draw what it would draw alone.

    Parameters
    ----------
    seed : int
        The seed.
    device : torch.device, optional
        Whose generator is meant besides the CPU's.
    """
    devices = [device] if device is not None and device.type == "cuda" else []
    with _one_at_a_time, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
