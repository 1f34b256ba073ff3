"""The report of the randomisation checks in words, and a button that saves it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.trust.verdict import Finding
from napari_strata.types import LabelArray
from napari_strata.widgets.layers.label_memory import crystal_layer_of, mates_of
from napari_strata.widgets.maps.asked import Asked
from napari_strata.widgets.maps.corrected_codes import corrected_codes
from napari_strata.widgets.maps.map_cost import MapCost, Wanted
from napari_strata.widgets.parts.durations import duration
from napari_strata.widgets.parts.form import form_layout, row_label
from napari_strata.widgets.parts.layer_choice import LayerChoice
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.save_place import may_write
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.jobs.estimate_maps import MapsOutlook

_COLOURS = {
    Finding.LEARNED: "#6ee787",
    Finding.PARTLY: "#e6d35c",
    Finding.UNASKED: "#e6d35c",
    Finding.EDGES: "#ff7a9a",
    Finding.FLAT: "#ff7a9a",
}
_ASKS = (
    "Makes the map again of networks that know nothing. A map that stays the same shows the image's edges, not"
    " what the model learned."
)
_HEADS = {
    Finding.LEARNED: "Yes: it depends on what the model learned.",
    Finding.PARTLY: "In part: some of it does not depend on what the model learned.",
    Finding.UNASKED: "Partly: what the model learned matters to it, but hardly which layer or class is asked. Do"
    " not read it as why it is this one.",
    Finding.EDGES: "No: it is no better than an edge detector.",
    Finding.FLAT: "No: the map shows nothing.",
    Finding.UNKNOWN: "Not known: the tests were stopped before their end.",
}


class TrustPanel(QWidget):
    """Asks whether a map can be trusted, and says what came of it.

    Parameters
    ----------
    viewer : Viewer
        Whose labels to offer.
    asking : callable
        Returns which tests are to be made, or None where none are.
    cost_before : MapCost
        What else is reckoned of that map, first.
    """

    def __init__(self, viewer: "Viewer", asking: Callable[[], Wanted | None], *, cost_before: MapCost) -> None:
        super().__init__()
        self._viewer = viewer
        self._figures: Mapping[str, Any] = {}
        self.labels = LayerChoice(viewer, Labels, none_text="none", follows=False)
        self.labels.setToolTip(
            "With labels of this image a copy of the network is trained for a moment on masks that were exchanged."
        )
        self.cost = MapCost(viewer, asking, tell=_tell_cost, after=cost_before)
        self.button, self.save_button = QPushButton("Can it be trusted?"), QPushButton("Save…")
        self.save_button.setToolTip("Write this verdict and its figures as JSON, and the words as text beside it.")
        self.head, self.words = Words(), Words()
        rows, buttons = form_layout(), QHBoxLayout()
        rows.addRow(row_label("Labels"), self.labels)
        buttons.addWidget(self.button, 1)
        buttons.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(rows)
        layout.addWidget(self.cost)
        layout.addLayout(buttons)
        layout.addWidget(self.head)
        layout.addWidget(self.words)
        self.save_button.clicked.connect(in_notifications(self._save))
        self.show_figures({})

    @property
    def figures(self) -> Mapping[str, Any]:
        """What is reported; empty where nothing was asked yet."""
        return self._figures

    def codes_for(self, asked: Asked) -> LabelArray | None:
        """Return the chosen labels of the frame, those of all crystal layers together, in the model's codes."""
        chosen: Labels | None = self.labels.layer
        if chosen is None:
            return None
        source, members = asked.source, mates_of(chosen, self._viewer.layers)
        if source.entry.card.model.layers == 1:
            members = [chosen]
        by_layer = {crystal_layer_of(one): one for one in members}
        classes = source.entry.card.classes
        return np.stack(
            [corrected_codes(by_layer[i], source.origin.image, asked.frame, classes) for i in sorted(by_layer)]
        )

    def show_figures(self, figures: Mapping[str, Any]) -> None:
        """Report what `napari_strata.jobs.judge_map.judge_map` found; nothing where there are no figures."""
        self._figures = figures
        self.save_button.setEnabled(bool(figures))
        self.head.setVisible(bool(figures))
        self.words.setVisible(bool(figures))
        if figures:
            finding = Finding(figures["finding"])
            title = METHODS[figures["method"]].title
            place = f"y {figures['y_px']:.0f}, x {figures['x_px']:.0f} px, layer {figures['layer']}"
            self.head.setText(f"{title} at {place}: {_HEADS[finding]}")
            self.head.setStyleSheet(f"font-weight: bold; color: {_COLOURS.get(finding, 'palette(text)')}")
            self.words.setText(figures["verdict"])

    def set_ready(self, is_ready: bool, why_not: str) -> None:
        """Let the button be pressed, or say on it why it cannot be."""
        self.button.setEnabled(is_ready)
        self.button.setToolTip(_ASKS if is_ready else why_not)
        if is_ready and not self.cost.words.text():
            self.cost.ask()

    def name_method(self, title: str) -> None:
        """Say on the button which method is put to the test, and what that costs."""
        text = f"Can {title or 'it'} be trusted?"
        if text != self.button.text():
            self.button.setText(text)
            self.cost.ask()

    def scroll_to_answer(self) -> None:
        """Scroll the page that holds this panel until the answer is seen, once it has its size."""
        QTimer.singleShot(0, self, self._scroll)

    def _scroll(self) -> None:
        page = self.parentWidget()
        while page is not None and not isinstance(page, QScrollArea):
            page = page.parentWidget()
        if page is not None:
            page.ensureWidgetVisible(self.words)
            page.ensureWidgetVisible(self.head)

    def _save(self, _checked: bool = False) -> None:
        from napari_strata.explain.trust.report import write_report

        name = f"trust-{self._figures['method']}.json"
        title = "Save the report"
        typed, _kind = QFileDialog.getSaveFileName(self, title, name, "JSON (*.json)")
        if not typed:
            return
        path = Path(typed)
        path = path if path.suffix == ".json" else path.with_name(f"{path.name}.json")
        beside = () if path.exists() else (path.with_suffix(".txt"),)  # which goes with a report that is there
        if all(may_write(self, title, one, typed=typed) for one in (path, *beside)):
            write_report(self._figures, path)


def _tell_cost(outlook: "MapsOutlook") -> str:
    return f"The tests: {duration(outlook.seconds(1))}, more with labels."
