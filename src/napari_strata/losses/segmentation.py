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

from napari_strata.types import BACKGROUND


def pairwise_cost(logits: Tensor, labels: Tensor, *, dice_weight: float) -> Tensor:
    """Return the loss of every decoder against every layer.

    Parameters
    ----------
    logits : Tensor, shape (batch, decoder, class, y, x)
        A network's output.
    labels : Tensor of uint8 or int64, shape (batch, layer, y, x)
        Mask codes: 0 not labelled, 1 background, 2.. classes.
    dice_weight : float
        Weight of the Dice loss beside cross-entropy, at least 0.

    Returns
    -------
    Tensor, shape (batch, decoder, layer)
        0 where a layer of a sample has no labelled pixel.
    """
    log_q = logits.float().log_softmax(dim=2).flatten(3)
    codes = labels.long().flatten(2)
    labelled = (codes >= BACKGROUND).float()
    truth = one_hot((codes - BACKGROUND).clamp(min=0), logits.shape[2]).movedim(-1, 2).float()
    truth = truth * labelled[:, :, None]
    count = labelled.sum(-1)
    cross_entropy = -torch.einsum("bicp,bjcp->bij", log_q, truth) / count.clamp(min=1)[:, None]
    if dice_weight == 0:
        return cross_entropy
    return cross_entropy + dice_weight * _pairwise_dice(log_q[:, :, 1:].exp(), truth[:, :, 1:], labelled)


def _pairwise_dice(q: Tensor, truth: Tensor, labelled: Tensor) -> Tensor:
    overlap = torch.einsum("bicp,bjcp->bijc", q, truth)
    size = torch.einsum("bicp,bjp->bijc", q, labelled) + truth.sum(-1)[:, None]
    dice = 1 - ((2 * overlap + 1) / (size + 1)).mean(-1)
    return dice * (labelled.sum(-1) > 0)[:, None]
