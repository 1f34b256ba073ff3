r"""Where a map counts: what lies above a threshold, and lines of equal strength.

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
    strong = strength(heatmap, config.side)
    counts = strong[strong > 0]
    if not counts.size:
        return 0.0
    if config.rule == "maximum":
        return config.part * float(counts.max())
    return float(np.quantile(counts, config.part))


def is_above(heatmap: FloatImage, config: ProposalConfig) -> NDArray[np.bool_]:
    """Tell which pixels say something, and at least as much as the threshold; shape (y, x)."""
    strong = strength(heatmap, config.side)
    above: NDArray[np.bool_] = (strong > 0) & (strong >= level(heatmap, config))
    return above


def bands(heatmap: FloatImage, config: ProposalConfig, lines: int) -> NDArray[np.uint8]:
    r"""Return between which lines of equal strength each pixel lies.

    The lines are at :math:`t + k (m - t) / n`, for :math:`k = 0 \dots n - 1`, with :math:`t` the threshold and
    :math:`m` the greatest strength.

    Parameters
    ----------
    heatmap : ndarray of float32, shape (y, x)
        The map.
    config : ProposalConfig
        The threshold.
    lines : int
        How many, from 1.

    Returns
    -------
    ndarray of uint8, shape (y, x)
        0 below the threshold, then 1 to `lines`; `lines` more where the map is below 0.
    """
    strong, lowest = strength(heatmap, config.side), level(heatmap, config)
    levels = np.linspace(lowest, float(strong.max(initial=0)), lines, endpoint=False)
    found = np.searchsorted(levels, strong, side="right") * is_above(heatmap, config)
    found[(heatmap < 0) & (found > 0)] += lines
    banded: NDArray[np.uint8] = found.astype(np.uint8)
    return banded
