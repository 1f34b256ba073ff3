"""Settings of the threshold, with a proposal that the user moves."""

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QPushButton
from superqt import QLabeledDoubleSlider

from napari_strata.annotation.tools.region import paint_region
from napari_strata.annotation.tools.threshold import (
    Threshold,
    local_mean,
    paint_threshold,
    propose_threshold,
    within_threshold,
)
from napari_strata.errors import ImageError
from napari_strata.types import AnyArray
from napari_strata.widgets.label_tools.page import ToolPage, Work
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.number_boxes import IntegerBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_strata.jobs.label_tool import LabelTool
    from napari_strata.widgets.layers.label_target import LabelTarget

_LOCAL = "local"
_RULES = (
    ("Otsu: two groups", "otsu"),
    ("Li: small objects", "li"),
    ("Triangle: faint ones", "triangle"),
    ("Local: uneven light", _LOCAL),
)
_ENOUGH = 1_000_000
"""About how many pixels a proposal looks at; all of a large slice would hold the window up."""
_DIGITS = 4
"""Of the contrast that the slider tells apart."""


class ThresholdPage(ToolPage):
    """Paints what is brighter, or darker, than a value that a rule proposes and the user moves."""

    hint = "Move the slider until the stripes cover what you mean, then press 'Apply'."
    looks = True

    def __init__(self) -> None:
        super().__init__()
        self._target: LabelTarget | None = None
        self._proposed_for: object = None
        self._levelled: tuple[AnyArray, int, AnyArray] | None = None
        self.rule = ChoiceBox()
        for text, rule in _RULES:
            self.rule.addItem(text, rule)
        self.window = IntegerBox(3, 9999)
        self.window.setSingleStep(2)
        self.window.setValue(51)
        self.window.setSuffix(" px")
        self.value = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.side = ChoiceBox()
        self.side.addItem("brighter than that", True)
        self.side.addItem("darker than that", False)
        self.propose_button = QPushButton("Propose from this slice")
        self.shows = QCheckBox("Preview")
        self.shows.setChecked(True)
        self._lay_out()
        self._connect()

    def on_target(self, target: "LabelTarget") -> None:
        """Propose a value for another image; in another slice the user's value stays."""
        self._target = target
        image = target.image
        if not target.obstacle(needs_class=False) and image != self._proposed_for:
            self._proposed_for = image
            self._propose()

    def plan(self, work: Work, *, all_slices: bool) -> "tuple[LabelTool, Sequence[int | slice]]":
        """Apply the same value to every slice."""
        paint = partial(
            paint_threshold, threshold=self.threshold, code=work.code, only_unlabelled=work.only_unlabelled
        )
        return paint, work.each_slice

    def preview(self, work: Work) -> AnyArray | None:
        """Return new codes of a slice; the means around the pixels are kept while only the value is moved."""
        if not self.shows.isChecked():
            return None
        rule = Threshold(self.threshold.value, self.threshold.above)
        region = within_threshold(self._level(work.image), rule)
        return paint_region(work.codes[0], region, work.code, only_unlabelled=work.only_unlabelled)

    @property
    def threshold(self) -> Threshold:
        """The settings."""
        odd = self.window.value() // 2 * 2 + 1
        return Threshold(self.value.value(), self.side.currentData(), odd if self._is_local else 0)

    @property
    def _is_local(self) -> bool:
        return bool(self.rule.currentData() == _LOCAL)

    def _lay_out(self) -> None:
        self.add_row("Rule", self.rule, "Which value is proposed.")
        self.add_row("Window", self.window, "Side of the square whose mean each pixel is compared with.")
        self.add_row(
            "Threshold", self.value, "Intensity; with the local rule, how far above the mean around a pixel."
        )
        self.add_row("Paint what is", self.side, "Which side of the threshold belongs to the class.")
        self.propose_button.setToolTip("Move the slider to what the rule finds in the slice that is shown.")
        self.shows.setToolTip("Show in yellow stripes what would be painted in this slice.")
        self.rows.addRow(self.propose_button)
        self.rows.addRow(self.shows)
        self.show_row(self.window, False)

    def _connect(self) -> None:
        self.rule.currentIndexChanged.connect(self._on_rule)
        self.window.valueChanged.connect(lambda _value: self._propose())
        self.propose_button.clicked.connect(lambda: self._propose())
        self.value.valueChanged.connect(lambda _value: self.changed.emit())
        self.side.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.shows.toggled.connect(lambda _on: self.changed.emit())

    def _on_rule(self, _index: int) -> None:
        self.show_row(self.window, self._is_local)
        self._propose()

    def _propose(self) -> None:
        """Move the slider to what the rule finds in the slice that is shown."""
        if self._target is None or self._target.obstacle(needs_class=False):
            return
        image = self._level(self._target.shown_intensities())
        step = max(1, math.isqrt(image.size // _ENOUGH))
        sample = image[::step, ::step]
        finite = sample[np.isfinite(sample)]
        try:
            value = propose_threshold(sample, "otsu" if self._is_local else self.rule.currentData())
        except ImageError:
            value = float(finite[0]) if finite.size else 0.0
        blocked = self.value.blockSignals(True)
        low, high = _range(finite)
        self.value.setDecimals(max(0, _DIGITS - 1 - math.floor(math.log10(high - low))))
        self.value.setRange(low, high)
        self.value.setValue(value)
        self.value.blockSignals(blocked)
        self.changed.emit()

    def _level(self, stack: AnyArray) -> AnyArray:
        """Return what is compared with the value: a slice, or how far it is above the mean around each pixel."""
        if not self._is_local:
            slice_: AnyArray = stack[0]
            return slice_
        window, kept = self.threshold.window, self._levelled
        if kept is None or kept[1] != window or kept[0] is not stack:
            self._levelled = kept = (stack, window, stack[0] - local_mean(stack[0], window))
        return kept[2]


def _range(values: AnyArray) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    return low, high if high > low else low + 1
