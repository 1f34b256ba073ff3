r"""Lovász-softmax: the Jaccard index (IoU) of each class, made smooth by its Lovász extension.

For decoder i, layer j, class c with errors :math:`m_p = |t_{jcp} - q_{icp}|` on labelled pixels, sorted so that
:math:`m_1 \ge m_2 \ge \dots`:

.. math:: L_{ij} = \frac{1}{|C_j|} \sum_{c \in C_j} \sum_p m_p \left(J_p - J_{p-1}\right)

with :math:`J_p` the Jaccard loss 1 - IoU if exactly the first p pixels were wrong, and :math:`C_j` the classes
that occur in layer j, background included. Berman, Triki and Blaschko, CVPR 2018 (arXiv:1705.08790), algorithm 1.

Own code: neither torch nor MONAI (1.6) nor torchvision has this loss. Each pair is sorted by itself, so k decoders
cost k x k sorts.
"""

import torch
from torch import Tensor

from napari_strata.losses.compared import Compared


def lovasz(pairs: Compared) -> Tensor:
    """Return the Lovász-softmax loss, shape (batch, decoder, layer).

    A pixel that is not labelled has no error. So it comes last, where it moves no other's place.
    """
    truth = pairs.members[:, None]
    error = (truth - pairs.log_q.exp()[:, :, None]).abs() * pairs.labelled[:, None, :, None]
    error, order = error.sort(dim=-1, descending=True)
    loss = (error * _jaccard_steps(truth.expand_as(error).gather(-1, order))).sum(-1)
    occurs = (truth.sum(-1) > 0).float()
    return (loss * occurs).sum(-1) / occurs.sum(-1).clamp(min=1)


def _jaccard_steps(truth: Tensor) -> Tensor:
    """Return by how much the Jaccard loss grows with each wrong pixel, in the order of the last axis."""
    total = truth.sum(-1, keepdim=True)
    left = total - truth.cumsum(-1)
    union = total + (1 - truth).cumsum(-1)
    jaccard = 1 - left / union.clamp(min=1)
    return torch.diff(jaccard, dim=-1, prepend=torch.zeros_like(total))
