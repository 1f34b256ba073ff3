"""Notes what napari tells of changes to a layer, at almost no cost, for the thread that writes them down.

napari tells of a stroke (`paint`) when the mouse is released, of what it shows meanwhile (`labels_update`), and of
undo, redo and new data only that the layer is shown anew (`set_data`); of a hidden layer it tells nothing. What it
does not tell is found by the look at all chunks that the thread takes little by little.
"""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.annotation.provenance import Birth
from napari_strata.annotation.store.chunks import Box, DirtyChunks
from napari_strata.annotation.store.followed import FollowedLabels, FollowedPoints
from napari_strata.widgets.journal.cards import card_of, points_of
from napari_strata.widgets.layers.label_birth import birth_of
from napari_strata.widgets.layers.layer_data import full_data

if TYPE_CHECKING:
    from napari.layers import Labels, Points
    from napari.viewer import Viewer


class EditNotes:
    """Notes which chunks of a Labels layer napari tells of.

    Parameters
    ----------
    viewer : Viewer
        Where it is shown.
    labels : Labels
        The layer.
    dirty : DirtyChunks
        Where to note them.

    Attributes
    ----------
    last : float
        When something was painted the last time, by `time.monotonic` [s].
    """

    def __init__(self, viewer: "Viewer", labels: "Labels", dirty: DirtyChunks) -> None:
        self._viewer, self._layer, self._dirty = viewer, labels, dirty
        self._data = full_data(labels)
        self.last = -math.inf
        self._slots: dict[str, Callable[[Any], None]] = {
            "paint": self._on_paint,
            "labels_update": self._on_update,
            "set_data": self._on_unknown,
            "data": self._on_unknown,
        }
        for name, slot in self._slots.items():
            getattr(labels.events, name).connect(slot)

    def end(self) -> None:
        """Note nothing any more."""
        for name, slot in self._slots.items():
            getattr(self._layer.events, name).disconnect(slot)

    def _on_paint(self, event: Any) -> None:
        for atom in event.value:
            self._note(box_of(atom))

    def _on_update(self, event: Any) -> None:
        self._note(shown_box(self._layer, self._viewer, event.offset, event.data.shape))

    def _on_unknown(self, _event: object) -> None:
        self._dirty.note_all()

    def _note(self, box: Box | None) -> None:
        self.last = time.monotonic()
        data = full_data(self._layer)
        if box is None or data is not self._data:
            self._data = data
            self._dirty.note_all()
        else:
            self._dirty.note(box)


class LabelsWatch:
    """Watches one Labels layer.

    Parameters
    ----------
    viewer : Viewer
        Where it is shown.
    labels : Labels
        The layer.
    followed : FollowedLabels
        What the thread that writes knows of it.
    """

    def __init__(self, viewer: "Viewer", labels: "Labels", followed: FollowedLabels) -> None:
        self.layer, self.followed = labels, followed
        self._birth = followed.birth
        self._notes = EditNotes(viewer, labels, followed.dirty)

    @property
    def has_other_data(self) -> bool:
        """Whether the layer has got data of another shape or type, which the store keeps as another layer."""
        data, codes = full_data(self.layer), self.followed.codes
        return data.shape != codes.shape or data.dtype != codes.dtype

    def new_birth(self) -> Birth | None:
        """Tell, once, if the layer began otherwise than the store knows, as after an import into it."""
        before, self._birth = self._birth, birth_of(self.layer)
        return None if self._birth is before else self._birth

    def look(self) -> None:
        """Take over what the layer says of itself, and new data."""
        self.followed.card = card_of(self.layer, self.followed.card.key)
        data = full_data(self.layer)
        if data is not self.followed.codes:
            self.followed.codes = data
            self.followed.dirty.note_all()

    def end(self) -> None:
        """Watch no longer."""
        self._notes.end()


class PointsWatch:
    """Watches one Points layer.

    Parameters
    ----------
    points : Points
        The layer.
    followed : FollowedPoints
        What the thread that writes knows of it.
    """

    has_other_data = False

    def __init__(self, points: "Points", followed: FollowedPoints) -> None:
        self.layer, self.followed = points, followed
        self._is_changed = False
        self._events = ("data", "features", "set_data")
        for name in self._events:
            getattr(points.events, name).connect(self._on_change)

    def look(self) -> None:
        """Take over what the layer says of itself, and its points."""
        self.followed.card = card_of(self.layer, self.followed.card.key)
        if self._is_changed:
            self._is_changed = False
            points = points_of(self.layer)
            if not points.equals(self.followed.points):
                self.followed.points = points

    def end(self) -> None:
        """Watch no longer."""
        for name in self._events:
            getattr(self.layer.events, name).disconnect(self._on_change)

    def _on_change(self, _event: object) -> None:
        self._is_changed = True


Watch = LabelsWatch | PointsWatch


def make_watch(viewer: "Viewer", napari_layer: "Labels | Points", key: str, *, is_written: bool) -> Watch:
    """Watch a layer from now on.

    Parameters
    ----------
    viewer : Viewer
        Where it is shown.
    napari_layer : Labels or Points
        The layer.
    key : str
        Its name in the store.
    is_written : bool
        Whether the store has it as it is now.
    """
    from napari.layers import Points

    watch: Watch
    card = card_of(napari_layer, key)
    if isinstance(napari_layer, Points):
        watch = PointsWatch(napari_layer, FollowedPoints(card, points_of(napari_layer)))
    else:
        followed = FollowedLabels(card, full_data(napari_layer), birth_of(napari_layer))
        watch = LabelsWatch(viewer, napari_layer, followed)
        if not is_written:
            followed.dirty.note_all()
    if is_written:
        watch.followed.assume_written()
    return watch


def box_of(atom: Any) -> Box | None:
    """Return the box around what one part of a step changed; None where it cannot be told.

    Parameters
    ----------
    atom : object
        napari's record of it: with a box of slices, or a tuple that begins with the indices.
    """
    if hasattr(atom, "slice_key"):
        box: Box = atom.slice_key
        return box
    indices = atom[0]
    if not (isinstance(indices, tuple) and all(isinstance(axis, np.ndarray) and axis.size for axis in indices)):
        return None
    return tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in indices)


def shown_box(labels: "Labels", viewer: "Viewer", offset: "list[int]", shape: tuple[int, ...]) -> Box | None:
    """Return the box of a part of the slice on the screen; None where it cannot be told.

    Along axes that are not on the screen it reaches as far as the brush, which may paint in the neighbours, too.
    """
    axes = [axis - (viewer.dims.ndim - labels.ndim) for axis in viewer.dims.displayed]
    axes = [axis for axis in axes if axis >= 0]
    if len(axes) != len(offset):
        return None
    box = [slice(None)] * labels.ndim
    if len(axes) < labels.ndim:
        place = np.rint(labels.world_to_data(viewer.dims.point)).astype(int)
        reach = int(labels.brush_size) if labels.n_edit_dimensions > len(axes) else 0
        box = [slice(max(int(at) - reach, 0), int(at) + reach + 1) for at in place]
    for axis, start, length in zip(axes, offset, shape, strict=False):
        box[axis] = slice(int(start), int(start) + int(length))
    return tuple(box)
