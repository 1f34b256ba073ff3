"""Which atoms of a Points layer came, went or moved, drawn as masks around their places."""

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.annotation.spots import RIM, draw_atoms
from napari_strata.errors import StrataError
from napari_strata.requests import Correction
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.atom_points import codes_of_atoms
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.label_memory import spots_of
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.world import between

if TYPE_CHECKING:
    from napari.layers import Image, Points

QUIET = 0.3
"""Atoms are compared when none has been changed for so long [s]."""
AROUND = 2.0
"""An atom is drawn anew in a square that reaches so many radii from it: on a slice where the first atoms are
clicked nobody knows yet whether the rest is background."""
MOST = 64
"""If more atoms of a slice have changed, the box around them all is drawn anew."""


class AtomChanges:
    """Compares a Points layer with what was learned of it.

    Parameters
    ----------
    points : Points
        The atoms.
    image : Image
        The image.
    layer : int
        Their crystal layer.
    """

    strange = 0
    fits = True

    def __init__(self, points: "Points", image: "Image", *, layer: int) -> None:
        self.napari_layer, self.layer = points, layer
        self._image = image
        self._changed: float | None = None
        self._events = ("data", "features", "set_data")
        for name in self._events:
            getattr(points.events, name).connect(self._on_change)
        self._atoms = self._now()

    def end(self) -> None:
        """Follow the layer no longer."""
        for name in self._events:
            getattr(self.napari_layer.events, name).disconnect(self._on_change)

    def find(self, until: float) -> Iterator[Correction]:
        """Draw the surroundings of atoms that changed; nothing while they are changing."""
        if self._changed is None or time.monotonic() - self._changed < QUIET:
            return
        self._changed = None
        try:
            before, self._atoms = self._atoms, self._now()
        except StrataError:  # a species without a class, which the dock tells of
            return
        changed = _difference(before, self._atoms)
        for frame in np.unique(changed[:, 0]):
            yield from self._drawn(int(frame), changed[changed[:, 0] == frame, 1:3])

    def _on_change(self, _event: object) -> None:
        self._changed = time.monotonic()

    def _now(self) -> NDArray[np.float64]:
        """Return slice, y, x and code of every atom."""
        points = self.napari_layer
        places = between(points, self._image, points.data) if len(points.data) else np.empty((0, points.ndim))
        frames = np.rint(places[:, 0]) if points.ndim > 2 else np.zeros(len(places))
        return np.column_stack([frames, places[:, -2:], codes_of_atoms(points)])

    def _drawn(self, frame: int, places: NDArray[np.float64]) -> Iterator[Correction]:
        shape = full_data(self._image).shape
        pixel_size = calibration_of(self._image).value
        if pixel_size is None or (len(shape) > 2 and not 0 <= frame < shape[0]):
            return
        config, here = spots_of(self.napari_layer), self._atoms[self._atoms[:, 0] == frame]
        radius = config.radius / pixel_size
        reach = math.ceil(radius * max(AROUND, RIM)) + 1
        boxes = [np.concatenate([place, place]) for place in places]
        if len(boxes) > MOST:
            boxes = [np.concatenate([places.min(axis=0), places.max(axis=0)])]
        for box in boxes:
            top, left = np.maximum(np.rint(box[:2]).astype(int) - reach, 0)
            bottom, right = np.minimum(np.rint(box[2:]).astype(int) + reach + 1, shape[-2:])
            if bottom > top and right > left:
                positions = here[:, 1:3] - (top, left)
                size = int(bottom - top), int(right - left)
                codes = draw_atoms(positions, here[:, 3].astype(np.uint8), size, config, pixel_size=pixel_size)
                yield Correction(frame, self.layer, int(top), int(left), codes)


def _difference(before: AnyArray, after: AnyArray) -> AnyArray:
    """Return the rows that only one of two tables has."""
    rows, numbers = np.unique(
        np.concatenate([np.unique(before, axis=0), np.unique(after, axis=0)]), axis=0, return_counts=True
    )
    only_one: AnyArray = rows[numbers == 1]
    return only_one
