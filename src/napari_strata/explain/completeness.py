"""Whether a map sums to what it should explain."""

from collections.abc import Mapping

import torch
from torch import Tensor

from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed


def completeness(score: TargetScore, image: Tensor, baseline: Tensor, map_: Tensor) -> Mapping[str, float]:
    r"""Return what a map sums to, and what it should sum to [log-odds].

    Parameters
    ----------
    score : TargetScore
        What is explained.
    image, baseline : Tensor, shape (1, 1, y, x)
        The image, and what it is compared with.
    map_ : Tensor, shape (y, x)
        The map.

    Returns
    -------
    dict of str to float
        ``sum`` of the map, :math:`\sum_p M_p`; ``baseline_score``, :math:`S(B)`; and by how much the map misses
        completeness, ``delta``, :math:`\sum_p M_p - (S(I) - S(B))`.
    """
    with undisturbed(score), torch.no_grad():
        with_image, without = score(torch.cat([image, baseline])).double().tolist()
    total = float(map_.double().sum())
    return {"sum": total, "baseline_score": without, "delta": total - (with_image - without)}
