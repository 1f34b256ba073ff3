"""From seeing to correcting: where a prediction is wrong, what drove it, and a mark that it is to be corrected."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import TargetError
from napari_strata.events import JobResult
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.proposals.wrong_regions import WrongRegion
from napari_strata.jobs.job import Job
from napari_strata.widgets.doctor.place import show_region
from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.napari_layers import heatmap_layer
from napari_strata.widgets.layers.results import hide_other_maps, show_results
from napari_strata.widgets.layers.target_mark import hide_mark
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.map_to_labels.compared import Compared, compare, finder, is_prediction
from napari_strata.widgets.map_to_labels.pairing import Pairing
from napari_strata.widgets.map_to_labels.region_outlines import outline_regions
from napari_strata.widgets.map_to_labels.region_table import RegionTable
from napari_strata.widgets.map_to_labels.to_correct import mark_to_correct
from napari_strata.widgets.map_to_labels.undone_words import UndoneWords
from napari_strata.widgets.maps.asked import source_of
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import form_layout, row_label
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.layer_choice import LayerChoice
from napari_strata.widgets.parts.number_boxes import IntegerBox, NumberBox
from napari_strata.widgets.parts.removal_stop import RemovalStop

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from pandas import DataFrame

    from napari_strata.explain.heatmap import Heatmap

MOST_ROWS = 200
"""At most so many regions are listed; nobody looks at more."""
SIDE = 160.0
"""A region is magnified until it is so long on the screen [screen px]."""
_NO_MASKS = "Predict masks first, in the Predict dock."
_STALE = "Other layers were chosen meanwhile: press 'Find regions' again."
_UNMARKED = "Undo took the mark away."
_WHY = "why"
"""Tag of the maps made here: they replace each other, and no map that the Explain dock has made."""
_HINT = "Press 'Find regions', choose one, and ask why."


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A question why, on its way."""

    compared: Compared
    region: WrongRegion
    config: ExplainConfig
    atoms: "DataFrame | None"


class ErrorsPage(QWidget):
    """Lists where a prediction is wrong or unsure, asks why, and marks it to be corrected.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    explained = Signal(object)
    """The new map's layer, when a question why is answered."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._compared: Compared | None = None
        self._wanted: Compared | _Asked | None = None
        self._maps: dict[int, dict[str, Any]] = {}
        self.masks = LayerChoice(viewer, Labels, offers=is_prediction, none_when_empty="no predicted masks yet")
        self.labels = LayerChoice(viewer, Labels, none_text="none: find where it is unsure", follows=False)
        self.below, self.least = NumberBox(0.0, 1.0), IntegerBox(1, 100_000)
        self.method = ChoiceBox()
        self.panel = JobPanel(QPushButton("Find regions"))
        self._removal = RemovalStop(viewer, self.panel)
        self.table = RegionTable()
        self.why_button, self.correct_button = QPushButton("Why?"), QPushButton("To correct")
        self._undone = UndoneWords(self, self.panel, _UNMARKED)
        self._lay_out()
        Pairing(viewer, self.masks, self.labels)
        self._connect()
        self._refresh()

    def _lay_out(self) -> None:
        for name, facts in METHODS.items():
            self.method.addItem(facts.title, name)
        self.below.set_value(0.8)
        self.least.setValue(4)
        form = self._form = form_layout()
        for text, widget, tip in (
            ("Prediction", self.masks, "Masks of a model; the slice that is shown is looked at."),
            (
                "Labels",
                self.labels,
                "What is right. Without labels, regions are found in which the model is unsure.",
            ),
            ("Unsure below", self.below, "Probability of what is predicted."),
            ("Least size [px]", self.least, "Smaller regions are left out."),
            (
                "Method",
                self.method,
                "Answers 'Why?', with its default settings; for others: 'Explain' below.",
            ),
        ):
            widget.setToolTip(tip)
            form.addRow(row_label(text), widget)
        self.why_button.setToolTip("What made the network say this rather than what is labelled?")
        self.correct_button.setToolTip(
            "Marks the region, notes the map in the labels, and takes the brush; nothing painted is changed."
        )
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.panel)
        layout.addWidget(self.table, 1)
        row = QHBoxLayout()
        row.addWidget(self.why_button, 1)
        row.addWidget(self.correct_button, 1)
        layout.addLayout(row)

    def _connect(self) -> None:
        self.masks.chosen.connect(lambda _layer: self._forget())
        self.labels.chosen.connect(lambda _layer: self._forget())
        self.panel.start_button.clicked.connect(self.panel.guarded(self._find))
        self.panel.brought.connect(self.panel.guarded(self._on_result))
        self.panel.runner.state_changed.connect(self._follow_state)
        self.table.picked.connect(self._on_picked)
        self.why_button.clicked.connect(self.panel.guarded(self._ask_why))
        self.correct_button.clicked.connect(self.panel.guarded(self._send))

    def _forget(self) -> None:
        self._compared = None
        self.table.show_regions([], {})
        self._refresh()

    def _refresh(self) -> None:
        has_labels = self.labels.layer is not None
        for widget in (self.below, self._form.labelForField(self.below)):
            widget.setVisible(not has_labels)
        self.panel.set_obstacle("" if self.masks.layer is not None else _NO_MASKS)
        if self.masks.layer is not None and not self.panel.words.text():
            self.panel.say(_HINT)
        self._follow_state()

    def _follow_state(self, _state: JobState | None = None) -> None:
        is_ready = self.table.chosen is not None and not self.panel.runner.is_busy
        for button in (self.why_button, self.correct_button):
            button.setEnabled(is_ready)

    def _find(self, _checked: bool = False) -> None:
        from napari_strata.jobs.propose_mask import find_regions

        self.panel.runner.check_idle()
        masks = self.masks.layer
        source, _atoms = source_of(self._viewer, masks)
        compared = compare(self._viewer, source, masks, self.labels.layer)
        find = finder(self._viewer, compared, below=self.below.value(), least=self.least.value())
        self._wanted = compared
        self.panel.run(lambda control: find_regions(control, find), name=f"Looking through {masks.name}")
        self._removal.watch(source.origin.image)

    def _on_result(self, result: JobResult) -> None:
        wanted, self._wanted = self._wanted, None
        if isinstance(wanted, _Asked):
            self._show_map(wanted, result.value)
        elif wanted is not None:
            self._show_found(wanted, result.value)

    def _show_found(self, compared: Compared, regions: list[WrongRegion]) -> None:
        if dropped := compared.source.why_dropped(self._viewer):
            self.panel.say(dropped)
            return
        if (compared.masks, compared.labels) != (self.masks.layer, self.labels.layer):
            self.panel.say(_STALE)
            return
        self._compared = compared
        self._maps.clear()
        listed = regions[:MOST_ROWS]
        self.table.show_regions(listed, compared.names)
        outline_regions(self._viewer, compared, listed, None)
        what = "unsure" if compared.corrected is None else "wrong"
        where = f" in slice {compared.frame}" if compared.origin.image.ndim == 3 else ""
        count = f"{len(regions):,} {what} region{'' if len(regions) == 1 else 's'}{where}"
        if len(regions) > MOST_ROWS:
            count = f"The largest {MOST_ROWS} of {count}"
        self.panel.say(f"{count}: choose one." if regions else f"Nothing is {what}{where}.")

    def _on_picked(self, region: WrongRegion | None) -> None:
        self._follow_state()
        compared = self._compared
        if region is None or compared is None or compared.origin.image not in self._viewer.layers:
            return
        outline_regions(self._viewer, compared, self.table.regions, region)
        self._go_to(compared, region)

    def _go_to(self, compared: Compared, region: WrongRegion) -> None:
        show_region(self._viewer, compared.origin.image, compared.frame, region.box, side=SIDE)

    def _ask_why(self, _checked: bool = False) -> None:
        compared, region = self._here()
        source, atoms = source_of(self._viewer, compared.masks)
        if source.origin.image is not compared.origin.image:
            raise TargetError("The image of the prediction was replaced.", remedy="Find the regions again.")
        asked = _Asked(compared, region, ExplainConfig(method=self.method.currentData()), atoms)
        self._wanted = asked
        self.panel.run(partial(_why_job, asked), name=f"Explaining {source.stack.name}")
        self._removal.watch(source.origin.image)

    def _show_map(self, asked: _Asked, heatmap: "Heatmap") -> None:
        source = asked.compared.source
        if dropped := source.why_dropped(self._viewer):
            self.panel.say(dropped)
            return
        y, x = asked.region.centre
        mask = asked.region.whole(asked.compared.predicted.shape)
        chosen = Chosen("region", Place(asked.compared.frame, y, x), asked.compared.layer, mask)
        details = {**heatmap.metadata, "method": asked.config.method}
        layer = heatmap_layer(heatmap.data, source.origin, chosen, details=details, answers=_WHY)
        (layer,) = show_results(self._viewer, [layer], below="atoms")
        tell_made(self._viewer, layer)
        hide_other_maps(self._viewer, layer, source.origin.image)
        hide_mark(self._viewer, source.origin.image)  # of what another map explains; the region is outlined
        self._go_to(asked.compared, asked.region)
        self._maps[id(asked.region)] = details
        self.explained.emit(layer)
        names = asked.compared.names
        rather = f" rather than {names[asked.region.right]}" if asked.region.right else ""
        answer = f"{METHODS[asked.config.method].title}, with its default settings"
        self.panel.say(f"What made it say {names[asked.region.predicted]}{rather}: {answer}.")

    def _send(self, _checked: bool = False) -> None:
        compared, region = self._here()
        map_ = self._maps.get(id(region))
        said, marks, drawn = mark_to_correct(self._viewer, compared, region, map_)
        said = said if map_ else f"{said} No map is noted with it: 'Why?' was not asked."
        self._undone.say(said, marks, drawn)

    def _here(self) -> tuple[Compared, WrongRegion]:
        """Return what was compared, and the region that is chosen."""
        region, compared = self.table.chosen, self._compared
        if region is None or compared is None:
            raise TargetError("No region is chosen.", remedy="Find the regions, and choose a row.")
        if dropped := compared.source.why_dropped(self._viewer):
            raise TargetError(dropped, remedy="Find the regions again.")
        return compared, region


def _why_job(asked: _Asked, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.explain.question import AgainstCorrection, Question
    from napari_strata.explain.targets import RegionTarget
    from napari_strata.jobs.explain import explain
    from napari_strata.jobs.inquiry import Inquiry

    compared = asked.compared
    target = RegionTarget(asked.region.whole(compared.predicted.shape))
    against = None if compared.corrected is None else AgainstCorrection(compared.corrected)
    question = Question(target, compared.layer, against=against)
    path, stack = compared.source.entry.path, compared.source.stack
    return explain(control, Inquiry(path, stack, question, asked.config, compared.frame, asked.atoms))
