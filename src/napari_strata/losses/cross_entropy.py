r"""Weighted cross-entropy between every decoder and every layer, on labelled pixels only.

For decoder i, layer j, class c and the labelled pixels p of layer j, with probabilities q, one-hot labels t and
weights w:

.. math:: CE_{ij} = -\frac{\sum_{p \in P_j} w_{jp} \sum_c t_{jcp} \log q_{icp}}{\sum_{p \in P_j} w_{jp}}

The weight of a pixel is that of its class; in the U-Net paper (Ronneberger et al., MICCAI 2015, eq. 1 and 2) it
grows between close objects (`napari_strata.losses.border_weights`). Deviation from the paper: it sums over pixels,
we divide by the sum of weights, as torch does, so that the learning rate need not know the size of patches.
"""

import torch
from torch import Tensor

from napari_strata.losses.compared import Compared


def cross_entropy(pairs: Compared) -> Tensor:
    """Return the cross-entropy, shape (batch, decoder, layer)."""
    target = pairs.weighted(pairs.members)
    return -torch.einsum("bicp,bjcp->bij", pairs.log_q, target) / pairs.counted
