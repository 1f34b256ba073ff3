"""The layers that the doctor looks at, as it takes them, and whether they have changed since."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_strata.annotation.doctor.examination import Examination
from napari_strata.annotation.doctor.facts import Expectations, LayerFacts
from napari_strata.annotation.doctor.finding import Finding, Place, Severity
from napari_strata.annotation.doctor.measure import digest_of
from napari_strata.annotation.doctor.subject import LayerLabels, Subject, slice_of
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.label_memory import class_table_of, crystal_layer_of, others_of
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.numbered_objects import holds_objects
from napari_strata.widgets.layers.world import between, from_world
from napari_strata.widgets.parts.connections import connect_while_alive

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer

_Connection = tuple[Any, Callable[..., Any]]
"""An emitter of napari, and what it calls."""
PATIENCE = 300
"""Time from the last change of what is shown to a look whether its pixels have changed [ms]."""


@dataclass(frozen=True, slots=True)
class Examined:
    """An image and the labels of its crystal layers, as they were when the check was started.

    Attributes
    ----------
    image : Image
        The image.
    labels : tuple of Labels
        Its labels, one napari layer per crystal layer.
    table : ClassTable or None
        Their class table; None where they hold more codes than a table has.
    """

    image: "Image"
    labels: "tuple[Labels, ...]"
    table: ClassTable | None

    @classmethod
    def of(cls, viewer: "Viewer", image: "Image", labels: "Labels") -> "Examined":
        """Take the image and the labels together with those of the other crystal layers."""
        members = sorted([labels, *others_of(labels, viewer.layers)], key=crystal_layer_of)
        return cls(image, tuple(members), _table_of(labels))

    def subject(self) -> Subject:
        """Return what the job looks at: the arrays themselves, for a copy of a stack may not fit into memory.

        A stroke that is painted meanwhile may or may not be seen; it makes the result out of date anyway.
        """
        return Subject(
            full_data(self.image),
            self.image.name,
            tuple(_placed(one, self.image) for one in self.labels),
            calibration_of(self.image).value,
            is_colour=self.image.rgb,
        )

    def expectations(self) -> Expectations:
        """Return what is known of the training: labels of several crystal layers are of atoms."""
        return Expectations(self.table, has_atoms=True if len(self.labels) > 1 else None)


def numbers_of_objects(examined: Examined) -> tuple[Finding, ...]:
    """Return a finding for each layer that numbers objects, and holds no mask codes."""
    message = "It holds numbers of objects, and no mask codes."
    remedy = "Press 'Objects to classes' in the Label dock, and learn from the labels that it adds."
    return tuple(
        Finding("label-type", Severity.ERROR, Place(examined.image.name, one.name), message, remedy)
        for one in examined.labels
        if holds_objects(one)
    )


class ExaminedWatch(QObject):
    """Tells when what was examined is no longer as it was.

    Painting and other data are told at once. Of undo, redo and other classes napari tells only that something
    is shown anew: they are known by the table and by the pixels of the slice that is shown; and where the viewer
    stayed at its place, of the hidden slices too, which are looked at one by one.

    Parameters
    ----------
    viewer : Viewer
        Where the layers are shown.
    parent : QObject
        Who wants to know.
    """

    changed = Signal()
    """Emitted at the first change."""

    def __init__(self, viewer: "Viewer", parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._examined: Examined | None = None
        self._examination: Examination | None = None
        connected: list[_Connection] = []
        self._connected = connected
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PATIENCE)
        self._timer.timeout.connect(self._compare)
        self._at: tuple[float, ...] = ()
        self._stayed = False
        self._hidden: Iterator[tuple[Labels, LayerFacts, int]] = iter(())
        self._next = QTimer(self)
        self._next.timeout.connect(self._compare_hidden)
        connect_while_alive(self, self._on_removed, viewer.layers.events.removed)
        self.destroyed.connect(lambda *_: _disconnect(connected))

    def start(self, examined: Examined) -> None:
        """Watch the layers of a check that begins."""
        self.stop()
        self._examined = examined
        self._at, self._stayed = tuple(self._viewer.dims.point), False
        self._follow(examined.image, self._on_change, "data", "scale", "translate", "units")
        for one in examined.labels:
            self._follow(one, self._on_change, "paint", "data", "scale", "translate", "units")
            self._follow(one, self._on_shown, "set_data")

    def compare_with(self, examination: Examination) -> None:
        """Take what was measured, to compare what is shown with it."""
        self._examination = examination

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.stop()
        self._next.stop()
        _disconnect(self._connected)
        self._examined = self._examination = None

    def _follow(self, napari_layer: Any, slot: Callable[..., Any], *events: str) -> None:
        for name in events:
            emitter = getattr(napari_layer.events, name)
            emitter.connect(slot)
            self._connected.append((emitter, slot))

    def _on_change(self, _event: object = None) -> None:
        if self._examined is not None:
            self.stop()
            self.changed.emit()

    def _on_removed(self, event: Any) -> None:
        examined = self._examined
        if examined is not None and event.value in (examined.image, *examined.labels):
            self._on_change()

    def _on_shown(self, _event: object = None) -> None:
        at = tuple(self._viewer.dims.point)
        self._stayed |= at == self._at
        self._at = at
        self._timer.start()

    def _compare(self) -> None:
        examined, examination = self._examined, self._examination
        if examined is None or examination is None or not examination.survey.subjects:
            return
        layers = examination.survey.subjects[0].layers
        pairs = list(zip(examined.labels, layers, strict=True))
        shown = ((labels, facts, self._shown_frame(labels)) for labels, facts in pairs)
        if _table_of(examined.labels[0]) != examined.table or any(_has_changed(*one) for one in shown):
            self._on_change()
        elif self._stayed:
            self._stayed = False
            self._hidden = (
                (labels, facts, frame) for labels, facts in pairs for frame in range(len(facts.slices))
            )
            self._next.start(0)

    def _compare_hidden(self) -> None:
        """Look at one more slice; all of them at once would hold up the window."""
        one = next(self._hidden, None)
        if one is None:
            self._next.stop()
        elif _has_changed(*one):
            self._on_change()

    def _shown_frame(self, labels: "Labels") -> int:
        if labels.ndim == 2:
            return 0
        at = from_world(labels, self._viewer, self._viewer.dims.point)[0]
        return int(np.clip(round(float(at)), 0, len(full_data(labels)) - 1))


def _has_changed(labels: "Labels", facts: LayerFacts, frame: int) -> bool:
    """Tell whether a slice has other pixels than when it was measured."""
    is_known = frame < len(facts.slices)
    return is_known and facts.slices[frame].digest != digest_of(slice_of(full_data(labels), frame))


def _disconnect(connected: list[_Connection]) -> None:
    for emitter, slot in connected:
        emitter.disconnect(slot)
    connected.clear()


def _table_of(labels: "Labels") -> ClassTable | None:
    try:
        return class_table_of(labels)
    except LabelsError:
        return None


def _placed(labels: "Labels", image: "Image") -> LayerLabels:
    """Return labels and where they lie on the image."""
    data = full_data(labels)
    if labels.ndim != image.ndim:
        return LayerLabels(data, labels.name)
    leading = (0,) * (labels.ndim - 2)
    corners = [(*leading, 0, 0), (*leading, *(side - 1 for side in data.shape[-2:]))]
    first, last = between(labels, image, corners)[:, -2:]
    ratios = (last - first) / np.maximum(np.array(data.shape[-2:]) - 1, 1)
    ratio = ratios[np.argmax(np.abs(ratios - 1))]
    return LayerLabels(data, labels.name, pixel_ratio=float(ratio), shift=(float(first[0]), float(first[1])))
