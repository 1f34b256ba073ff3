"""Whether a map sums to what it should explain."""

import torch
from torch import Tensor

from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed


def delta(score: TargetScore, image: Tensor, baseline: Tensor, map_: Tensor) -> float:
    r"""Return by how much a map misses completeness, :math:`\sum_p M_p - (S(I) - S(B))` [log-odds].

    Parameters
    ----------
    score : TargetScore
        What is explained.
    image, baseline : Tensor, shape (1, 1, y, x)
        The image, and what it is compared with.
    map_ : Tensor, shape (y, x)
        The map.
    """
    with undisturbed(score), torch.no_grad():
        with_image, without = score(torch.cat([image, baseline])).double()
    return float(map_.double().sum() - (with_image - without))
