r"""Mean squared error between every decoder's values and every layer's, on pixels whose value is known.

.. math:: MSE_{ij} = \frac{1}{|P_j|} \sum_{p \in P_j} (z_{ip} - v_{jp})^2
"""

from torch import Tensor

from napari_strata.losses.compared import Compared


def squared_error(pairs: Compared) -> Tensor:
    """Return the mean squared error, shape (batch, decoder, layer); NaN in the truth counts nowhere.

    Differences are taken pair by pair: expanded into matrix products their squares would drown in rounding.
    """
    assert pairs.truth.values is not None, "the source of a network that gives values has them"
    values = pairs.truth.values.float().flatten(2)
    known = values.isfinite()
    difference = pairs.logits[:, :, None, 0] - values.nan_to_num(posinf=0, neginf=0)[:, None]
    total = difference.where(known[:, None], 0).square().sum(-1)
    return total / known.sum(-1).clamp(min=1)[:, None]
