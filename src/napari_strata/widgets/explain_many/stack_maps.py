"""A map of every slice of a stack: computed when the slice is looked at, and kept on disk."""

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.events import FrameExplained, JobEvent, JobResult, StateChanged
from napari_strata.io.map_cache import MapCache
from napari_strata.io.scratch import scratch_array
from napari_strata.jobs.job import Job
from napari_strata.requests import FrameWanted
from napari_strata.types import FloatImage
from napari_strata.widgets.explain_many.slice_mark import SliceMark
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.results import STACK_ROLE, hide_other_maps, origin_of, show_results
from napari_strata.widgets.layers.shown_atoms import shown_frame
from napari_strata.widgets.maps.asked import EXPLANATION, Asked, MapChoice, asked_by
from napari_strata.widgets.maps.map_cost import MapCost, Wanted
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.durations import duration
from napari_strata.widgets.parts.form import ConfigForm, form_layout, row_label
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.removal_stop import RemovalStop
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_strata.jobs.estimate_maps import MapsOutlook

MAPS = "napari_strata_stack_maps"
"""Key in its metadata under which lies, by the number of the slice, what each map answers."""
NEIGHBOURS = 2
"""So many slices on either side of the one that is shown are explained ahead."""
_NO_MAP = "Explain an atom, a pixel or a region of a stack first."
_TIP = (
    "Ask what the map answers of every slice, the one that is shown first. It goes on while you move the slider."
)


class StackMaps(QWidget):
    """Asks the question of a map of every slice, in a worker that follows the slider.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    maps : MapChoice, optional
        Which map's question is asked; by default a drop-down list of its own.
    cost_before : MapCost, optional
        What else is reckoned of that map, first.
    """

    def __init__(
        self, viewer: "Viewer", maps: MapChoice | None = None, *, cost_before: MapCost | None = None
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self._asked: Asked | None = None
        self._look: dict[str, Any] = {}
        self._data: FloatImage | None = None
        self._layer: Image | None = None
        self._mark: SliceMark | None = None
        self._words: dict[int, str] = {}
        self.cache = MapCache()
        self.maps = MapChoice(viewer) if maps is None else maps
        self.config = ConfigForm(ExplainConfig, fields=("tolerance",))
        self.all_slices = QCheckBox("All slices at once, not only those near the one shown")
        self.cost = MapCost(viewer, self._wanted, tell=self._tell_cost, after=cost_before)
        self.panel = JobPanel(QPushButton("Explain every slice"))
        self._removal = RemovalStop(viewer, self.panel)
        self.slice_words, self.kept = Words(), Words()
        self.empty_button = QPushButton("Empty")
        self._lay_out(has_choice=maps is None)
        self.maps.chosen.connect(self._on_map)
        self.all_slices.toggled.connect(lambda _on: self._want())
        self.panel.start_button.clicked.connect(self.panel.guarded(self._start))
        self.panel.runner.reported.connect(self._on_event)
        self.panel.brought.connect(self._on_result)
        self.panel.runner.ended.connect(self._on_ended)
        self.empty_button.clicked.connect(self.panel.guarded(self._empty))
        connect_while_alive(self, self._on_slider, viewer.dims.events.current_step)
        self._on_map(self.maps.layer)

    def showEvent(self, event: QShowEvent) -> None:
        """Say how much is kept."""
        super().showEvent(event)
        self._show_kept()

    def _lay_out(self, *, has_choice: bool) -> None:
        self.panel.start_button.setToolTip(_TIP)
        self.panel.cancel_button.setText("Stop")
        self.panel.cancel_button.setToolTip("Explain no more slices; those that are done stay.")
        self.config.editor("tolerance").setToolTip(
            "In every slice the atom nearest to the place is explained, if it is not farther away than this [Å]."
        )
        self.empty_button.setToolTip("Remove all maps that are kept on disk. Layers stay.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        if has_choice:
            rows = form_layout()
            rows.addRow(row_label("Map"), self.maps)
            layout.addLayout(rows)
        kept = QHBoxLayout()
        kept.addWidget(self.kept, 1)
        kept.addWidget(self.empty_button)
        for widget in (self.config, self.all_slices, self.cost, self.panel, self.slice_words):
            layout.addWidget(widget)
        layout.addLayout(kept)
        self.slice_words.hide()

    def _on_map(self, map_layer: "Image | None") -> None:
        if map_layer is None:
            self.panel.set_obstacle(_NO_MAP)
        elif map_layer.ndim != 3:
            self.panel.set_obstacle("This map is of a single image; there is no other slice to ask.")
        else:
            self.panel.set_obstacle("")
        asked = {} if map_layer is None else map_layer.metadata[EXPLANATION].get("target", {})
        self.config.show_field("tolerance", asked.get("kind") == "atom")
        self.cost.ask()

    def _wanted(self) -> Wanted | None:
        map_layer = self.maps.layer
        is_idle = not self.panel.obstacle and not self.panel.runner.is_busy
        return Wanted(map_layer, of_frames=True) if map_layer is not None and is_idle else None

    def _tell_cost(self, outlook: "MapsOutlook") -> str:
        map_layer = self.maps.layer
        image = None if map_layer is None else origin_of(self._viewer, map_layer)[0]
        slices = 0 if image is None else len(full_data(image))
        return f"All {slices} slices: {duration(outlook.seconds(slices))}; those kept on disk take none."

    def _start(self, _checked: bool = False) -> None:
        map_layer = self.maps.layer
        assert map_layer is not None, "the button is dead without a map"
        asked = asked_by(self._viewer, map_layer)
        self.cost.forget()
        config = asked.config.model_copy(update={"tolerance": self.config.value("tolerance")})
        looks = ("colormap", "contrast_limits", "blending", "opacity", "gamma", "interpolation2d")
        self._look = {name: getattr(map_layer, name) for name in looks}
        self._data = scratch_array(self.cache.folder, full_data(asked.source.origin.image).shape)
        self._asked, self._layer, self._words = asked, None, {}
        self._mark = SliceMark(self._viewer, asked)
        name = f"Explaining slices of {asked.source.stack.name}"
        self.panel.run(partial(_make_job, asked, config, self.cache), name=name)
        self._removal.watch(asked.source.origin.image)

    def _want(self) -> None:
        """Ask for the slice that is shown now."""
        if self._asked is None or not self.panel.runner.is_busy:
            return
        self.panel.runner.post(FrameWanted(self._shown(), None if self.all_slices.isChecked() else NEIGHBOURS))

    def _shown(self) -> int:
        assert self._asked is not None, "there is an image only then"
        return shown_frame(self._viewer, self._asked.source.origin.image)

    def _on_slider(self, _event: object = None) -> None:
        asked = self._asked
        if asked is None or asked.source.origin.image not in self._viewer.layers:
            return
        self._want()
        self._look_at_slice()

    def _on_event(self, event: JobEvent) -> None:
        if self.signalsBlocked() or self._asked is None:
            return  # the dock is being closed
        match event:
            case StateChanged(state=JobState.RUNNING):
                self._want()  # what was asked before the job ran is lost
                self._say_slice()
            case FrameExplained():
                self._show(event, self._asked)

    def _show(self, found: FrameExplained, asked: Asked) -> None:
        if asked.source.why_dropped(self._viewer):
            self.panel.runner.stop()
            return
        assert self._data is not None, "made when the job was started"
        if found.data is not None:
            self._data[found.frame] = found.data
        if self._layer is None:
            made = _stack_layer(asked, self._look, self._data)
            (self._layer,) = show_results(self._viewer, [made], below="atoms")
            hide_other_maps(self._viewer, self._layer, asked.source.origin.image)
            self._removal.watch(self._layer)
        elif self._layer not in self._viewer.layers:
            return
        if found.done == 1:
            self._words[found.frame] = found.words
            self._layer.metadata[MAPS][str(found.frame)] = dict(found.metadata) or {"none": found.words}
        if found.frame == self._shown():
            self._layer.refresh()
            self._look_at_slice()

    def _look_at_slice(self) -> None:
        """Say what there is to say of the slice that is shown, and mark what its map explains."""
        self._say_slice()
        layer, shown = self._layer, self._shown()
        if self._mark is not None and layer is not None and layer in self._viewer.layers and layer.visible:
            self._mark.follow(shown, layer.metadata[MAPS].get(str(shown), {}))

    def _say_slice(self) -> None:
        """Say what there is to say of the slice that is shown."""
        text = ""
        if self._asked is not None and self._asked.source.origin.image in self._viewer.layers:
            shown = self._shown()
            if shown in self._words:
                words = self._words[shown]
                text = f"Slice {shown} has no map. {words}" if words else ""
            elif self.panel.runner.is_busy:
                text = f"Slice {shown} is being explained…"
            else:
                text = f"Slice {shown} has not been explained."
        self.slice_words.setText(text)
        self.slice_words.setVisible(bool(text))

    def _on_result(self, result: JobResult) -> None:
        asked = self._asked
        if asked is None:
            return
        if dropped := asked.source.why_dropped(self._viewer):
            self.panel.say(dropped)
            self._asked = None
            return
        figures = result.figures
        maps, empty = figures["computed"] + figures["kept"], figures["empty"]
        text = f"{maps} of {figures['frames']} slices have a map; {figures['kept']} were kept from earlier."
        self.panel.say(f"{text} {empty} have no such atom." if empty else text)

    def _on_ended(self, _ended: object) -> None:
        if not self.signalsBlocked():
            self._say_slice()
            self._show_kept()

    def _show_kept(self) -> None:
        size = self.cache.size()
        self.kept.setText(f"Kept on disk: {_in_words(size)}")
        self.empty_button.setEnabled(size > 0)

    def _empty(self, _checked: bool = False) -> None:
        try:
            self.cache.clear()
        finally:
            self._show_kept()


def _stack_layer(asked: Asked, look: dict[str, Any], data: FloatImage) -> "Image":
    """Make the layer of the maps, 0 until they come."""
    from napari.layers import Image

    from napari_strata.explain.catalogue import METHODS

    origin, method = asked.source.origin, asked.config.method
    return Image(
        data,
        name=origin.name(f"Every slice: {METHODS[method].title}"),
        metadata=origin.tag(STACK_ROLE, method=method) | {MAPS: {}},
        **look,
        **placement(origin.image),
    )


def _in_words(size: int) -> str:
    for unit in ("kB", "MB"):
        size_in, size = size / 1000, size // 1000
        if size_in < 1000:
            return f"{size_in:.0f} {unit}" if size_in >= 10 or not size_in else f"{size_in:.1f} {unit}"
    return f"{size / 1000:.1f} GB"


def _make_job(asked: Asked, config: ExplainConfig, cache: MapCache, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.explain_stack import explain_stack

    source = asked.source
    return explain_stack(
        control,
        source.entry.path,
        source.stack,
        question=asked.question,
        config=config,
        cache=cache,
        atoms=asked.atoms,
    )
