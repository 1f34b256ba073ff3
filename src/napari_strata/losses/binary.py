r"""Binary cross-entropy: each class by itself, for classes that may overlap.

With the logits z of decoder i, memberships t of layer j, its labelled pixels p and their weights w, and C classes:

.. math::

    BCE_{ij} = -\frac{1}{C \sum_{p \in P_j} w_{jp}} \sum_{p \in P_j} w_{jp} \sum_c
    \left[t_{jcp} \log \sigma(z_{icp}) + (1 - t_{jcp}) \log \sigma(-z_{icp})\right]
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from napari_strata.losses.compared import Compared


def binary_cross_entropy(pairs: Compared) -> Tensor:
    """Return the binary cross-entropy, shape (batch, decoder, layer)."""
    absent = pairs.labelled[:, :, None] - pairs.members
    total = torch.einsum("bicp,bjcp->bij", pairs.log_q, pairs.weighted(pairs.members)) + torch.einsum(
        "bicp,bjcp->bij", logsigmoid(-pairs.logits), pairs.weighted(absent)
    )
    return -total / (pairs.counted * pairs.outputs.shape[2])
