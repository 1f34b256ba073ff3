"""Sends what is painted while a network trains to the training, without holding the window up."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points
from qtpy.QtCore import QObject, QTimer, Signal

from napari_strata.errors import LabelsError, StrataError
from napari_strata.requests import Correction
from napari_strata.types import BACKGROUND, AnyArray
from napari_strata.widgets.layers.label_memory import class_table_of, crystal_layer_of, is_drawn, labels_of
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.live.atom_changes import AtomChanges
from napari_strata.widgets.live.label_changes import Known, LabelChanges
from napari_strata.widgets.parts.connections import connect_while_alive

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer

    from napari_strata.widgets.live.plan import TrainPlan

INTERVAL = 250
"""Time between two looks [ms]."""
BUDGET = 0.004
"""Longest look [s]."""
SLAB = 1 << 20
"""Pixels of a slice that are copied at a time."""
Changes = LabelChanges | AtomChanges


@dataclass(slots=True)
class _Slice:
    """A slice of the image that is being copied for the training, and what waits for it."""

    pixels: AnyArray
    rows: int
    waiting: list[Correction]


class CorrectionWatch(QObject):
    """Follows the labels that a training learns from, while it runs.

    Where labels were chosen to learn from, those are followed, and new ones in place of those that are removed; on
    simulated crystals all labels and atoms of the image are, as far as they change from now on.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to follow.
    plan : TrainPlan
        What the training began with.
    image : Image
        What is painted on.
    post : callable
        Sends a correction to the training.
    is_ready : callable
        Tells whether the training takes requests yet.
    """

    changed = Signal()
    """Other layers are followed now."""
    refused = Signal(str)
    """Why something that was painted is not learned, in words; once for each layer."""

    def __init__(
        self,
        viewer: "Viewer",
        plan: "TrainPlan",
        image: "Image",
        post: Callable[[Correction], None],
        is_ready: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._plan, self._image = viewer, plan, image
        self._post, self._is_ready = post, is_ready
        self._changes: list[Changes] = []
        self._refused: set[object] = set()
        self._known = set() if plan.learned is None else set(plan.learned.frames)
        self._copied: dict[int, _Slice] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        connect_while_alive(self, self._on_removed, viewer.layers.events.removed)
        self._follow(plan.layers or labels_of(image, viewer.layers), at_start=True)
        connect_while_alive(self, self._on_inserted, viewer.layers.events.inserted)

    @property
    def layers(self) -> "list[Labels | Points]":
        """The layers that are followed, by crystal layer."""
        return [one.napari_layer for one in sorted(self._changes, key=lambda one: one.layer)]

    def end(self) -> None:
        """Follow nothing any more."""
        self._timer.stop()
        for changes in self._changes:
            changes.end()
        self._changes = []
        self._copied = {}
        self.deleteLater()

    def _follow(self, layers: "Iterable[Labels | Points]", *, at_start: bool) -> None:
        for one in layers:
            try:
                self._changes.append(self._changes_of(one, at_start=at_start))
            except StrataError as error:
                self._refuse(one, str(error))

    def _changes_of(self, one: "Labels | Points", *, at_start: bool) -> Changes:
        learned, classes = self._plan.learned, self._plan.classes
        was_learned = learned is not None and one in self._plan.layers
        layer = self._plan.layers.index(one) if was_learned else crystal_layer_of(one)
        if not was_learned:
            _check(one, self._plan)
        if isinstance(one, Points):
            return AtomChanges(one, self._image, layer=layer)
        known: Known | None = None
        if learned is not None and was_learned:
            known = _known_of(learned.frames, learned.codes[:, layer])
        elif not at_start:
            known = _nothing
        return LabelChanges(
            self._viewer,
            one,
            layer=layer,
            largest=BACKGROUND + len(classes.classes),
            without_model=learned is not None and learned.without_model,
            known=known,
        )

    def _look(self) -> None:
        if not self._is_ready():
            return
        until = time.monotonic() + BUDGET
        for changes in self._changes:
            for correction in changes.find(until):
                self._send(correction)
            if changes.strange:
                self._refuse(changes.napari_layer, _strange(changes.napari_layer.name, changes.strange))
            if not changes.fits:
                self._refuse(changes.napari_layer, f"{changes.napari_layer.name} no longer fits its image.")
        for frame in list(self._copied):
            self._copy(frame, until)

    def _send(self, correction: Correction) -> None:
        """Post a correction, or let it wait until the slice that it belongs to is copied."""
        frame = correction.frame
        if frame in self._known:
            self._post(correction)
            return
        if frame not in self._copied:
            if not correction.codes.any():
                return
            data = full_data(self._image)
            self._copied[frame] = _Slice(np.empty(data.shape[-2:], data.dtype), 0, [])
        self._copied[frame].waiting.append(correction)

    def _copy(self, frame: int, until: float) -> None:
        """Copy a slice little by little; when it is there, post what waited for it."""
        slice_, data = self._copied[frame], full_data(self._image)
        shown = data[frame] if self._image.ndim == 3 else data
        height, width = slice_.pixels.shape
        step = max(1, SLAB // width) if isinstance(data, np.ndarray) else height
        while slice_.rows < height and (time.monotonic() < until or slice_.rows == 0):
            rows = slice(slice_.rows, slice_.rows + step)
            slice_.pixels[rows] = shown[rows]
            slice_.rows += step
        if slice_.rows >= height:
            del self._copied[frame]
            self._known.add(frame)
            first, *rest = slice_.waiting
            self._post(replace(first, pixels=slice_.pixels, pixel_size=self._plan.pixel_size))
            for correction in rest:
                self._post(correction)

    def _refuse(self, one: "Labels | Points", words: str) -> None:
        if one.unique_id not in self._refused:
            self._refused.add(one.unique_id)
            self.refused.emit(words)

    def _on_inserted(self, event: Any) -> None:
        one = event.value
        if is_drawn(one) and one in labels_of(self._image, self._viewer.layers) and self._is_wanted(one):
            self._follow([one], at_start=False)
            self.changed.emit()

    def _is_wanted(self, one: "Labels | Points") -> bool:
        """Tell whether new labels are followed: any on simulated crystals, else those in place of removed ones."""
        return not self._plan.layers or crystal_layer_of(one) not in {changes.layer for changes in self._changes}

    def _on_removed(self, event: Any) -> None:
        gone = event.value
        for changes in [one for one in self._changes if one.napari_layer == gone]:
            changes.end()
            self._changes.remove(changes)
            self.changed.emit()


def _check(one: "Labels | Points", plan: "TrainPlan") -> None:
    """Check that the codes of labels mean what the outputs of the network mean.

    Raises
    ------
    LabelsError
        If they do not.
    """
    names, known = class_table_of(one).names, plan.classes.names
    if names != known and not len(names) == len(known) == 1:
        raise LabelsError(
            f"{one.name} has the classes {', '.join(names)}, the network {', '.join(known)}: what is "
            "painted there is not learned now.",
            remedy="Press 'Paint' in the Corrections dock for labels that fit.",
        )
    if crystal_layer_of(one) >= plan.config.model.layers:
        raise LabelsError(
            f"{one.name} belongs to crystal layer {crystal_layer_of(one)}, the network has "
            f"{plan.config.model.layers}: what is painted there is not learned now.",
            remedy="Press 'Paint' in the Corrections dock for labels that fit.",
        )


def _strange(name: str, code: int) -> str:
    return (
        f"{name} holds a class (code {code}) that came after the training began: it is not learned now. Stop, and "
        "train again: a new training begins with all classes of the table."
    )


def _known_of(frames: tuple[int, ...], codes: AnyArray) -> Known:
    """Give the slices of a copy, shape (slice, y, x), by their frames."""
    places = {frame: place for place, frame in enumerate(frames)}
    return lambda frame: codes[places[frame]] if frame in places else None


def _nothing(_frame: int) -> None:
    """Know nothing of a slice."""
