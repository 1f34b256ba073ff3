"""One frame that is learned from, on the network's grid: its labels may change while the network trains."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from napari_strata.config.loss import LossConfig
from napari_strata.data.census import PixelCensus
from napari_strata.data.grid import resample_labels, resample_window, window_after
from napari_strata.data.patches import pad_to
from napari_strata.losses.border_weights import Joined
from napari_strata.losses.followed_weights import FollowedWeights
from napari_strata.types import NOT_LABELLED, FloatImage, LabelArray

Window = tuple[slice, slice]
"""Rows and columns."""


class Role(IntEnum):
    """What the labels of one pixel are for."""

    LEARNED = 0
    HELD_OUT = 1
    UNUSED = 2
    """Held out, until somebody painted so near that the network sees that place when it is validated here."""


@dataclass(frozen=True, slots=True, eq=False)
class Repainted:
    """What a correction changed.

    Attributes
    ----------
    y, x : int
        First row and column that changed, on the image's own grid [px].
    codes : ndarray of uint8, shape (y, x)
        Mask codes there now.
    pixels : ndarray of int, shape (n, 2)
        (y, x) of the pixels of the padded frame on the network's grid that changed and are labelled now.
    changed_held_out : bool
        Whether fewer pixels, or others, are validated on.
    """

    y: int
    x: int
    codes: LabelArray
    pixels: NDArray[np.intp]
    changed_held_out: bool


class LearnedFrame:
    """A frame and its labels, padded to the size of a patch.

    Parameters
    ----------
    image : ndarray of float32, shape (y, x)
        The frame on the network's grid, normalised.
    labels : ndarray of uint8, shape (layer, y', x')
        Mask codes on the frame's own grid; kept, and changed by `repaint`.
    patch_size : int
        Side of a patch [px].
    receptive_field : int
        Radius of the network's receptive field [px].
    held_out : ndarray of bool, shape (y, x), optional
        Pixels whose labels are validated on and not learned from.
    loss : LossConfig, optional
        How background between close objects is weighed.
    joined : tuple of tuple of int
        Codes of classes that overlap, see `napari_strata.training.patches.overlaps`.

    Attributes
    ----------
    image : ndarray of float32, shape (y, x)
        The frame, at least as large as a patch.
    learned : ndarray of uint8, shape (layer, y, x)
        The labels that are learned from; 0 elsewhere.
    census : PixelCensus
        Their numbers.
    """

    def __init__(
        self,
        image: FloatImage,
        labels: LabelArray,
        *,
        patch_size: int,
        receptive_field: int,
        held_out: NDArray[np.bool_] | None = None,
        loss: LossConfig = LossConfig(),  # noqa: B008 (frozen)
        joined: Joined = (),
    ) -> None:
        self._loss = loss
        self._of_learned, self._of_held_out = (FollowedWeights(loss, joined) for _ in range(2))
        self._weights: FloatImage | None = None
        self._shape = image.shape[0], image.shape[1]
        self._own = labels
        self._codes = resample_labels(labels, self._shape)
        self._receptive_field = receptive_field
        self._role = np.full(self._shape, Role.LEARNED, np.uint8)
        if held_out is not None:
            self._role[held_out] = Role.HELD_OUT
        learned = np.where(self._role == Role.LEARNED, self._codes, NOT_LABELLED)
        self.image, self.learned = pad_to(image, learned, patch_size)
        top, left = ((padded - side) // 2 for padded, side in zip(self.image.shape, self._shape, strict=True))
        self._inside = slice(top, top + self._shape[0]), slice(left, left + self._shape[1])
        self.census = PixelCensus(self.learned)

    @property
    def weights(self) -> FloatImage | None:
        """Weights of the pixels of `learned`, computed anew when it has changed; None where all weigh the same."""
        if self._weights is None and self._loss.border_weight:
            self._weights = self._of_learned.of(self.learned)
        return self._weights

    @property
    def held_out_weights(self) -> FloatImage | None:
        """Those of the pixels of `held_out`."""
        return self._of_held_out.of(self.held_out) if self._loss.border_weight else None

    @property
    def unpadded(self) -> FloatImage:
        """The frame without what was padded, shape (y, x)."""
        return self.image[self._inside]

    @property
    def corner(self) -> tuple[int, int]:
        """(y, x) of the first pixel that was not padded [px]."""
        return self._inside[0].start, self._inside[1].start

    @property
    def codes(self) -> LabelArray:
        """All that is painted, learned from or not, on the unpadded frame, shape (layer, y, x)."""
        return self._codes

    @property
    def held_out(self) -> LabelArray:
        """The labels that are validated on, 0 elsewhere, on the unpadded frame, shape (layer, y, x)."""
        return np.where(self._role == Role.HELD_OUT, self._codes, NOT_LABELLED).astype(np.uint8)

    @property
    def own_shape(self) -> tuple[int, int]:
        """Shape (y, x) of the frame on its own grid."""
        return self._own.shape[-2], self._own.shape[-1]

    def region(self, box: Window) -> Window:
        """Return the pixels of the unpadded frame that a box of the frame's own grid meets."""
        return window_after(box, self.own_shape, self._shape, grow=0)

    def repaint(self, layer: int, y: int, x: int, codes: LabelArray) -> Repainted | None:
        """Take over what is painted in a box; what it changes is learned from.

        Held-out pixels within one receptive field of what is painted now are no longer validated on: the network
        could have learned them by heart.

        Parameters
        ----------
        layer : int
            Crystal layer.
        y, x : int
            First row and column of the box on the frame's own grid [px].
        codes : ndarray of uint8, shape (y, x)
            Mask codes there; the box lies inside the frame.

        Returns
        -------
        Repainted or None
            None where nothing differs.
        """
        box = slice(y, y + codes.shape[0]), slice(x, x + codes.shape[1])
        before = self._own[layer][box]
        differs = before != codes
        if not differs.any():
            return None
        inner = _around(differs)
        before[...] = codes
        box = _shifted(inner[0], y), _shifted(inner[1], x)
        rows, columns = window_after(box, self.own_shape, self._shape)
        now = resample_window(self._own[layer : layer + 1], self._shape, (rows, columns))[0]
        changed = now != self._codes[layer, rows, columns]
        self._codes[layer, rows, columns] = now
        painted = changed & (self._codes[:, rows, columns] != NOT_LABELLED).any(axis=0)
        changed_held_out = self._learn(rows, columns, changed) | self._keep_apart(rows, columns, painted)
        corner = np.array([rows.start + self._inside[0].start, columns.start + self._inside[1].start])
        pixels = np.argwhere(painted) + corner
        return Repainted(y + inner[0].start, x + inner[1].start, codes[inner].copy(), pixels, changed_held_out)

    def _learn(self, rows: slice, columns: slice, changed: NDArray[np.bool_]) -> bool:
        """Learn from pixels that changed; return whether any was held out."""
        role = self._role[rows, columns]
        were_held_out = bool((role[changed] == Role.HELD_OUT).any())
        role[changed] = Role.LEARNED
        top, left = self._inside[0].start, self._inside[1].start
        inside = slice(rows.start + top, rows.stop + top), slice(columns.start + left, columns.stop + left)
        self.learned[:, *inside] = np.where(role == Role.LEARNED, self._codes[:, rows, columns], NOT_LABELLED)
        self.census.count(inside[0])
        self._weights = None
        return were_held_out

    def _keep_apart(self, rows: slice, columns: slice, painted: NDArray[np.bool_]) -> bool:
        """Validate no longer near what was painted; return whether that was done anywhere."""
        reach = self._receptive_field
        near_rows, near_columns = (
            slice(max(0, part.start - reach), min(side, part.stop + reach))
            for part, side in zip((rows, columns), self._shape, strict=True)
        )
        role = self._role[near_rows, near_columns]
        if not painted.any() or not (role == Role.HELD_OUT).any():
            return False
        near = np.zeros(role.shape, bool)
        top, left = rows.start - near_rows.start, columns.start - near_columns.start
        near[top : top + painted.shape[0], left : left + painted.shape[1]] = painted
        near = maximum_filter(near, size=2 * reach + 1, mode="constant") & (role == Role.HELD_OUT)
        role[near] = Role.UNUSED
        return bool(near.any())


def _around(mask: NDArray[np.bool_]) -> Window:
    """Return the smallest box around the pixels of a mask that is not empty."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _shifted(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)
