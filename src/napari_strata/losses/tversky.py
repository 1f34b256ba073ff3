r"""Tversky loss: a Dice loss in which false positives and false negatives count differently.

With the sums over labelled pixels of Dice (`napari_strata.losses.dice`), foreground classes c:

.. math::

    T_{ij} = 1 - \frac{1}{|C|} \sum_c \frac{TP + 1/2}{TP + \alpha FP + \beta FN + 1/2}, \qquad
    TP = \sum_p t q, \quad FP = \sum_p (1 - t) q, \quad FN = \sum_p t (1 - q)

Salehi, Erdogmus and Gholipour, MLMI 2017 (arXiv:1706.05721). With 1/2 added above and below, alpha = beta = 1/2
is our Dice loss to the number. Own code, since MONAI's `TverskyLoss` compares one decoder with one layer.
"""

from torch import Tensor

from napari_strata.losses.compared import Compared
from napari_strata.losses.dice import overlaps


def tversky(pairs: Compared) -> Tensor:
    """Return the Tversky loss, shape (batch, decoder, layer)."""
    overlap, predicted, true = overlaps(pairs)
    wrong = pairs.config.tversky_alpha * (predicted - overlap) + pairs.config.tversky_beta * (true - overlap)
    loss = 1 - ((overlap + 0.5) / (overlap + wrong + 0.5)).mean(-1)
    return loss * pairs.has_labels
