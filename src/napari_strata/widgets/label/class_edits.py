"""Reorders, merges and deletes classes in all labels of a group; undone in one of them, it is undone in all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from napari_strata.annotation.recoding import Recoding
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.label_history import LabelHistory
from napari_strata.widgets.layers.label_memory import class_table_of
from napari_strata.widgets.layers.label_step import slices_of, write_step

if TYPE_CHECKING:
    from napari.layers import Labels


class ClassEdits:
    """Changes the codes of all labels of a group together.

    In each Labels layer a change is one undo step. When napari undoes or redoes it in one of them, the others and
    the class table follow: by undo where it was the last step there, too, else by a step of their own that keeps
    what was painted since.

    Parameters
    ----------
    mates_of : callable
        Returns the Labels layers of the group of one of them.
    show : callable
        Shows a change of the class table that pixels have already followed, for the group of a Labels layer.
    """

    def __init__(
        self,
        mates_of: "Callable[[Labels], list[Labels]]",
        show: "Callable[[Labels, Recoding], None]",
    ) -> None:
        self._mates_of, self._show = mates_of, show
        self._histories: WeakKeyDictionary[Labels, LabelHistory] = WeakKeyDictionary()
        self._is_busy = False

    def follow(self, labels: "Labels") -> None:
        """Begin to remember what is painted on the labels of a group."""
        for mate in self._mates_of(labels):
            self._history(mate)

    def apply(self, labels: "Labels", recoding: Recoding) -> None:
        """Change codes and class table of the group of a Labels layer, of all or, where one fails, of none.

        Raises
        ------
        LabelsError
            If a layer cannot be written to.
        """
        written: list[Labels] = []
        with self._busy():
            try:
                for mate in self._mates_of(labels):
                    self._write(mate, recoding)
                    written.append(mate)
            except Exception:
                for mate in written:
                    self._history(mate).undo(recoding)
                raise
        self._show(labels, recoding)

    def _on_undone(self, labels: "Labels", recoding: Recoding) -> None:
        back = recoding.reversed().on(class_table_of(labels))
        self._let_follow(labels, back, lambda history: history.undo(recoding))

    def _on_redone(self, labels: "Labels", recoding: Recoding) -> None:
        again = recoding.on(class_table_of(labels))
        self._let_follow(labels, again, lambda history: history.redo(recoding))

    def _let_follow(self, labels: "Labels", recoding: Recoding, repeat: "Callable[[LabelHistory], bool]") -> None:
        if self._is_busy:
            return
        with self._busy():
            for mate in self._mates_of(labels):
                if mate != labels and not repeat(self._history(mate)):
                    self._write(mate, recoding)
        self._show(labels, recoding)

    def _write(self, labels: "Labels", recoding: Recoding) -> None:
        history = self._history(labels)
        changed = write_step(labels, _recoded(labels, recoding))
        history.mark(recoding, written=changed > 0)

    def _history(self, labels: "Labels") -> LabelHistory:
        if labels not in self._histories:
            self._histories[labels] = LabelHistory(labels, self._on_undone, self._on_redone)
        return self._histories[labels]

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Take what is undone or redone meanwhile for our own doing."""
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False


def _recoded(labels: "Labels", recoding: Recoding) -> Iterator[tuple[tuple[int, ...], AnyArray]]:
    lookup = recoding.lookup
    changed = np.flatnonzero(lookup != np.arange(len(lookup)))
    for place, codes in slices_of(labels):
        if any((codes == code).any() for code in changed):  # most slices of a stack have none of them
            yield place, lookup[codes]
