"""Make one decoder mean one crystal layer across tiles and frames; decoder order is not physical.

An order is a tuple of decoder indices: crystal layer ``i`` is drawn by decoder ``order[i]``.
"""

from collections.abc import Callable
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from napari_strata.types import FloatImage

Order = tuple[int, ...]

CLEAR = 1e-3
"""An order replaces the present one only if it agrees better by this part."""


@cache
def orders(layers: int) -> tuple[Order, ...]:
    """All orders of so many layers, those that move fewest layers first."""
    return tuple(sorted(permutations(range(layers)), key=lambda order: sum(i != j for i, j in enumerate(order))))


def order_like_blend(blend: FloatImage, tile: FloatImage, weights: FloatImage) -> Order:
    """Find the order in which a tile agrees best with what is already blended under it.

    Parameters
    ----------
    blend : ndarray, shape (layer, class, height, width)
        Weighted sum of the tiles so far; 0 where there is none.
    tile : ndarray, shape (layer, class, height, width)
        Probabilities of the new tile.
    weights : ndarray, shape (height, width)
        Weights of the new tile.
    """
    products = np.einsum("icyx,jcyx->ij", blend[:, 1:], tile[:, 1:] * weights)
    return _best(len(tile), lambda order: sum(float(products[i, j]) for i, j in enumerate(order)))


def order_like_frame(previous: FloatImage, frame: FloatImage) -> Order:
    """Find the order in which a frame agrees best with the one before, whatever the drift between them.

    The score of an order is the peak of the cross-correlation summed over its layers: one drift for all layers.

    Parameters
    ----------
    previous, frame : ndarray, shape (layer, class, height, width)
        Probabilities of two frames.
    """
    before, after = _spectra(previous), _spectra(frame)
    shape = frame.shape[-2:]

    def score(order: Order) -> float:
        return float(fft.irfft2(sum(before[i].conj() * after[j] for i, j in enumerate(order)), s=shape).max())

    return _best(len(frame), score)


def _spectra(probabilities: FloatImage) -> NDArray[np.complex64]:
    foreground = 1 - probabilities[:, 0]
    foreground -= foreground.mean(axis=(-2, -1), keepdims=True)
    spectra: NDArray[np.complex64] = fft.rfft2(foreground)
    return spectra


def _best(layers: int, score: Callable[[Order], float]) -> Order:
    identity, *others = orders(layers)
    best, highest = identity, score(identity)
    highest += CLEAR * abs(highest)
    for order in others:
        if (value := score(order)) > highest:
            best, highest = order, value
    return best
