r"""Focal loss: cross-entropy in which pixels that are sure already count less.

.. math::

    F_{ij} = -\frac{\sum_{p \in P_j} w_{jp} \sum_c t_{jcp} (1 - q_{icp})^\gamma \log q_{icp}}
    {\sum_{p \in P_j} w_{jp}}

Lin et al., ICCV 2017 (arXiv:1708.02002), whose alpha is our class weight; gamma = 0 is cross-entropy. For classes
that may overlap, each class is a binary problem of its own, as in the paper, and their mean is taken. Own code,
since MONAI's `FocalLoss` compares one decoder with one layer.
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from napari_strata.losses.compared import Compared


def focal(pairs: Compared) -> Tensor:
    """Return the focal loss, shape (batch, decoder, layer)."""
    present = _dimmed(pairs.log_q, pairs.config.focal_gamma)
    total = torch.einsum("bicp,bjcp->bij", present, pairs.weighted(pairs.members))
    if pairs.channels.output == "classes":
        return -total / pairs.counted
    absent = _dimmed(logsigmoid(-pairs.logits), pairs.config.focal_gamma)
    without = pairs.weighted(pairs.labelled[:, :, None] - pairs.members)
    total = total + torch.einsum("bicp,bjcp->bij", absent, without)
    return -total / (pairs.counted * pairs.outputs.shape[2])


def _dimmed(log_q: Tensor, gamma: float) -> Tensor:
    """Return (1 - q)^gamma log q; where q rounds to 1 the base is kept off 0, where a root has no gradient."""
    unsure = (-torch.expm1(log_q)).clamp(min=1e-7)
    return log_q * unsure**gamma
