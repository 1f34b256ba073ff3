r"""Which decoder takes which layer: a loss that does not care, over all k! assignments.

With the cost :math:`L_{ij}` of decoder i against layer j and :math:`S_\pi = \sum_i L_{i \pi(i)}`:

- hard: :math:`\min_\pi S_\pi` per sample. It leaves the symmetric saddle, on which every decoder paints every
  layer, within a hundred steps of eight crops of 128 px at 0.2 Å/px; with the soft minimum, on crops of 256 px at
  0.106 Å/px, a prototype sat on it for 40 minutes of CPU time.
- soft, as published (arXiv:2502.09791): :math:`\left(\sum_\pi 1 / S_\pi\right)^{-1} \sigma((D_t - D_o)^2)`, with
  :math:`D_t, D_o` the Dice loss between the layers of the target and of the output. The published form is for two
  layers; for more, D is averaged over pairs. The published Dice 2 I / (2 sum p + sum t) depends on
  the order of its arguments; we average both orders, so that the loss is invariant. Our :math:`L_{ij}` adds
  cross-entropy to Dice, or is any other weighted sum of terms.
"""

from itertools import combinations, permutations

import torch
from torch import Tensor

from napari_strata.config.loss import LossConfig
from napari_strata.losses.channels import CLASSES, Channels
from napari_strata.losses.segmentation import pairwise_cost
from napari_strata.types import BACKGROUND, Truth


def assignment_loss(logits: Tensor, truth: Truth, config: LossConfig, channels: Channels = CLASSES) -> Tensor:
    """Return the loss of a batch, the same for every order of the layers.

    Parameters
    ----------
    logits : Tensor, shape (batch, decoder, channel, y, x)
        A network's output, k decoders.
    truth : Truth
        Mask codes, or values, of k layers.
    config : LossConfig
        Terms, and which assignment: the minimum over k! per sample, or the published soft minimum.
    channels : Channels
        What the channels mean.

    Returns
    -------
    Tensor, shape ()
        Mean over the batch, per layer; 0, with a gradient of 0, where nothing is labelled.
    """
    costs = assignment_costs(pairwise_cost(logits, truth, config, channels))
    if config.assignment == "hard" or costs.shape[1] == 1:
        return costs.amin(dim=1).mean() / logits.shape[1]
    soft_minimum = 1 / (1 / costs.clamp(min=1e-8)).sum(dim=1) * (costs.amax(dim=1) > 0)
    return (soft_minimum * _separation(logits, truth.labels, channels)).mean() / logits.shape[1]


def assignment_costs(pairwise: Tensor) -> Tensor:
    """Add up the costs of each assignment.

    Parameters
    ----------
    pairwise : Tensor, shape (batch, decoder, layer)
        Cost of every decoder against every layer.

    Returns
    -------
    Tensor, shape (batch, k!)
        In the order of ``itertools.permutations(range(k))``: entry i of a permutation is the layer of decoder i.
    """
    k = pairwise.shape[1]
    orders = torch.tensor(list(permutations(range(k))), device=pairwise.device)
    return pairwise[:, torch.arange(k, device=pairwise.device), orders].sum(-1)


def best_assignment(pairwise: Tensor) -> Tensor:
    """Return for each sample the layer that each decoder takes at the least cost, shape (batch, decoder)."""
    orders = torch.tensor(list(permutations(range(pairwise.shape[1]))), device=pairwise.device)
    return orders[assignment_costs(pairwise).argmin(dim=1)]


def _separation(logits: Tensor, labels: Tensor, channels: Channels) -> Tensor:
    """Return sigmoid((D_t - D_o)^2) per sample, over pixels that are labelled in every layer."""
    labelled = (labels >= BACKGROUND).all(dim=1, keepdim=True).flatten(2)
    z = logits.float()
    foreground = 1 - z.softmax(dim=2)[:, :, 0] if channels.output == "classes" else z.sigmoid().amax(dim=2)
    output = foreground.flatten(2) * labelled
    target = (labels > BACKGROUND).float().flatten(2) * labelled
    return ((_mean_dice(target) - _mean_dice(output)) ** 2).sigmoid()


def _mean_dice(layers: Tensor) -> Tensor:
    """Return the mean Dice loss over all pairs of layers; shape (batch, layer, pixel) to (batch,)."""
    pairs = combinations(range(layers.shape[1]), 2)
    return torch.stack([_dice(layers[:, a], layers[:, b]) for a, b in pairs]).mean(dim=0)


def _dice(p: Tensor, t: Tensor) -> Tensor:
    """Return the published Dice loss 1 - 2 I / (2 sum p + sum t), averaged over both orders, shape (batch,)."""
    overlap, p_size, t_size = (p * t).sum(-1), p.sum(-1), t.sum(-1)
    forth = overlap / (2 * p_size + t_size).clamp(min=1e-8)
    back = overlap / (2 * t_size + p_size).clamp(min=1e-8)
    return 1 - (forth + back)
