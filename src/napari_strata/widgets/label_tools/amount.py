"""A length or an area in pixels, or in ångström where the pixel size is known."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.number_boxes import NumberBox

_UNITS = {1: ("px", "Å"), 2: ("px²", "Å²")}


class AmountRow(QWidget):
    """A number and its unit; another unit shows the same amount by another number.

    Parameters
    ----------
    power : int
        1 for lengths, 2 for areas.
    value : float
        The amount at first [px or px²].
    """

    changed = Signal()

    def __init__(self, power: int, value: float) -> None:
        super().__init__()
        self._power = power
        self._pixel_size: float | None = None
        self.box = NumberBox(0.0, 1e9)
        self.box.set_value(value)
        self.box.setSingleStep(1)
        self.unit = ChoiceBox()
        self.unit.addItems(_UNITS[power])
        self.unit.setEnabled(False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box, 1)
        layout.addWidget(self.unit, 1)
        self.box.valueChanged.connect(lambda _value: self.changed.emit())
        self.unit.currentIndexChanged.connect(self._on_unit)

    @property
    def in_pixels(self) -> float:
        """The amount [px or px²]."""
        value = float(self.box.value())
        if self.unit.currentIndex() == 0 or self._pixel_size is None:
            return value
        return value / self._pixel_size**self._power

    def set_pixel_size(self, value: float | None) -> None:
        """Take the pixel size of another image [Å/px]; without one only pixels are offered."""
        if value is None:
            self.unit.setCurrentIndex(0)  # while the last one is known
        self._pixel_size = value
        self.unit.setEnabled(value is not None)
        self.unit.setToolTip(
            "" if value else "Type the pixel size in the Train or Predict dock to work in ångström."
        )

    def _on_unit(self, index: int) -> None:
        if self._pixel_size is not None:
            factor = self._pixel_size**self._power
            self.box.set_value(self.box.value() * (factor if index else 1 / factor))
        self.changed.emit()
