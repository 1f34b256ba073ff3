r"""From a map to a mask that somebody may accept into labels: by a threshold, or by a cut along the image's edges.

`propose` is all that a face needs. The cut begins as GrabCut does from a saliency map. With :math:`s` the map's
strength and :math:`t` its threshold, a pixel belongs to what the map shows with the probability

.. math:: q_p = \frac{s_p}{s_p + t}, \qquad R_p(1) = -\ln q_p, \quad R_p(0) = -\ln (1 - q_p),

so with no smoothness the cut is the threshold itself; :math:`q` is kept within `SUREST`. With the evidence
*map-and-image* :math:`-\ln P(I_p | A_p)` is added, :math:`P` being the histograms of the image on both sides
(Boykov and Jolly), which are taken anew from each cut until no pixel changes its side (GrabCut): the energy falls
from round to round. The strongest pixel is a seed, and all beyond the box around what is above the threshold,
widened by `MARGIN`, lies outside.

A short outline favours small cuts, and of a map of scattered pixels a single one would be left. Where a cut has
fewer pixels than are above the threshold, :math:`c` is therefore added to the log-odds
:math:`\ln q_p / (1 - q_p)`, as if :math:`t` were lower, with which the map alone gives about as many: the larger
:math:`c`, the larger the cut, so that halving the interval up to `MOST_BALANCE` finds it.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.proposal import ProposalConfig
from napari_strata.errors import TargetError
from napari_strata.explain.proposals.graph_cut import contrast_pairs, least_cut
from napari_strata.explain.proposals.map_threshold import is_above, level, strength
from napari_strata.types import AnyArray, FloatImage

SUREST = 0.05
"""Nothing is surer than this, or one dark pixel inside could not be outvoted by its neighbours."""
MARGIN = 0.25
"""By what part of its sides the box around what is above the threshold is widened."""
LEAST_MARGIN = 3
"""And by how many pixels at least."""
MOST_PIXELS = 2_000_000
"""In the box; more would take minutes and gigabytes."""
ROUNDS = 8
"""At most how often the histograms are taken anew."""
MOST_BALANCE = float(np.log((1 - SUREST) / SUREST))
"""Most that is added to the log-odds for a cut to keep its pixels: what weighs most against a pixel."""
HALVINGS = 7
"""How often the interval is halved in which that lies."""
BINS = 32
"""Of the histograms."""


def propose(heatmap: FloatImage, image: AnyArray, config: ProposalConfig) -> NDArray[np.bool_]:
    """Make a mask of a map.

    Parameters
    ----------
    heatmap : ndarray of float32, shape (y, x)
        The map, as `napari_strata.explain.heatmap.Heatmap.data`.
    image : ndarray, shape (y, x)
        The frame that it explains; a threshold does not look at it.
    config : ProposalConfig
        Threshold, and how.

    Returns
    -------
    ndarray of bool, shape (y, x)
        What is proposed.

    Raises
    ------
    TargetError
        If the map says nothing on that side, has another shape than the image, or is too large for a cut.
    """
    mask = is_above(heatmap, config)
    for better in proposals(heatmap, image, config):
        mask = better
    return mask


def proposals(heatmap: FloatImage, image: AnyArray, config: ProposalConfig) -> Iterator[NDArray[np.bool_]]:
    """Yield the masks of `propose` as they get better, so that a job can stop between two."""
    above = is_above(heatmap, config)
    _check(heatmap, image, above)
    yield above
    if config.how == "graph-cut":
        yield from _cuts(heatmap, image, config, _box(above))


def _check(heatmap: FloatImage, image: AnyArray, above: NDArray[np.bool_]) -> None:
    if heatmap.shape != image.shape:
        raise TargetError(
            f"The map has the shape {heatmap.shape}, the image {image.shape}.",
            remedy="Choose the image that the map explains.",
        )
    if not above.any():
        raise TargetError(
            "The map is 0 everywhere on the side that counts, so it proposes nothing.",
            remedy="Let the other side count, or explain by another method.",
        )


def _box(above: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the box around what is above the threshold, widened."""
    box = []
    for axis, length in ((1, above.shape[0]), (0, above.shape[1])):
        held = np.flatnonzero(above.any(axis=axis))
        first, end = int(held[0]), int(held[-1]) + 1
        margin = max(round(MARGIN * (end - first)), LEAST_MARGIN)
        box.append(slice(max(first - margin, 0), min(end + margin, length)))
    if (box[0].stop - box[0].start) * (box[1].stop - box[1].start) > MOST_PIXELS:
        raise TargetError(
            f"What is above the threshold spreads over more than {MOST_PIXELS:,} pixels, too many for a cut.",
            remedy="Raise the threshold, or propose by threshold alone.",
        )
    return box[0], box[1]


def _cuts(
    heatmap: FloatImage, image: AnyArray, config: ProposalConfig, box: tuple[slice, slice]
) -> Iterator[NDArray[np.bool_]]:
    strong = strength(heatmap, config.side)[box].astype(np.float64)
    threshold = level(heatmap, config) or float(strong[strong > 0].min())
    part, above = image[box], (strong > 0) & (strong >= threshold)
    pairs = contrast_pairs(part, config.smoothness)

    def whole(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
        mask = np.zeros(heatmap.shape, bool)
        mask[box] = found
        return mask

    balance, side = 0.0, above
    wanted = int(np.count_nonzero(above)) if config.smoothness > 0 else 0
    for cut in _balanced(lambda by: least_cut(*_map_costs(strong, threshold, by), pairs), wanted):
        balance, side = cut
        yield whole(side)
    if config.evidence == "map":
        return
    inside, outside = _map_costs(strong, threshold, balance)
    for _ in range(ROUNDS):
        shown = _intensity_costs(part, side)
        found = least_cut(inside + shown[0], outside + shown[1], pairs)
        yield whole(found)
        if (found == side).all():
            return
        side = found


def _balanced(cut: Callable[[float], NDArray[np.bool_]], wanted: int) -> Iterator[tuple[float, NDArray[np.bool_]]]:
    """Yield balances and their cuts, each with a number of pixels nearer to the one that is wanted at least."""
    balance, best = 0.0, cut(0.0)
    yield balance, best
    low, high = 0.0, MOST_BALANCE
    for _ in range(HALVINGS if best.sum() < wanted else 0):
        tried = (low + high) / 2
        found = cut(tried)
        if abs(np.log(found.sum() / wanted)) < abs(np.log(best.sum() / wanted)):
            balance, best = tried, found
        yield balance, best
        low, high = (tried, high) if found.sum() < wanted else (low, tried)


def _map_costs(
    strong: NDArray[np.float64], threshold: float, balance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the map says of each pixel: its costs inside and outside."""
    share = np.clip(strong / (strong + threshold), SUREST, 1 - SUREST)
    odds = np.log(share / (1 - share)) + balance
    inside, outside = np.logaddexp(0, -odds), np.logaddexp(0, odds)
    outside[strong == strong.max()] = np.inf
    return inside, outside


def _intensity_costs(image: AnyArray, side: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the intensities of a cut's two sides say of each pixel: its costs inside and outside."""
    low, high = float(image.min()), float(image.max())
    scaled = (image.astype(np.float64) - low) / ((high - low) or 1.0)
    bins = np.minimum((scaled * BINS).astype(np.intp), BINS - 1)
    return _costs_of(bins[side])[bins], _costs_of(bins[~side])[bins]


def _costs_of(bins: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what each bin of a histogram costs; one pixel is added to each, so that none is impossible."""
    counts = np.bincount(bins, minlength=BINS) + 1.0
    costs: NDArray[np.float64] = -np.log(counts / counts.sum())
    return costs
