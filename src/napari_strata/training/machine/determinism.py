"""Only algorithms that repeat to the bit, while a training asks for them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
"""Without it, matrix products on a GPU may use whichever workspace is free, and differ in the last bit."""


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Let torch use algorithms that repeat to the bit, and restore afterwards what was set before.

    Parameters
    ----------
    wanted : bool
        Whether to do so; nothing changes otherwise.
    """
    import torch

    if not wanted:
        yield
        return
    was = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    tuned = torch.backends.cudnn.benchmark
    os.environ.setdefault(CUBLAS, ":4096:8")  # read when the first matrices are multiplied on a GPU
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was, warn_only=only_warned)
        torch.backends.cudnn.benchmark = tuned
