"""The weight map of the U-Net paper for labels that change: only what is near a change is computed anew."""

import math

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.loss import LossConfig
from napari_strata.losses.border_weights import REACH, Joined, border_map, number_objects, weighed
from napari_strata.types import AnyArray, FloatImage, LabelArray

Window = tuple[slice, slice]


class FollowedWeights:
    """Weights of labels, the same to the bit as `border_weights` gives; a stroke costs hundredths of a second.

    Parameters
    ----------
    config : LossConfig
        Weights of the classes, w0 and sigma.
    joined : tuple of tuple of int
        Codes of classes that overlap.
    """

    def __init__(self, config: LossConfig, joined: Joined = ()) -> None:
        self._config, self._joined = config, joined
        self._objects: NDArray[np.int32] | None = None
        self._gaps = np.empty((0, 0, 0), np.float32)

    def of(self, labels: LabelArray) -> FloatImage:
        """Return the weights of mask codes, shape (layer, y, x), always of the same shape."""
        sigma = self._config.border_sigma
        objects = np.stack([number_objects(layer, self._joined) for layer in labels])
        if self._objects is None:
            self._gaps = np.stack([border_map(layer, sigma=sigma) for layer in objects])
        else:
            for gaps, before, now in zip(self._gaps, self._objects, objects, strict=True):
                _update(gaps, before, now, sigma)
        self._objects = objects
        return weighed(labels, self._gaps, self._config)


def _update(gaps: FloatImage, before: AnyArray, now: AnyArray, sigma: float) -> None:
    """Bring a border map of one layer up to date, in place; arguments are the numbers of objects, shape (y, x)."""
    changed = changed_objects(before, now)
    if not changed.any():
        return
    reach = math.ceil(REACH * sigma)
    near, far = _around(changed, reach), _around(changed, 2 * reach)
    inner = tuple(slice(n.start - f.start, n.stop - f.start) for n, f in zip(near, far, strict=True))
    gaps[near] = border_map(_renumbered(now[far]), sigma=sigma)[inner]


def changed_objects(before: AnyArray, now: AnyArray) -> NDArray[np.bool_]:
    """Return where objects came or went, and all of those that were torn apart or grew together.

    Elsewhere two pixels belong to the same object if, and only if, they did before.

    Parameters
    ----------
    before, now : ndarray of integers, shape (y, x)
        Number of the object of each pixel, 0 where there is none; the numbers themselves mean nothing.
    """
    both = (before > 0) & (now > 0)
    torn = _several(before[both], now[both], int(before.max()))
    grown = _several(now[both], before[both], int(now.max()))
    changed: NDArray[np.bool_] = ((before > 0) != (now > 0)) | torn[before] | grown[now]
    return changed


def _several(numbers: AnyArray, partners: AnyArray, largest: int) -> NDArray[np.bool_]:
    """Tell of each number, from 0, whether it has more than one partner."""
    one = np.zeros(largest + 1, partners.dtype)
    one[numbers] = partners
    several = np.zeros(largest + 1, bool)
    several[numbers[one[numbers] != partners]] = True
    return several


def _renumbered(objects: AnyArray) -> AnyArray:
    """Give objects the numbers from 1 on; distances take time with the digits of the largest number."""
    present = np.unique(objects)
    return np.searchsorted(present[present > 0], objects, side="right")


def _around(mask: NDArray[np.bool_], reach: int) -> Window:
    """Return the smallest box around the pixels of a mask, so much larger on every side as there is room."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(max(0, int(rows[0]) - reach), int(rows[-1]) + 1 + reach), slice(
        max(0, int(columns[0]) - reach), int(columns[-1]) + 1 + reach
    )
