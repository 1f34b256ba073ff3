"""The Corrections dock: paint over mistakes while the network trains, and pin those that must not come back."""

from collections import Counter

import numpy as np
from napari.layers import Labels
from napari.viewer import Viewer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.annotation.classes import FIRST_CLASS
from napari_strata.errors import ImageError, TrainingError
from napari_strata.types import NOT_LABELLED
from napari_strata.widgets.corrections.table import CorrectionsTable
from napari_strata.widgets.doctor.place import show_region
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.live.corrected import Corrected, PinState
from napari_strata.widgets.live.overlay import window_of
from napari_strata.widgets.live.training import NOT_LEARNED, live_training_of
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.number_boxes import NumberBox
from napari_strata.widgets.parts.words import Words

SIDE = 200.0
"""A region that somebody goes to is magnified until it is so long on the screen [screen px]."""
PIN, UNPIN = "Do not repeat this mistake", "Unpin"
_IDLE = "No training runs. Press Train; then paint here over what the live prediction gets wrong."
_NO_IMAGE = "This training has no image to paint on: choose one in the Train dock before you press Train."
_LABELS_GONE = (
    "The labels of this training were removed; what it learned of them stays. Press Paint for new ones, or bring "
    "them back in Label history."
)
_STATES = (PinState.RIGHT, PinState.WRONG, PinState.WRONG_AGAIN, PinState.EMPTY, PinState.NOT_CHECKED)


class CorrectionsDock(Dock):
    """Helps to correct a running training, and shows what it makes of it.

    Parameters
    ----------
    viewer : Viewer
        The viewer of the training.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer, self._live = viewer, live_training_of(viewer)
        self.words = Words()
        self.paint_button = QPushButton("Paint")
        self.view_button = QPushButton("Pin what I see")
        self.table = CorrectionsTable()
        self.pin_button = QPushButton(PIN)
        self.pins = Words()
        self.interval = NumberBox(0.1, 3600)
        self._explain()
        self._lay_out()
        self._connect()
        self.refresh()

    def refresh(self) -> None:
        """Show how things are now."""
        plan, ledger = self._live.plan, self._live.ledger
        self.words.setText(self._status())
        if self._live.image is not None:
            self.table.show_slices(self._live.image.ndim > 2)
        self.table.show_entries([*ledger.entries, *ledger.waiting])
        self.pins.setText(pin_words([one.state for one in ledger.pinned]))
        runs = plan is not None and self._live.image is not None
        for widget in (self.paint_button, self.view_button, self.interval):
            widget.setEnabled(runs)
        if plan is not None and not self.interval.hasFocus():
            self.interval.blockSignals(True)
            self.interval.set_value(self._live.interval)
            self.interval.blockSignals(False)
        self._show_choice()

    def _status(self) -> str:
        if not self._live.runs:
            return _IDLE
        if self._live.plan is None:
            return NOT_LEARNED
        if self._live.image is None:
            return _NO_IMAGE
        names = " and ".join(f"“{layer.name}”" for layer in self._live.painted)
        if not names and self._live.plan.layers:
            return _LABELS_GONE
        if not names:
            return "Press Paint for labels of this image: what you paint on them is learned within seconds."
        when = "when you press Resume" if self._live.is_paused else "within seconds"
        return f"Paint over mistakes in {names}: the training learns them {when}."

    def _explain(self) -> None:
        self.paint_button.setToolTip(
            "Takes the brush on the labels that the training learns from; makes some if needed."
        )
        self.view_button.setToolTip("Checks the part of the slice that is seen after every validation.")
        self.pin_button.setToolTip(
            "Checks this region after every validation and says so if it goes wrong again. With 'Respect pins' "
            "among the settings of the training, weights with fewer wrong pins are better than any others."
        )
        self.interval.setToolTip(
            "Shortest time between two live predictions; they take at most a tenth of the time."
        )
        self.table.setToolTip("Click a row to go there.")

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addWidget(self.words)
        buttons, pace = QHBoxLayout(), QHBoxLayout()
        for button in (self.paint_button, self.view_button):
            buttons.addWidget(button, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.pin_button)
        layout.addWidget(self.pins)
        pace.addWidget(QLabel("Live prediction every"))
        pace.addWidget(self.interval, 1)
        pace.addWidget(QLabel("s"))
        layout.addLayout(pace)
        self.scroll(content)

    def _connect(self) -> None:
        self.paint_button.clicked.connect(in_notifications(self._paint))
        self.view_button.clicked.connect(in_notifications(self._pin_view))
        self.pin_button.clicked.connect(in_notifications(self._pin_or_unpin))
        self.table.itemSelectionChanged.connect(self._show_choice)
        self.table.picked.connect(self._go_to)
        self.interval.valueChanged.connect(self._live.set_interval)
        self._live.changed.connect(self.refresh)

    def _show_choice(self) -> None:
        chosen = self.table.chosen
        self.pin_button.setEnabled(chosen is not None and not chosen.waits and self._live.runs)
        self.pin_button.setText(UNPIN if chosen is not None and chosen.pin else PIN)

    def _paint(self, _checked: bool = False) -> None:
        """Take the brush on the labels that are learned from; make some where there are none."""
        plan, image = self._live.plan, self._live.image
        if plan is None or image is None:
            raise TrainingError("No training runs on an image.", remedy="Choose an image and press Train.")
        labels = next((one for one in self._live.painted if isinstance(one, Labels)), None)
        if labels is None:
            labels, *_ = new_labels(self._viewer, image, layers=plan.config.model.layers, table=plan.classes)
        labels.visible = True
        self._viewer.layers.selection.active = labels
        if labels.selected_label == NOT_LABELLED:
            labels.selected_label = FIRST_CLASS
        labels.mode = "paint"
        self.refresh()

    def _pin_view(self, _checked: bool = False) -> None:
        image = self._live.image
        if image is None:
            raise ImageError("There is no image to pin a part of.", remedy="Choose an image and press Train.")
        window = window_of(image, self._viewer)
        box = np.array([[window.y, window.x], [window.y + window.shape[0], window.x + window.shape[1]]])
        corners = np.asarray(image.corner_pixels)[:, -2:]
        if not image.multiscale and (corners[1] > corners[0]).all():
            box = np.clip([corners[0], corners[1] + 1], 0, full_data(image).shape[-2:])
        (y, x), (bottom, right) = box.tolist()
        self._live.pin(Corrected(window.frame, y, x, bottom - y, right - x, None))

    def _pin_or_unpin(self, _checked: bool = False) -> None:
        chosen = self.table.chosen
        if chosen is None:
            return
        if chosen.pin:
            self._live.unpin(chosen)
        else:
            self._live.pin(chosen)

    def _go_to(self, one: Corrected) -> None:
        image = self._live.image
        if image is not None:
            show_region(self._viewer, image, one.frame, one.box, side=SIDE)


def pin_words(states: list[PinState]) -> str:
    """Say how the pinned regions do together."""
    if not states:
        return "Nothing is pinned. Choose a correction above that must not go wrong again."
    counts = Counter(states)
    parts = [f"{counts[state]} {state.value}" for state in _STATES if counts[state]]
    return f"{len(states)} pinned: {', '.join(parts)}."
