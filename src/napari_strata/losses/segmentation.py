r"""Cross-entropy and Dice between every decoder and every layer, on labelled pixels only.

For decoder i, layer j, class c and pixels p labelled in layer j, with probabilities q and one-hot labels t:

.. math::

    CE_{ij} = -\frac{1}{|P_j|} \sum_{p \in P_j} \sum_c t_{jcp} \log q_{icp}, \qquad
    Dice_{ij} = 1 - \frac{1}{|C|} \sum_{c \ge 1}
    \frac{2 \sum_p t_{jcp} q_{icp} + 1}{\sum_{p \in P_j} q_{icp} + \sum_p t_{jcp} + 1}

Both are matrix products over pixels, so all k x k pairs cost hardly more than k. Dice: Milletari et al., 3DV 2016.
"""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from napari_strata.config.loss import LossConfig
from napari_strata.types import BACKGROUND, Truth


def pairwise_cost(logits: Tensor, truth: Truth, config: LossConfig) -> Tensor:
    """Return the loss of every decoder against every layer.

    Parameters
    ----------
    logits : Tensor, shape (batch, decoder, class, y, x)
        A network's output.
    truth : Truth
        Mask codes.
    config : LossConfig
        The weights of the terms.

    Returns
    -------
    Tensor, shape (batch, decoder, layer)
        0 where a layer of a sample has no labelled pixel.
    """
    log_q = logits.float().log_softmax(dim=2).flatten(3)
    codes = truth.labels.long().flatten(2)
    labelled = (codes >= BACKGROUND).float()
    target = one_hot((codes - BACKGROUND).clamp(min=0), logits.shape[2]).movedim(-1, 2).float()
    target = target * labelled[:, :, None]
    count = labelled.sum(-1)
    cross_entropy = -torch.einsum("bicp,bjcp->bij", log_q, target) / count.clamp(min=1)[:, None]
    cost = config.cross_entropy * cross_entropy
    if config.dice == 0:
        return cost
    return cost + config.dice * _pairwise_dice(log_q[:, :, 1:].exp(), target[:, :, 1:], labelled)


def _pairwise_dice(q: Tensor, truth: Tensor, labelled: Tensor) -> Tensor:
    overlap = torch.einsum("bicp,bjcp->bijc", q, truth)
    size = torch.einsum("bicp,bjp->bijc", q, labelled) + truth.sum(-1)[:, None]
    dice = 1 - ((2 * overlap + 1) / (size + 1)).mean(-1)
    return dice * (labelled.sum(-1) > 0)[:, None]
