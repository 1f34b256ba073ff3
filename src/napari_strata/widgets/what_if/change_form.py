"""What is done to a region: a choice, and sliders for how much."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QWidget
from superqt import QLabeledDoubleSlider

from napari_strata.config.what_if import CHANGES, WhatIfConfig
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import form_layout, row_label
from napari_strata.widgets.parts.number_boxes import at_ease

_READS = {"erase": ("part",), "blur": ("blur",), "denoise": ("strength",), "shift": ("shift_y", "shift_x")}
_TIPS = {
    "erase": "Fill it from its surroundings.",
    "blur": "Smear it with a Gaussian.",
    "denoise": "Take the shot noise away: non-local means after Anscombe's transform.",
    "shift": "Move it; what it leaves is filled from the surroundings.",
}
_ROWS = (
    ("part", "How much", "", 0.0, 1.0),
    ("blur", "Width", "Å", 0.0, 3.0),
    ("strength", "Strength", "", 0.0, 3.0),
    ("shift_y", "Down", "Å", -5.0, 5.0),
    ("shift_x", "To the right", "Å", -5.0, 5.0),
    ("grow", "Larger by", "Å", 0.0, 3.0),
)
"""Field, label, unit, and the ends of its slider."""


class ChangeForm(QWidget):
    """Edits a `WhatIfConfig`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.change = ChoiceBox()
        for change in CHANGES:
            self.change.addItem(change.capitalize(), change)
        self.sliders: dict[str, QLabeledDoubleSlider] = {}
        """By field."""
        self._labels: dict[str, QLabel] = {}
        self._rows = form_layout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.addRow(row_label("What to do"), self.change)
        for name, text, unit, least, most in _ROWS:
            self._add(name, f"{text} [{unit}]" if unit else text, least, most)
        self.setLayout(self._rows)
        self.change.currentIndexChanged.connect(self._on_change)
        self._show_rows()

    def values(self) -> WhatIfConfig:
        """Return the settings."""
        numbers = {name: slider.value() for name, slider in self.sliders.items()}
        return WhatIfConfig(change=self.change.currentData(), **numbers)

    def say_unit(self, *, has_pixel_size: bool) -> None:
        """Write lengths in Å, or in px where the pixel size is not known."""
        for name, text, unit, _, _ in _ROWS:
            if unit:
                self._labels[name].setText(f"{text} [{unit if has_pixel_size else 'px'}]")

    def _add(self, name: str, text: str, least: float, most: float) -> None:
        field = WhatIfConfig.model_fields[name]
        slider = self.sliders[name] = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        slider.setRange(least, most)
        slider.setDecimals(2)
        slider.setValue(field.default)
        slider.setToolTip(field.description or "")
        slider.setAccessibleName(text)
        at_ease(slider)
        slider.valueChanged.connect(lambda _value: self.changed.emit())
        label = self._labels[name] = row_label(text)
        label.setToolTip(field.description or "")
        self._rows.addRow(label, slider)

    def _on_change(self, _index: int) -> None:
        self._show_rows()
        self.changed.emit()

    def _show_rows(self) -> None:
        name = self.change.currentData()
        self.change.setToolTip(_TIPS[name])
        for field, slider in self.sliders.items():
            is_read = field in (*_READS[name], "grow")
            slider.setVisible(is_read)
            self._labels[field].setVisible(is_read)
