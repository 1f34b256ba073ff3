"""What was done, undone and redone on a Labels layer.

napari tells of every stroke, with the pixels and codes before and after it, but not of undo and redo: then it says
only that the layer is shown anew. So this remembers the strokes and looks whether the last of them is still there.
"""

import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.types import AnyArray
from napari_strata.widgets.layers.label_step import sliced
from napari_strata.widgets.layers.layer_data import full_data

if TYPE_CHECKING:
    from napari.layers import Labels

_LIMIT = 100
"""Steps that napari keeps."""


class Change:
    """Pixels that one part of a step changed.

    Parameters
    ----------
    atom : tuple
        napari's record of it: indices, old and new values of `data_setitem`, or a box, a mask in it, the old
        values and the new one of a brush, a bucket or a polygon.

    Attributes
    ----------
    index : tuple
        Where in the data: arrays of int, or slices of a box.
    mask : ndarray of bool or None
        Which pixels of the box; None for all.
    old, new : ndarray or int
        Codes before and after.
    """

    def __init__(self, atom: Any) -> None:
        is_box = hasattr(atom, "slice_key")
        self.index: tuple[Any, ...] = atom.slice_key if is_box else tuple(atom[0])
        self.mask: AnyArray | None = atom.mask if is_box else None
        self.old: AnyArray = np.asarray(atom.old_values if is_box else atom[1])
        self.new: AnyArray = np.asarray(atom.new_value if is_box else atom[2])

    def is_old(self, data: AnyArray) -> bool:
        """Tell whether all its pixels carry the codes before it."""
        return self._has(data, self.old)

    def is_new(self, data: AnyArray) -> bool:
        """Tell whether all its pixels carry the codes after it."""
        return self._has(data, self.new)

    def _has(self, data: AnyArray, codes: AnyArray) -> bool:
        return self._first(data) == codes.flat[0] and bool((self._all(data) == codes).all())

    def _all(self, data: AnyArray) -> AnyArray:
        pixels = np.asarray(data[self.index])
        return pixels if self.mask is None else pixels[self.mask]

    def _first(self, data: AnyArray) -> Any:
        """Return the first of its pixels, by which most steps are told apart at no cost."""
        if not isinstance(self.index[0], slice):
            return data[tuple(axis[0] for axis in self.index)]
        inside = (0,) * len(self.index)
        if self.mask is not None:
            inside = tuple(int(i) for i in np.unravel_index(int(self.mask.argmax()), self.mask.shape))
        return data[tuple(s.start + i for s, i in zip(self.index, inside, strict=True))]


class Step:
    """One step: what it changed, perhaps nothing here but in other layers, and what it was made for."""

    def __init__(self, atoms: list[Any], purpose: object = None) -> None:
        self.changes = [Change(atom) for atom in atoms]
        self.purpose = purpose

    def is_undone(self, data: AnyArray) -> bool:
        """Tell whether the layer is as before the step."""
        return self.changes[0].is_old(data) and not self.changes[-1].is_new(data)

    def is_done(self, data: AnyArray) -> bool:
        """Tell whether the layer is as after the step."""
        return self.changes[-1].is_new(data) and not self.changes[0].is_old(data)


class LabelHistory:
    """Follows one Labels layer for as long as that lives.

    Parameters
    ----------
    labels : Labels
        The layer.
    on_undone, on_redone : callable
        Take the layer and the purpose of a step that was undone or redone, if it has one.
    """

    def __init__(
        self,
        labels: "Labels",
        on_undone: Callable[["Labels", Any], None],
        on_redone: Callable[["Labels", Any], None],
    ) -> None:
        self._labels = weakref.ref(labels)  # who keeps this by its layer shall not keep the layer
        self._shape = full_data(labels).shape
        self._on_undone, self._on_redone = on_undone, on_redone
        self._done: deque[Step] = deque(maxlen=_LIMIT)
        self._undone: deque[Step] = deque(maxlen=_LIMIT)
        # napari would forget methods of an object that nobody else holds
        labels.events.paint.connect(lambda event: self._append(Step(event.value)))
        labels.events.set_data.connect(lambda _event: self.look())

    def mark(self, purpose: object, *, written: bool) -> None:
        """Note what the last step was for, or that such a step changed nothing in this layer."""
        if written:
            self._done[-1].purpose = purpose
        else:
            if self._undone:
                self._forget_redo()
            self._append(Step([], purpose))

    def undo(self, purpose: object) -> bool:
        """Undo the last step if that was its purpose; tell whether it was."""
        if not (self._done and self._done[-1].purpose is purpose):
            return False
        if self._done[-1].changes:
            self._layer.undo()
            self.look()  # a hidden layer says nothing
        else:
            self._undone.append(self._done.pop())
        return True

    def redo(self, purpose: object) -> bool:
        """Redo what was undone last if that was its purpose; tell whether it was."""
        if not (self._undone and self._undone[-1].purpose is purpose):
            return False
        if self._undone[-1].changes:
            self._layer.redo()
            self.look()
        else:
            self._done.append(self._undone.pop())
        return True

    def look(self) -> None:
        """Find out what was undone or redone."""
        data = full_data(self._layer)
        if data.shape != self._shape:  # other data altogether
            self._shape = data.shape
            self._done.clear()
            self._undone.clear()
        while (step := _last_with_changes(self._done)) is not None and step.is_undone(data):
            last = self._done.pop()
            self._undone.append(last)
            if not last.changes:  # this was meant, but napari knows nothing of it and undid the one before
                self._layer.redo()
            self._tell(self._on_undone, last)
        while (step := _last_with_changes(self._undone)) is not None and step.is_done(data):
            first = self._undone.pop()
            self._done.append(first)
            self._tell(self._on_redone, first)

    def _tell(self, listener: Callable[["Labels", Any], None], step: Step) -> None:
        if step.purpose is not None:
            listener(self._layer, step.purpose)

    @property
    def _layer(self) -> "Labels":
        labels = self._labels()
        assert labels is not None, "only the living are followed"
        return labels

    def _append(self, step: Step) -> None:
        self._done.append(step)
        if step.changes:
            self._undone.clear()

    def _forget_redo(self) -> None:
        """Let napari forget what could be redone, by a step that changes one pixel there and back."""
        labels = self._layer
        first = tuple(np.zeros(1, np.uint8) for _ in self._shape)
        code = full_data(labels)[first][0]
        with sliced(labels), labels.block_history():
            labels.data_setitem(first, code ^ 1, refresh=False)
            labels.data_setitem(first, code, refresh=False)


def _last_with_changes(steps: deque[Step]) -> Step | None:
    return next((step for step in reversed(steps) if step.changes), None)
