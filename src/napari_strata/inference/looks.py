"""One answer from several looks of a network at the same frame, each in another orientation.

Where it is sure, what a network says of a turned image, turned back, is the same but for its own noise, and the
mean of several looks is nearer to the truth than any of them. Where it cannot decide which decoder draws which
layer (`napari_strata.data.turns`), a look may show both layers in both decoders; such a look must not count.
"""

from collections.abc import Sequence

import numpy as np

from napari_strata.inference.alignment import order_like_blend
from napari_strata.inference.domains import untangle
from napari_strata.types import FloatImage

SURER = 1e-4
"""By so much the mean probability of the most probable class must be greater to prefer another look."""
AGREES = 0.85
"""Least Dice of a look with the surest one: one that shows both layers in both decoders has about 0.75."""


def combine_looks(looks: Sequence[FloatImage], *, pixel_size: float | None) -> FloatImage:
    """Return the mean of the surest look and of all that agree with it.

    Parameters
    ----------
    looks : sequence of ndarray of float32, shape (layer, class, y, x)
        Probabilities of one frame, turned back; at least one.
    pixel_size : float or None
        [Å/px]; where it is known, decoders that exchanged their layers in a part of the frame are put right.

    Returns
    -------
    ndarray of float32, shape (layer, class, y, x)
        In the order of decoders of the surest look.
    """
    surest = _put_right(looks[_surest(looks)], pixel_size)
    total, count = surest.copy(), 1
    for index, look in enumerate(looks):
        if index == _surest(looks):
            continue
        right = _put_right(look, pixel_size)
        right = right[list(order_like_blend(surest, right, np.ones(surest.shape[-2:], np.float32)))]
        if _agreement(surest, right) >= AGREES:
            total += right
            count += 1
    return total / np.float32(count)


def _surest(looks: Sequence[FloatImage]) -> int:
    """Return the index of the look with the greatest probabilities, the first one where none is clearly surer."""
    best, highest = 0, -np.inf
    for index, look in enumerate(looks):
        sureness = float(look.max(axis=1).mean())
        if sureness > highest + SURER:
            best, highest = index, sureness
    return best


def _put_right(look: FloatImage, pixel_size: float | None) -> FloatImage:
    return look if pixel_size is None else untangle(look, pixel_size=pixel_size)


def _agreement(first: FloatImage, second: FloatImage) -> float:
    """Return the Dice of two looks: how far they show the same atoms in the same layers; 1 without any."""
    shown, other = (look[:, 0] < 0.5 for look in (first, second))
    both = int(np.count_nonzero(shown)) + int(np.count_nonzero(other))
    return 2 * int(np.count_nonzero(shown & other)) / both if both else 1.0
