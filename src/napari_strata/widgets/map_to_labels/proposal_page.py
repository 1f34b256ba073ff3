"""Makes a mask of a map, shows it in stripes, and sends it to labels as one step for undo."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.tools.edit import edit_between, in_words
from napari_strata.annotation.tools.region import paint_region
from napari_strata.config import ProposalConfig
from napari_strata.errors import LabelsError, TargetError
from napari_strata.events import JobResult
from napari_strata.types import NOT_LABELLED
from napari_strata.widgets.layers.label_memory import crystal_layer_of, group_of, mates_of
from napari_strata.widgets.layers.label_target import LabelTarget
from napari_strata.widgets.layers.layer_data import check_kind, full_data
from napari_strata.widgets.layers.preview_overlay import PreviewOverlay
from napari_strata.widgets.map_to_labels.class_choice import ClassChoice
from napari_strata.widgets.map_to_labels.map_values import map_values
from napari_strata.widgets.map_to_labels.map_view import MapViewForm
from napari_strata.widgets.map_to_labels.pixel_words import pixels
from napari_strata.widgets.map_to_labels.proposing import Request, make_job, paint_after_map
from napari_strata.widgets.map_to_labels.undone_words import UndoneWords
from napari_strata.widgets.maps.asked import EXPLANATION
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import form_layout, row_label
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.number_boxes import NumberBox
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.viewer import Viewer

LEAST_KEPT = 0.25
"""A cut that keeps a smaller part of the pixels above the threshold is spoken of."""
_HINT = "Press 'Propose': yellow stripes show what would be painted."
_STALE = "The map or a setting changed: press 'Propose' again."
_GONE = "The map or its image was removed or replaced meanwhile; the proposal was dropped."
_NO_CLASS = "Choose a class."
_UNDONE = "Undo took the paint away."
_REPLACE = "May replace other paint"
_OTHER_IMAGE = "These labels belong to another image than the map: choose labels of {name}."
_OTHER_LAYER = (
    "The map is of crystal layer {of_map}, these labels are of layer {of_labels}: choose labels of layer {of_map},"
    " or tick that they are right."
)


class ProposalPage(QWidget):
    """Proposes what to label after a map.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    view : MapViewForm
        Which map, and where it counts.
    """

    def __init__(self, viewer: "Viewer", view: MapViewForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._view = viewer, view
        self._request: Request | None = None
        self._proposed: tuple[Request, NDArray[np.bool_]] | None = None
        self.how, self.evidence = ChoiceBox(), ChoiceBox()
        self.smoothness = NumberBox(0, 100)
        self.panel = JobPanel(QPushButton("Propose"))
        self.target = LabelTarget(viewer)
        self.classes = ClassChoice(self.target, view.map)
        self.replaces = QCheckBox(_REPLACE)
        self.send_button, self.drop_button = QPushButton("Send to labels"), QPushButton("Drop")
        self.takes_layer = QCheckBox("These labels are right")
        self.reason = Words()
        self.overlay = PreviewOverlay(viewer)
        self._undone = UndoneWords(self, self.panel, _UNDONE)
        self._lay_out()
        self._connect()
        self._on_how()
        self._refresh()

    def drop(self) -> None:
        """Drop what is proposed."""
        self._proposed = None
        self.overlay.hide()
        self._refresh()

    def _lay_out(self) -> None:
        self.how.addItem("Threshold", "threshold")
        self.how.addItem("Graph cut along edges", "graph-cut")
        self.evidence.addItem("the map", "map")
        self.evidence.addItem("the map and the image", "map-and-image")
        self.smoothness.set_value(ProposalConfig().smoothness)
        form = self._form = form_layout()
        for text, widget, tip in (
            ("Propose by", self.how, "A cut follows edges of the image near the threshold."),
            ("Sides told by", self.evidence, "With the image, also by how bright both sides of the cut are."),
            ("Smoothness", self.smoothness, "Weight of a short outline along edges; 0 is the threshold."),
        ):
            widget.setToolTip(tip)
            form.addRow(row_label(text), widget)
        rows = self.target.layout()
        for hidden in (self.target.image_choice, self.target.classes):
            rows.labelForField(hidden).hide()
            hidden.hide()
        self.target.keep.hide()
        class_row = form_layout()
        class_row.addRow(row_label("Class"), self.classes)
        self.panel.start_button.setToolTip(_HINT)
        self.replaces.setToolTip(
            "Otherwise what is painted already stays, and only unlabelled pixels are painted."
        )
        self.send_button.setToolTip("Paints the proposal in the chosen class; one step for undo (Ctrl+Z).")
        self.takes_layer.setToolTip("Labels may number the crystal layers otherwise than the model does.")
        self.drop_button.setToolTip("Takes the stripes away.")
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.panel)
        layout.addWidget(self.target)
        layout.addLayout(class_row)
        layout.addWidget(self.replaces)
        layout.addWidget(self.takes_layer)
        layout.addWidget(self.reason)
        row = QHBoxLayout()
        row.addWidget(self.send_button, 1)
        row.addWidget(self.drop_button)
        layout.addLayout(row)
        layout.addStretch(1)

    def _connect(self) -> None:
        self.how.currentIndexChanged.connect(self._on_how)
        for changed in (self.evidence.currentIndexChanged, self.smoothness.valueChanged, self._view.changed):
            changed.connect(self._on_changed)
        self._view.map.chosen.connect(lambda _layer: self._pair())
        self.target.labels_choice.chosen.connect(lambda _layer: self.takes_layer.setChecked(False))
        self.takes_layer.clicked.connect(lambda _checked: self._refresh())
        self.panel.start_button.clicked.connect(self.panel.guarded(self._start))
        self.panel.brought.connect(self.panel.guarded(self._on_result))
        self.target.changed.connect(self._refresh)
        self.classes.chosen.connect(self._refresh)
        self.send_button.clicked.connect(self.panel.guarded(self._send))
        self.drop_button.clicked.connect(lambda _checked=False: self.drop())

    def _on_how(self, _index: int = 0) -> None:
        cuts = self.how.currentData() == "graph-cut"
        for widget in (self.evidence, self.smoothness):
            widget.setVisible(cuts)
            self._form.labelForField(widget).setVisible(cuts)
        self._on_changed()

    def _on_changed(self, _value: object = None) -> None:
        """Drop a proposal that another threshold would not make."""
        if self._proposed is not None:
            self.drop()
            self.panel.say(_STALE)
        self._refresh()

    def _refresh(self) -> None:
        obstacle = self._view.obstacle
        self.panel.set_obstacle(obstacle)
        if not obstacle and not self.panel.words.text():
            self.panel.say(_HINT)
        image = self._view.image
        if image is not None and self.target.image != image:
            self.target.image_choice.choose(image)
        reason = self._why_not_sent()
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        self.takes_layer.setVisible(self._proposed is not None and self._other_layer() is not None)
        self.drop_button.setEnabled(self._proposed is not None)
        self.send_button.setEnabled(self._proposed is not None and not reason)

    def _why_not_sent(self) -> str:
        """Say why a proposal cannot be sent; nothing where it can, or where there is none."""
        if self._proposed is None:
            return ""
        request, target = self._proposed[0], self.target
        if obstacle := target.obstacle(needs_class=False):
            return obstacle
        if target.image is not request.image:
            return _OTHER_IMAGE.format(name=request.image.name)
        other = self._other_layer()
        if other is not None and not self.takes_layer.isChecked():
            return _OTHER_LAYER.format(of_map=request.asked["layer"], of_labels=other)
        return _NO_CLASS if self.classes.code == NOT_LABELLED else ""

    def _other_layer(self) -> int | None:
        """Return the crystal layer of the labels where it is another one than the map's."""
        labels, map_layer = self.target.labels, self._view.map_layer
        if labels is None or map_layer is None or not group_of(labels):
            return None
        layer = crystal_layer_of(labels)
        return None if layer == map_layer.metadata[EXPLANATION]["layer"] else layer

    def _pair(self) -> None:
        """Choose labels of the map's crystal layer, unless somebody chose others by hand."""
        labels, map_layer = self.target.labels, self._view.map_layer
        is_other = self._other_layer() is not None and not self.target.labels_choice.is_by_hand
        if is_other and labels is not None and map_layer is not None:
            wanted = map_layer.metadata[EXPLANATION]["layer"]
            mates = mates_of(labels, self._viewer.layers)
            for mate in [one for one in mates if crystal_layer_of(one) == wanted][:1]:
                self.target.labels_choice.choose(mate)
        self._refresh()

    def _start(self, _checked: bool = False) -> None:
        self.panel.runner.check_idle()
        layer, image = self._view.map_layer, self._view.image
        if layer is None or image is None:
            raise TargetError("There is no map of an image that is open.", remedy="Explain a target first.")
        check_kind(image)
        heatmap, frame = map_values(self._viewer, layer)
        pixels = np.array(full_data(image)[frame] if image.ndim == 3 else full_data(image))
        settings = {
            "how": self.how.currentData(),
            "evidence": self.evidence.currentData(),
            "smoothness": self.smoothness.value(),
        }
        config = self._view.threshold.model_copy(update=settings)
        asked = dict(layer.metadata[EXPLANATION])
        self.drop()
        request = Request(layer, image, layer.data, np.array(heatmap), pixels, frame, config, asked)
        self._request = request
        self.panel.run(partial(make_job, request), name=f"Proposing labels for {image.name}")

    def _on_result(self, result: JobResult) -> None:
        request, self._request = self._request, None
        assert request is not None, "a job ended that was never started"
        if not request.is_there(self._viewer):
            self.panel.say(_GONE)
            return
        if request.config != self._view.threshold.model_copy(
            update={name: getattr(request.config, name) for name in ("how", "evidence", "smoothness")}
        ):
            self.panel.say(_STALE)
            return
        mask: NDArray[np.bool_] = result.value
        self._proposed = (request, mask)
        self.overlay.show(request.image, request.frame, mask)
        said = f"{pixels(result.figures['pixels'])} proposed. Choose labels and a class, and send them."
        above = result.figures["above"]
        if result.figures["pixels"] < LEAST_KEPT * above:
            said += f" Only so few of the {above:,} above the threshold: a lower smoothness keeps more."
        self.panel.say(said)
        self._pair()

    def _send(self, _checked: bool = False) -> None:
        """Write what is proposed into the labels."""
        assert self._proposed is not None, "the button is dead without"
        request, mask = self._proposed
        if not request.is_there(self._viewer):
            self.drop()
            raise TargetError(_GONE, remedy="Propose again.")
        target, labels = self.target, self.target.labels
        if reason := self._why_not_sent():
            raise LabelsError("Nothing was sent.", remedy=reason)
        assert labels is not None, "there is a reason without labels"
        code = self.classes.code
        codes = target.codes(slice(request.frame, request.frame + 1))
        spares = not self.replaces.isChecked() or target.only_unlabelled
        painted = mask & (codes[0] != NOT_LABELLED) & (codes[0] != code)
        new = paint_region(codes[0], mask, code, only_unlabelled=spares)
        edit = edit_between(codes, new[None])
        said = " ".join([in_words(edit.counts, target.names), *_of_paint(int(painted.sum()), spares)])
        drawn = paint_after_map(labels, edit, request, code)
        self.drop()
        self.panel.say(said)
        if drawn is not None:
            self._undone.say(said, labels, drawn)


def _of_paint(count: int, spares: bool) -> list[str]:
    """Say what became of other paint in the proposal."""
    if not count:
        return []
    if spares:
        return [f"Other paint stayed on {pixels(count)}: tick '{_REPLACE}' where it is wrong."]
    return [f"Other paint was replaced on {pixels(count)}."]
