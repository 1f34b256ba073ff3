r"""Where a map counts: what lies above a threshold.

The *strength* of a pixel is what it says for the score, against it, or either way: :math:`h`, :math:`-h` or
:math:`|h|` of the map :math:`h`, and 0 where that is below 0.
"""

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.proposal import ProposalConfig, Side
from napari_strata.types import FloatImage


def strength(heatmap: FloatImage, side: Side) -> FloatImage:
    """Return how much each pixel says, at least 0; pixels that are no number say nothing."""
    sided = np.abs(heatmap) if side == "either" else heatmap if side == "for" else -heatmap
    strong: FloatImage = np.clip(np.nan_to_num(sided, posinf=0.0, neginf=0.0), 0, None)
    return strong


def level(heatmap: FloatImage, config: ProposalConfig) -> float:
    r"""Return the strength at the threshold.

    It is :math:`p \max s`, or the :math:`p`-quantile of the strengths :math:`s > 0`: a map is 0 wherever the score
    depends on nothing, and how much of the image that is tells nothing of the map.

    Parameters
    ----------
    heatmap : ndarray of float32, shape (y, x)
        The map.
    config : ProposalConfig
        Rule, part and side.

    Returns
    -------
    float
        At least 0; 0 where the map says nothing.
    """
    return level_of(ranked(heatmap, config.side), config)


def ranked(heatmap: FloatImage, side: Side) -> FloatImage:
    """Return the strengths above 0 in rising order, which a slider need not sort again."""
    strong = strength(heatmap, side)
    rising: FloatImage = np.sort(strong[strong > 0])
    return rising


def level_of(rising: FloatImage, config: ProposalConfig) -> float:
    """Return the strength at the threshold of ranked strengths, as `level` does of a map."""
    if not rising.size:
        return 0.0
    if config.rule == "maximum":
        return config.part * float(rising[-1])
    at = config.part * (rising.size - 1)
    below = int(at)
    first, second = float(rising[below]), float(rising[min(below + 1, rising.size - 1)])
    return first + (at - below) * (second - first)


def is_above(heatmap: FloatImage, config: ProposalConfig) -> NDArray[np.bool_]:
    """Tell which pixels say something, and at least as much as the threshold; shape (y, x)."""
    strong = strength(heatmap, config.side)
    above: NDArray[np.bool_] = (strong > 0) & (strong >= level(heatmap, config))
    return above
