"""The edits of one layer of located atoms: marked as they are made, counted, and undone.

napari has no undo for points. What the layer holds is therefore noted after every edit.
"""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_strata.atoms.edits import ATOM, NEW
from napari_strata.widgets.layers.atom_layers import reset_atoms
from napari_strata.widgets.layers.atom_memory import (
    MEMORY,
    AtomMemory,
    edits_of,
    features_of,
    marked_table,
    memory_of,
)
from napari_strata.widgets.layers.outside import KeptInside
from napari_strata.widgets.parts.connections import LayerFollower

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari.layers import Image, Points
    from pandas import DataFrame

STEPS = 30
"""So many edits can be undone."""
_DONE = ("added", "removed", "changed")
"""Ends of napari's actions on points; each has a beginning, too."""


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What the layer holds after an edit, and what else is taken back with that edit."""

    data: NDArray[np.float64]
    features: "DataFrame"
    memory: AtomMemory
    take_back: tuple[Callable[[], None], ...] = ()


class AtomEditing(QObject):
    """Follows the edits of one Points layer of located atoms.

    Parameters
    ----------
    parent : QObject
        To whose life it is tied.
    image : callable
        Returns the image of the atoms, or None where it is not open.
    """

    changed = Signal()
    """Emitted when the atoms, or what is known of them, are others."""
    selected = Signal()
    """Emitted when other atoms are selected."""

    def __init__(self, parent: QObject, image: "Callable[[], Image | None]") -> None:
        super().__init__(parent)
        self._image = image
        self._states: list[_State] = []
        self._is_busy = False
        self._inside = KeptInside()
        self._data = LayerFollower(self, self._on_data, "data")
        self._features = LayerFollower(self, self._on_edit, "properties")
        self._selection: Any = None
        self.destroyed.connect(lambda *_: self._follow_selection(None))

    @property
    def points(self) -> "Points | None":
        """The layer, or None."""
        points: Points | None = self._data.layer
        return points

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to undo."""
        return len(self._states) > 1

    def follow(self, points: "Points | None") -> None:
        """Follow another layer, or none; what was done to the one before can no longer be undone."""
        self._data.follow(points)
        self._features.follow(points)
        self._follow_selection(points)
        self._states = []
        self._on_edit()

    def counts(self) -> dict[str, int]:
        """Count the edits of each kind."""
        edits = None if self.points is None else edits_of(self.points)
        return {} if edits is None else {str(k): int(n) for k, n in edits["edited"].value_counts().items()}

    def undo(self) -> None:
        """Take the last edit back."""
        if self.can_undo:
            undone = self._states.pop()
            self._put(self._states[-1])
            for take_back in undone.take_back:
                take_back()
            self.changed.emit()

    def discard(self) -> None:
        """Take all edits back, those before the dock was opened, too; that can be undone."""
        if self.points is not None:
            with self.as_one_edit():
                reset_atoms(self.points)

    @contextmanager
    def as_one_edit(self) -> "Iterator[list[Callable[[], None]]]":
        """Count what is done meanwhile as one edit.

        Yields
        ------
        list of callable
            Empty; what is put there is called when the edit is undone.
        """
        self._is_busy = True
        take_back: list[Callable[[], None]] = []
        try:
            yield take_back
        finally:
            self._is_busy = False
            self._on_edit(take_back=take_back)

    def assign(self, feature: str, value: object) -> None:
        """Give the selected atoms a feature, or the next one where none is selected or atoms are being added."""
        points = self.points
        if points is None:
            return
        if points.mode != "add" and points.selected_data:
            features = points.features.copy()
            features.loc[sorted(points.selected_data), feature] = value
            points.features = features
            return
        points.selected_data = set()
        defaults = points.feature_defaults.iloc[0].to_dict()
        points.feature_defaults = {**defaults, feature: value}

    def select(self, atoms: "Iterable[int]") -> None:
        """Select atoms by their index in the layer."""
        if self.points is not None:
            self.points.selected_data = {int(atom) for atom in atoms}
            self.points.refresh()

    def _follow_selection(self, points: "Points | None") -> None:
        if self._selection is not None:
            self._selection.events.items_changed.disconnect(self._on_selection)
        self._selection = None if points is None else points.selected_data
        if self._selection is not None:
            self._selection.events.items_changed.connect(self._on_selection)

    def _on_selection(self, _event: object = None) -> None:
        self.selected.emit()

    def _on_data(self, event: Any) -> None:
        action = str(getattr(event, "action", "")).rpartition(".")[2].lower()
        if not self._is_busy and self._is_taken_away(event):
            return
        if action == "added" and not self._is_busy:
            self._number(event)
        if action in _DONE:
            self._on_edit()

    def _is_taken_away(self, event: Any) -> bool:
        """Take back what lies beside the image; return whether atoms were added there, which then is no edit."""
        assert self.points is not None, "only the layer that is followed tells of its atoms"
        self._is_busy = True
        try:
            return self._inside.take_back(self.points, self._image(), event)
        finally:
            self._is_busy = False

    def _number(self, event: Any) -> None:
        """Give atoms that are clicked no number; napari copies that of the one that was selected last."""
        assert self.points is not None, "only the layer that is followed tells of its atoms"
        clicked = [index for index in event.data_indices if index < 0]
        if clicked:
            features = self.points.features.copy()
            features.loc[features.index[clicked], ATOM] = NEW
            self.points.features = features

    def _on_edit(self, _event: object = None, *, take_back: "Iterable[Callable[[], None]]" = ()) -> None:
        if self._is_busy:
            return
        points = self.points
        if points is not None and memory_of(points) is not None:
            self._mark(points)
            self._note(points, tuple(take_back))
        self.changed.emit()

    def _mark(self, points: "Points") -> None:
        """Write what was done to each atom into its features, and clear what was measured elsewhere."""
        fresh = points.features.reset_index(drop=True).copy()
        for name, column in features_of(marked_table(points)).items():
            fresh[name] = column
        if not fresh.equals(points.features):
            self._is_busy = True
            points.features = fresh
            self._is_busy = False

    def _note(self, points: "Points", take_back: tuple[Callable[[], None], ...]) -> None:
        now = _State(np.array(points.data), points.features.copy(), points.metadata[MEMORY], take_back)
        if self._states and self._states[-1].memory.computed is not now.memory.computed:
            self._states = []  # computed anew: what was done to the atoms before can no longer be undone
        if self._states and not take_back:
            last = self._states[-1]
            is_same = now.memory is last.memory and np.array_equal(last.data, now.data)
            if is_same and last.features.equals(now.features):
                return
        self._states = [*self._states[-STEPS:], now]

    def _put(self, state: _State) -> None:
        assert self.points is not None, "without a layer nothing was noted"
        self._is_busy = True
        self.points.selected_data = set()
        self.points.data = state.data.copy()
        self.points.features = state.features.copy()
        self.points.metadata = {**self.points.metadata, MEMORY: state.memory}
        self._is_busy = False
