"""How many images are computed at once."""

import torch

MOST_PIXELS = 2**16
"""On a CPU a batch has at most so many pixels, where it has more than one image."""


def batch_size(wanted: int, shape: tuple[int, int], device: torch.device) -> int:
    """Return how many images of a shape (y, x) are computed at once.

    As many as the settings say; but on a CPU a few large ones, or one: there more at once are no faster, need more
    memory, and hold a stop up.
    """
    if device.type != "cpu":
        return wanted
    return min(wanted, max(MOST_PIXELS // (shape[0] * shape[1]), 1))
