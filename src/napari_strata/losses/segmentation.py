"""The weighted sum of all terms between every decoder and every layer, on labelled pixels only."""

from collections.abc import Callable

import torch
from torch import Tensor

from napari_strata.config.loss import LossConfig
from napari_strata.losses.binary import binary_cross_entropy
from napari_strata.losses.channels import CLASSES, Channels
from napari_strata.losses.cl_dice import cl_dice
from napari_strata.losses.compared import Compared
from napari_strata.losses.cross_entropy import cross_entropy
from napari_strata.losses.dice import dice
from napari_strata.losses.focal import focal
from napari_strata.losses.lovasz import lovasz
from napari_strata.losses.squared import squared_error
from napari_strata.losses.tversky import tversky
from napari_strata.types import Truth

TERMS: dict[str, Callable[[Compared], Tensor]] = {
    "cross_entropy": cross_entropy,
    "dice": dice,
    "tversky": tversky,
    "focal": focal,
    "lovasz": lovasz,
    "cl_dice": cl_dice,
    "binary_cross_entropy": binary_cross_entropy,
    "mse": squared_error,
}
"""The term of each weight in `LossConfig`; each gives costs of shape (batch, decoder, layer)."""


def pairwise_cost(logits: Tensor, truth: Truth, config: LossConfig, channels: Channels = CLASSES) -> Tensor:
    """Return the loss of every decoder against every layer.

    Parameters
    ----------
    logits : Tensor, shape (batch, decoder, channel, y, x)
        A network's output.
    truth : Truth
        What it should be.
    config : LossConfig
        Weights and parameters of the terms; those of weight 0 are not computed.
    channels : Channels
        What the channels mean.

    Returns
    -------
    Tensor of float32, shape (batch, decoder, layer)
        0 where a layer of a sample has no labelled pixel.
    """
    pairs = Compared(logits, truth, channels, config)
    with torch.autocast(logits.device.type, enabled=False):
        costs = [weight * TERMS[name](pairs) for name, weight in config.terms.items()]
        return torch.stack(costs).sum(dim=0) if len(costs) > 1 else costs[0]
