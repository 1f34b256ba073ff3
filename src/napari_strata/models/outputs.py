"""What the channels of a network mean: exclusive classes, classes that may overlap, or a value.

=========== ================== =====================================================================
output      channels per layer probabilities
=========== ================== =====================================================================
classes     1 + classes        softmax, background first
multi-label classes            sigmoid of each; background is 1 minus that of the most probable class
values      1                  none: the channel is the value
=========== ================== =====================================================================
"""

import torch
from torch import Tensor

from napari_strata.config.model import Output


def channels(output: Output, classes: int) -> int:
    """Return how many channels the head of one layer has for so many foreground classes."""
    return {"classes": classes + 1, "multi-label": classes, "values": 1}[output]


def maps(output: Output, classes: int) -> int:
    """Return how many maps `probabilities` gives for one layer."""
    return 1 if output == "values" else classes + 1


def probabilities(logits: Tensor, output: Output) -> Tensor:
    """Turn logits into probabilities with background first.

    With "multi-label", background is the most probable code exactly where no class is more probable than 0.5, but
    the sum over classes may be more than 1.

    Parameters
    ----------
    logits : Tensor, shape (batch, layer, channel, y, x)
        A network's output.
    output : str
        What the channels mean.

    Returns
    -------
    Tensor of float32, shape (batch, layer, class, y, x)
        Class 0 is background; values are as they are, one map.
    """
    logits = logits.float()
    if output == "values":
        return logits
    if output == "classes":
        return logits.softmax(dim=2)
    each = logits.sigmoid()
    return torch.cat([1 - each.amax(dim=2, keepdim=True), each], dim=2)


def log_odds(logits: Tensor, index: int, output: Output) -> Tensor:
    """Return the evidence for a class: against background, against its absence, or the value itself.

    Parameters
    ----------
    logits : Tensor, shape (..., channel, y, x)
        A network's output.
    index : int
        Class, from 1.
    output : str
        What the channels mean.

    Returns
    -------
    Tensor, shape (..., y, x)
    """
    if output == "classes":
        return logits[..., index, :, :] - logits[..., 0, :, :]
    return logits[..., index - 1, :, :]
