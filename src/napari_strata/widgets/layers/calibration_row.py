"""A field to see and to type the pixel size of an image layer."""

import re
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_strata.io.calibration import Calibration, CalibrationSource
from napari_strata.widgets.layers.calibration import (
    calibration_of,
    doubt_about,
    forget_pixel_size,
    set_pixel_size,
)
from napari_strata.widgets.layers.sensible_size import COARSEST, FINEST, why_not
from napari_strata.widgets.layers.world import same_view
from napari_strata.widgets.parts.connections import LayerFollower
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.number_boxes import NumberBox

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

UNKNOWN = "not known"
BUTTONS = 60
"""Width of the two buttons of a box for numbers, and of the frame around it [px]."""
_UNIT = re.compile(r"[\d.,]+\s*(pm|nm|µm|μm|um|Å|A|angstrom)(/px)?", re.IGNORECASE)
"""A number with a unit of length, where the box has one already."""
_SOURCES = {
    CalibrationSource.TYPED: "typed",
    CalibrationSource.LAYER: "from the layer",
    CalibrationSource.FILE: "from the file",
    CalibrationSource.UNKNOWN: "type it in",
}


class PixelSizeBox(NumberBox):
    """A box for the length of a pixel [Å]; 0, or nothing, means that it is not known."""

    refused = Signal(str)
    """Why what was typed is not taken, in words."""

    def __init__(self) -> None:
        super().__init__(0.0, COARSEST)
        self.setSuffix(" Å/px")
        self.setSpecialValueText(UNKNOWN)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance(UNKNOWN) + BUTTONS)
        self.setKeyboardTracking(False)
        self.setAccessibleName("Pixel size")
        self.setToolTip(
            "Length of one image pixel [Å/px]. Typing it sets the layer's scale and units; emptying the field "
            "takes back what was typed."
        )

    def read(self, text: str) -> float | None:
        """Leave out what no pixel can measure."""
        number = super().read(text)
        return number if number == 0 or (number is not None and number >= FINEST) else None

    def refuse(self, words: str) -> None:
        """Let the row say it, too, where it stays."""
        super().refuse(words)
        self.refused.emit(words)

    def why_not(self, typed: str) -> str:
        """Say what is likely meant."""
        number = self.number(typed)
        if number is None and _UNIT.fullmatch(typed):
            return f"“{typed}”: type the number alone, in Å: 1 nm is 10 Å, and 1 pm is 0.01 Å."
        return super().why_not(typed) if number is None else why_not(number)


class CalibrationRow(QWidget):
    """Shows the pixel size of an image layer and where it comes from; typing another calibrates the layer.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose layers lie on the image.
    """

    changed = Signal()
    """Emitted when the pixel size, or the layer, is another one."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._follower = LayerFollower(self, self._refresh, "scale", "units")
        self._calibration = Calibration(None, CalibrationSource.UNKNOWN)
        self.box = PixelSizeBox()
        self.box.valueChanged.connect(in_notifications(self._type))
        self.box.refused.connect(self._say)
        self.source = QLabel()
        self.doubt = QLabel()
        self.doubt.setWordWrap(True)
        self._lay_out()
        self.set_layer(None)

    @property
    def calibration(self) -> Calibration:
        """What is known of the layer's pixel size."""
        return self._calibration

    def set_layer(self, napari_layer: "Image | None") -> None:
        """Show the pixel size of another layer, or of none."""
        self._follower.follow(napari_layer)
        self.setEnabled(napari_layer is not None)
        self._refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.box, 1)
        row.addWidget(self.source)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.doubt)

    def _refresh(self, _event: object = None) -> None:
        layer = self._follower.layer
        unknown = Calibration(None, CalibrationSource.UNKNOWN)
        self._calibration = unknown if layer is None else calibration_of(layer)
        blocked = self.box.blockSignals(True)
        self.box.set_value(self._calibration.value or 0.0)
        self.box.blockSignals(blocked)
        self.source.setText("" if layer is None else _SOURCES[self._calibration.source])
        self._say("" if layer is None else doubt_about(layer))
        self.changed.emit()

    def _say(self, words: str) -> None:
        self.doubt.setText(words)
        self.doubt.setVisible(bool(words))

    def _type(self, value: float) -> None:
        layer = self._follower.layer
        if layer is None:
            return
        try:
            with same_view(self._viewer, layer):
                if value:
                    set_pixel_size(layer, value, self._viewer.layers)
                else:
                    forget_pixel_size(layer, self._viewer.layers)
        finally:
            self._refresh()  # also where nothing has changed
