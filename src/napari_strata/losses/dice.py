r"""Soft Dice loss between every decoder and every layer, on labelled pixels only.

For decoder i, layer j, foreground classes c and labelled pixels p of layer j, with probabilities q and truth t:

.. math::

    Dice_{ij} = 1 - \frac{1}{|C|} \sum_c
    \frac{2 \sum_p t_{jcp} q_{icp} + 1}{\sum_{p \in P_j} q_{icp} + \sum_p t_{jcp} + 1}

Milletari et al., 3DV 2016, without squares in the denominator. The 1 keeps a class that neither occurs nor is
predicted at a cost of 0.
"""

import torch
from torch import Tensor

from napari_strata.losses.compared import Compared


def dice(pairs: Compared) -> Tensor:
    """Return the Dice loss, shape (batch, decoder, layer)."""
    overlap, predicted, true = overlaps(pairs)
    loss = 1 - ((2 * overlap + 1) / (predicted + true + 1)).mean(-1)
    return loss * pairs.has_labels


def overlaps(pairs: Compared) -> tuple[Tensor, Tensor, Tensor]:
    """Return sums over labelled pixels of t q, q and t; they broadcast to (batch, decoder, layer, class)."""
    overlap = torch.einsum("bicp,bjcp->bijc", pairs.q, pairs.truth_q)
    predicted = torch.einsum("bicp,bjp->bijc", pairs.q, pairs.labelled)
    return overlap, predicted, pairs.truth_q.sum(-1)[:, None]
