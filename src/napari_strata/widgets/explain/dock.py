"""The Explain dock: click an atom and see which pixels made the network say so."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from napari.viewer import Viewer
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import QCheckBox, QFormLayout, QLabel, QPushButton, QVBoxLayout

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.errors import TargetError
from napari_strata.events import JobResult
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.quick import QUICK
from napari_strata.jobs.job import Job
from napari_strata.widgets.explain.probe import Probe, Subject
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import heatmap_layer, target_layer
from napari_strata.widgets.layers.results import find_results, remove_results, show_results
from napari_strata.widgets.layers.source import Source, SourceForm
from napari_strata.widgets.layers.targets import Chosen, Place, drawn_region, nearest_atom, place_in
from napari_strata.widgets.layers.world import from_world
from napari_strata.widgets.parts.click import ClickPicker
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import LABEL_WIDTH, ConfigForm
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.parts.proposal import Proposal
from napari_strata.widgets.predict.atom_export import atom_table

if TYPE_CHECKING:
    from napari.layers import Points
    from pandas import DataFrame

    from napari_strata.explain.heatmap import Heatmap

_BUTTON = {"atom": "Pick atom", "pixel": "Pick pixel", "region": "Explain region"}
_HINT = {
    "atom": "Press 'Pick atom', then click near an atom in the image.",
    "pixel": "Press 'Pick pixel', then click a pixel of the image.",
    "region": "Select a shape of a Shapes layer or a label of a Labels layer, then press 'Explain region'.",
}
_ARMED = "Click in the image… (Esc cancels)"
_ARMED_HINT = "Whichever layer is active, the click paints and moves nothing."
_RING = 1.8
"""Diameter of the ring around what is explained [Å]."""
_RING_PX = 14.0
"""The same where the pixel size is not known [px]."""


class ExplainDock(Dock):
    """Lays a heatmap for one atom, pixel or region, and one decoder, over the image.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    library : ModelLibrary, optional
        Whose models to offer; by default a library of its own on the usual folder.
    """

    def __init__(self, viewer: Viewer, library: ModelLibrary | None = None) -> None:
        super().__init__()
        self._viewer = viewer
        self._request: _Request | None = None
        self.source = SourceForm(viewer, library or ModelLibrary())
        self.target = ChoiceBox()
        for kind in _BUTTON:
            self.target.addItem(kind.capitalize(), kind)
        self._kind_proposal = Proposal(lambda kind: self.target.setCurrentIndex(self.target.findData(kind)))
        self.decoder = ChoiceBox()
        self.config = ConfigForm(ExplainConfig)
        self.keep = QCheckBox("Keep earlier heatmaps")
        self.panel = JobPanel(QPushButton())
        self.panel.start_button.setCheckable(True)
        self.picker = ClickPicker(viewer, self)
        self.probe = Probe(viewer, self._take_probed)
        self._lay_out()
        self.source.changed.connect(self._on_source)
        self.target.currentIndexChanged.connect(self._on_target)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._on_button))
        self.panel.brought.connect(self._on_result)
        self.picker.clicked.connect(self.panel.guarded(self._on_click))
        self.picker.armed_changed.connect(self._on_armed)
        self.config.changed.connect(self._show_settings)
        for changed in (self.config.changed, self.target.currentIndexChanged, self.decoder.currentIndexChanged):
            changed.connect(lambda *_: self.probe.forget())
        self._on_target()
        self._on_source()

    @property
    def kind(self) -> str:
        """What is explained: atom, pixel or region."""
        kind: str = self.target.currentData()
        return kind

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the mouse to others."""
        self.picker.disarm()
        super().hideEvent(event)

    def _lay_out(self) -> None:
        self.target.setToolTip("What the heatmap explains.")
        self.decoder.setToolTip("Crystal layer whose decoder is asked.")
        self.keep.setToolTip("Add each heatmap instead of replacing the last one of this method.")
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, box in (("Explain", self.target), ("Layer", self.decoder)):
            label = QLabel(text)
            label.setMinimumWidth(LABEL_WIDTH)
            rows.addRow(label, box)
        layout = QVBoxLayout(self)
        layout.addWidget(self.source)
        layout.addLayout(rows)
        for widget in (self.config, self.keep, self.probe, self.panel):
            layout.addWidget(widget)
        layout.addStretch(1)

    def _on_source(self) -> None:
        self.picker.disarm()
        self.probe.forget()
        self.panel.set_obstacle(self.source.obstacle)
        self._propose_kind()
        self._offer_decoders()

    def _propose_kind(self) -> None:
        """Propose pixels where the size of an atom is not known and the network needs no pixel size."""
        entry = self.source.model.entry
        needs_none = entry is not None and entry.card.model.pixel_size is None
        self._kind_proposal.make("pixel" if needs_none and self.source.pixel_size is None else "atom")

    def _on_target(self, _index: int = 0) -> None:
        self.picker.disarm()
        self.panel.start_button.setText(_BUTTON[self.kind])
        self.panel.start_button.setToolTip(_HINT[self.kind])
        if not self.source.obstacle:
            self.panel.say(_HINT[self.kind])
        self._show_settings()
        self._offer_decoders()

    def _show_settings(self) -> None:
        """Show the settings that the target and the method read."""
        read = {"method", "device", *METHODS[self.config.values().method].settings}
        read |= {"tolerance", "target_radius"} if self.kind == "atom" else set()
        for name in ExplainConfig.model_fields:
            self.config.show_field(name, name in read)

    def _offer_decoders(self) -> None:
        """Offer the chosen model's layers, and for atoms the one that each belongs to."""
        entry, kept = self.source.model.entry, self.decoder.currentData()
        self.decoder.clear()
        if self.kind == "atom":
            self.decoder.addItem("that of the atom", None)
        for layer in range(entry.card.model.layers if entry else 0):
            self.decoder.addItem(f"layer {layer}", layer)
        self.decoder.setCurrentIndex(max(self.decoder.findData(kept), 0))

    def _on_button(self, _checked: bool = False) -> None:
        if not self.panel.start_button.isChecked():
            self.picker.disarm()
        elif self.kind == "region":
            self.panel.start_button.setChecked(False)
            self._explain_region()
        elif self._viewer.dims.ndisplay != 2:
            self.panel.start_button.setChecked(False)
            raise TargetError("A click in 3D has no depth.", remedy="Switch the display to 2D.")
        else:
            self.picker.arm()

    def _on_armed(self, armed: bool) -> None:
        self.panel.start_button.setChecked(armed)
        self.panel.start_button.setText(_ARMED if armed else _BUTTON[self.kind])
        self.panel.say(_ARMED_HINT if armed else self.source.obstacle or _HINT[self.kind])
        if armed:
            self._viewer.status = _ARMED

    def _on_click(self, world: tuple[float, ...]) -> None:
        image = self.source.image.layer
        place = place_in(image, from_world(image, self._viewer, world))
        chosen = self._atom_at(place) if self.kind == "atom" else Chosen("pixel", place, self._layer())
        self.picker.disarm()
        self._explain(chosen)

    def _explain_region(self) -> None:
        image = self.source.image.layer
        at = from_world(image, self._viewer, self._viewer.dims.point)
        frame = int(np.clip(round(at[0]), 0, len(full_data(image)) - 1)) if image.ndim == 3 else 0
        self._explain(drawn_region(self._viewer.layers.selection.active, image, frame, self._layer()))

    def _atom_at(self, place: Place) -> Chosen:
        """Return the atom found nearest to a click.

        Where none was ever found, the job looks for one near the click in the chosen layer.
        """
        points = self._atoms()
        if points is None and self.decoder.currentData() is None and self.decoder.count() > 2:
            raise TargetError(
                "No atoms of this image and model are shown, so the layer of the atom is not known.",
                remedy="Find the atoms in the Predict dock first, or choose a layer.",
            )
        if points is None:
            return Chosen("atom", place, self._layer())
        reach = self.config.values().tolerance / (self.source.pixel_size or 1.0)
        return nearest_atom(points, place, reach=reach, layer=self.decoder.currentData())

    def _atoms(self) -> "Points | None":
        """Return the atoms that this model found in this image."""
        entry = self.source.model.entry
        assert entry is not None, "the button is dead without a model"
        found = find_results(self._viewer, "atoms", self.source.image.layer, model=str(entry.path))
        return found[-1] if found else None

    def _layer(self) -> int:
        return self.decoder.currentData() or 0

    def _take_probed(self) -> Subject:
        """Return what the probe looks at; methods that take many passes, and regions, cannot follow a cursor."""
        source, points, config = self.source.take(), self._atoms(), self.config.values()
        if config.method not in QUICK:
            config = config.model_copy(update={"method": QUICK[0]})
        atoms = None if points is None else atom_table(points, self.source.image.layer)
        kind = "atom" if self.kind == "atom" else "pixel"
        return Subject(source, kind, self.decoder.currentData(), config, atoms)

    def _explain(self, chosen: Chosen) -> None:
        source, points = self.source.take(), self._atoms()
        atoms = None if points is None else atom_table(points, self.source.image.layer)
        request = _Request(source, chosen, self.config.values(), atoms)
        self._request = request
        self.panel.run(lambda control: _make_job(control, request), name=f"Explaining {source.stack.name}")

    def _on_result(self, result: JobResult) -> None:
        request = self._request
        assert request is not None, "a job ended that was never started"
        self._request = None
        if dropped := request.source.why_dropped(self._viewer):
            self.panel.say(dropped)
            return
        heatmap: Heatmap = result.value
        y, x = heatmap.metadata["position"]
        chosen = replace(request.chosen, place=replace(request.chosen.place, y=y, x=x))
        self._show(request, chosen, heatmap)
        where = f"y {y:.1f}, x {x:.1f} px, layer {chosen.layer}"
        self.panel.say(f"{METHODS[request.config.method].title} of the {chosen.kind} at {where}.")

    def _show(self, request: "_Request", chosen: Chosen, heatmap: "Heatmap") -> None:
        origin = request.source.origin
        details = {**heatmap.metadata, "method": request.config.method}
        layer = heatmap_layer(heatmap.data, origin, chosen, details=details)
        show_results(self._viewer, [layer], below="atoms", keep_earlier=self.keep.isChecked())
        remove_results(self._viewer, "target", origin.image)
        pixel_size = request.source.stack.pixel_size
        diameter = _RING_PX if pixel_size is None else _RING / pixel_size
        show_results(self._viewer, [target_layer(origin, chosen.place, diameter=diameter)])


@dataclass(frozen=True, slots=True)
class _Request:
    """What was asked for when the job was started."""

    source: Source
    chosen: Chosen
    config: ExplainConfig
    atoms: "DataFrame | None"


def _make_job(control: JobControl, request: _Request) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.explain.question import Question
    from napari_strata.jobs.explain import explain

    source, chosen = request.source, request.chosen
    return explain(
        control,
        source.entry.path,
        source.stack,
        frame=chosen.place.frame,
        question=Question(chosen.as_target(), chosen.layer),
        config=request.config,
        atoms=request.atoms,
    )
