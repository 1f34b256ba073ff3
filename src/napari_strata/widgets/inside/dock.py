"""The Inside the network dock: feature maps, kernels, best patches, and images made from activations."""

from functools import partial
from typing import TYPE_CHECKING, Any

from napari.viewer import Viewer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.config import InsideConfig
from napari_strata.control import JobState
from napari_strata.errors import MethodError
from napari_strata.events import JobEnded, JobEvent, JobResult, Sketched
from napari_strata.jobs.inside import Inside, Inversion, Part
from napari_strata.widgets.doctor.place import show_region
from napari_strata.widgets.inside.layers import (
    ACTIVATIONS,
    PATCHES,
    ROLES,
    activation_layer,
    for_image,
    grey_limits,
    inversion_layer,
    kernel_layer,
    patch_layer,
)
from napari_strata.widgets.inside.patch_list import PatchList
from napari_strata.widgets.inside.request import Request, browse_job, list_job
from napari_strata.widgets.layers.camera import Camera, WideView, camera_of, fit
from napari_strata.widgets.layers.napari_layers import Origin
from napari_strata.widgets.layers.results import find_results, remove_results, show_results
from napari_strata.widgets.layers.shown_atoms import shown_frame
from napari_strata.widgets.layers.source import SourceForm
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import ConfigForm, form_layout, row_label
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.models import ModelEntry, ModelLibrary
from napari_strata.widgets.parts.notify import in_words
from napari_strata.widgets.parts.number_boxes import IntegerBox
from napari_strata.widgets.parts.removal_stop import RemovalStop
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.layers import Image, Layer

    from napari_strata.explain.browse.patches import Patch

_READING = "Reading the model…"
_HINT = "Choose a feature map. Its channels become a stack on the image."
_PATCH_SIDE = 160.0
"""A patch is magnified until it is so long on the screen [screen px]."""
_BUTTONS: tuple[tuple[Part, str, str], ...] = (
    (
        "kernels",
        "Show kernels",
        "The kernels of the first convolution, beside the image: blue below 0, red above.",
    ),
    ("patches", "Best patches", "Where the channel is highest in the image or stack, and what it sees there."),
    ("inversion", "Invert", "Make an image from the activations alone: what the layer keeps of the image."),
)
_SETTINGS = ("patches", "steps", "rate", "smoothness", "norm", "seed", "device")


class InsideDock(Dock):
    """Shows what is in a network, on the image.

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
        self._request: Request | None = None
        self._patches_of: Request | None = None
        self._inverted: Image | None = None
        self._wide = WideView(viewer)
        self._at_patch: Camera | None = None
        self._listed: ModelEntry | None = None
        self._fault = ""
        self.source = SourceForm(viewer, library or ModelLibrary())
        self.feature_map, self.channel = ChoiceBox(), IntegerBox(0, 0)
        self.facts = Words()
        self.config = ConfigForm(InsideConfig, fields=_SETTINGS)
        self.panel = JobPanel(QPushButton("Show activations"))
        self._removal = RemovalStop(viewer, self.panel)
        self.buttons = {part: QPushButton(text) for part, text, _ in _BUTTONS}
        self.patches = PatchList()
        self.listing = JobRunner(self)
        self._lay_out()
        self._connect()
        self._list_maps()
        self._show_obstacle()

    def _lay_out(self) -> None:
        self.feature_map.setToolTip("Which layer of the network. Level 1 is the finest.")
        self.channel.setToolTip("Channel of the feature map; it follows the slider below the image.")
        self.panel.start_button.setToolTip("What every channel shows of the image, as a stack to slide through.")
        rows = form_layout()
        rows.addRow(row_label("Feature map"), self.feature_map)
        rows.addRow("", self.facts)
        rows.addRow(row_label("Channel"), self.channel)
        row = QHBoxLayout()
        for part, _, tip in _BUTTONS:
            self.buttons[part].setToolTip(tip)
            row.addWidget(self.buttons[part])
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addWidget(self.source)
        layout.addLayout(rows)
        layout.addWidget(self.config)
        layout.addLayout(row)
        layout.addWidget(self.panel)
        self.patches_title = QLabel()
        self.patches_title.setWordWrap(True)
        self.patches_title.hide()
        layout.addWidget(self.patches_title)
        layout.addWidget(self.patches)
        layout.addStretch(1)
        self.scroll(content)

    def _connect(self) -> None:
        self.source.changed.connect(self._show_obstacle)
        self.source.model.chosen.connect(self._list_maps)
        self.listing.ended.connect(self._on_listed)
        self.feature_map.currentIndexChanged.connect(self._on_map)
        self.panel.start_button.clicked.connect(self.panel.guarded(partial(self._start, "activations")))
        for part, button in self.buttons.items():
            button.clicked.connect(self.panel.guarded(partial(self._start, part)))
        self.panel.runner.state_changed.connect(self._follow_state)
        self.panel.runner.reported.connect(self._on_event)
        self.panel.brought.connect(self._on_result)
        self.patches.picked.connect(self._go_to)
        connect_while_alive(self, self._follow_slider, self._viewer.dims.events.current_step)

    def _list_maps(self, _entry: object = None) -> None:
        """Ask for the feature maps of the chosen model; reading it takes a moment, so a job does."""
        entry = self.source.model.entry
        if self.listing.is_busy or entry is self._listed:
            return
        self._listed, self._fault = entry, ""
        self.feature_map.clear()
        self._show_obstacle()
        if entry is not None:
            self.listing.start(partial(list_job, entry), name=f"Reading {entry.name}")

    def _on_listed(self, ended: JobEnded) -> None:
        listed, chosen = self._listed, self.source.model.entry
        if ended.error is not None:
            self._fault = in_words(ended.error)
        elif ended.result is not None and listed is chosen:
            for facts in ended.result.value.feature_maps:
                self.feature_map.addItem(facts.name, facts)
        self._show_obstacle()
        self._list_maps()

    def _on_map(self, _index: int = 0) -> None:
        facts = self.feature_map.currentData()
        self.channel.setRange(0, facts.channels - 1 if facts else 0)
        self.facts.setText(facts.words if facts else "")

    def _show_obstacle(self) -> None:
        obstacle = self.source.obstacle or self._fault
        if not obstacle and self.feature_map.count() == 0:
            obstacle = _READING
        self.panel.set_obstacle(obstacle)
        if not obstacle and not self.panel.words.text():
            self.panel.say(_HINT)
        self._follow_state()

    def _follow_state(self, _state: JobState | None = None) -> None:
        for button in self.buttons.values():
            button.setEnabled(self.panel.start_button.isEnabled())

    def _follow_slider(self, _event: object = None) -> None:
        """Take the channel that is seen, where the feature map that is chosen is shown."""
        image, facts = self.source.image.layer, self.feature_map.currentData()
        shown = [] if image is None else find_results(self._viewer, ACTIVATIONS, image)
        if shown and facts and shown[-1].metadata["inside"]["feature_map"] == facts.name:
            axis = self._viewer.dims.ndim - shown[-1].ndim
            self.channel.setValue(round(self._viewer.dims.point[axis]))

    def _start(self, part: Part, _checked: bool = False) -> None:
        facts, image = self.feature_map.currentData(), self.source.image.layer
        if facts is None:
            raise MethodError("No feature map is chosen.", remedy="Choose a model, and then a feature map.")
        config = self.config.values(feature_map=facts.name, channel=self.channel.value())
        source = self.source.take()
        request = Request(source, config, shown_frame(self._viewer, image), part)
        self._request, self._inverted = request, None
        self.panel.run(partial(browse_job, request), name=f"Looking into {source.entry.name}")
        self._removal.watch(source.origin.image)

    def _on_event(self, event: JobEvent) -> None:
        if isinstance(event, Sketched) and self._request is not None:
            self._show_inversion(self._request, event.value)

    def _on_result(self, result: JobResult) -> None:
        request, inside = self._request, result.value
        assert request is not None, "a job ended that was never started"
        self._request = None
        if dropped := request.source.why_dropped(self._viewer):
            self.panel.say(dropped)
            return
        self.panel.say(self._show(request, inside))

    def _show(self, request: Request, inside: Inside) -> str:
        """Add the layers of a result; return what to say of it."""
        from napari_strata.explain.browse.kernels import kernel_grid

        origin, name = request.source.origin, request.config.feature_map
        if inside.activations is not None:
            self._add(activation_layer(inside.activations, origin), origin, below=PATCHES)
            self._follow_slider()
            return f"{len(inside.activations.data)} channels of {name}: move the slider below the image."
        if inside.kernels is not None:
            shown = self._add(kernel_layer(kernel_grid(inside.kernels), origin, request.frame), origin)
            self._wide.show([origin.image, shown])
            return f"{len(inside.kernels)} kernels of the first convolution, beside the image."
        if inside.patches is not None:
            return self._show_patches(request, inside)
        if inside.inversion is not None:
            self._show_inversion(request, inside.inversion)
            made = inside.inversion
            alike = f"Its pixels correlate with those of the image by {made.likeness:.2f}."
            return f"Image from {name}: its activations differ by {made.error:.1%}. {alike}"
        return "Stopped."

    def _add(self, new: "Layer", origin: Origin, *, below: str | None = None) -> Any:
        """Show a layer, and none of the earlier ones: they would lie over one another; return what is shown."""
        (shown,) = show_results(self._viewer, [new], below=below)
        self._wide.leave()
        if self._at_patch == camera_of(self._viewer):  # what is shown is larger; whoever moved the view keeps it
            fit(self._viewer, [origin.image])
        for role in ROLES:
            for layer in find_results(self._viewer, role, origin.image):
                if layer.visible is not (layer is shown):
                    layer.visible = layer is shown
        return shown

    def _show_patches(self, request: Request, inside: Inside) -> str:
        patches, name, channel = inside.patches or (), request.config.feature_map, request.config.channel
        origin = request.source.origin
        self._patches_of = request
        self.patches.show_patches(patches, inside.seen)
        self.patches_title.setVisible(bool(patches))
        self.patches_title.setText(f"Channel {channel} of {name}")
        if not patches:
            remove_results(self._viewer, PATCHES, origin.image)
            return f"Channel {channel} of {name} is the same everywhere here: choose another channel."
        self._add(patch_layer(patches, origin, feature_map=name, channel=channel), origin)
        more = "" if len(patches) == request.config.patches else " No more fit side by side."
        return f"{len(patches)} best patches: click one to go there.{more}"

    def _show_inversion(self, request: Request, inversion: Inversion) -> None:
        """Show an image that is made, or how much better it has become."""
        origin = request.source.origin
        if request.source.why_dropped(self._viewer):
            return
        if self._inverted is not None and self._inverted in self._viewer.layers:
            self._inverted.data = for_image(inversion.data, origin.image)
            self._inverted.contrast_limits = grey_limits(inversion.data)
        elif self._inverted is None:
            name = request.config.feature_map
            made = inversion_layer(inversion.data, origin, request.frame, feature_map=name)
            self._inverted = self._add(made, origin, below=PATCHES)
            self._removal.watch(self._inverted)
        self._inverted.metadata["inside"] |= {
            "error": inversion.error,
            "likeness": inversion.likeness,
            "done": inversion.done,
        }

    def _go_to(self, patch: "Patch") -> None:
        request = self._patches_of
        if request is None or request.source.origin.image not in self._viewer.layers:
            self.panel.say("The image of these patches was removed.")
            return
        box: Any = (patch.top + 0.5, patch.left + 0.5, patch.bottom + 0.5, patch.right + 0.5)
        show_region(self._viewer, request.source.origin.image, patch.frame, box, side=_PATCH_SIDE)
        self._at_patch = camera_of(self._viewer)
