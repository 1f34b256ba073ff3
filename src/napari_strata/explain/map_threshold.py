r"""Where a map counts: what lies above a threshold, and lines of equal strength.

The *strength* of a pixel is what it says for the score, against it, or either way: :math:`h`, :math:`-h` or
:math:`|h|` of the map :math:`h`, and 0 where that is below 0.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.proposal import ProposalConfig, Side
from napari_strata.types import FloatImage

_LEAST = 1e-6
"""By so much a line lies below the values at its threshold, which count; as a part of them."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines of equal strength, as straight pieces.

    Attributes
    ----------
    ends : ndarray, shape (n, 2, 2)
        Both ends (y, x) of each piece [px]; the stronger side is always on the same hand.
    number : ndarray of int, shape (n,)
        Of which line a piece is a part, 0 at the threshold.
    is_against : ndarray of bool, shape (n,)
        Whether the map is below 0 there.
    """

    ends: NDArray[np.float64]
    number: NDArray[np.intp]
    is_against: NDArray[np.bool_]


def contour_lines(heatmap: FloatImage, config: ProposalConfig, count: int) -> Lines:
    r"""Return lines of equal strength from the threshold up, closed at the map's border.

    They are at :math:`t + k (m - t) / n`, for :math:`k = 0 \dots n - 1`, with :math:`t` the threshold and
    :math:`m` the greatest strength; by marching squares (`skimage.measure.find_contours`).

    Parameters
    ----------
    heatmap : ndarray of float32, shape (y, x)
        The map.
    config : ProposalConfig
        The threshold.
    count : int
        How many lines, n.
    """
    strong, lowest = strength(heatmap, config.side), level(heatmap, config)
    highest = float(strong.max(initial=0))
    lowest = max(lowest, _LEAST * highest)
    pieces, numbers, signs = [np.empty((0, 2, 2))], [0], [False]
    for is_against in (False, True):
        sided = np.where((heatmap < 0) == is_against, strong, 0)
        for number, at in enumerate(np.linspace(lowest, highest, count, endpoint=False) if highest > 0 else ()):
            found = _pieces(sided, at * (1 - _LEAST))
            pieces.append(found)
            numbers += [number] * len(found)
            signs += [is_against] * len(found)
    return Lines(np.concatenate(pieces), np.array(numbers[1:], np.intp), np.array(signs[1:], bool))


def outline(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the outline of a mask as straight pieces, shape (n, 2, 2): both ends (y, x) [px]."""
    return _pieces(mask.astype(np.float32), 0.5)


def _pieces(values: FloatImage, at: float) -> NDArray[np.float64]:
    from skimage.measure import find_contours

    lines = [line - 1 for line in find_contours(np.pad(values, 1), at)]
    return np.concatenate([np.empty((0, 2, 2)), *(np.stack([line[:-1], line[1:]], axis=1) for line in lines)])
