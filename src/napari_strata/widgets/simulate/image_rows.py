"""Rows that say which image a simulation is compared with, or how large it is without one."""

from typing import TYPE_CHECKING

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_strata.errors import CalibrationError
from napari_strata.widgets.layers.calibration_row import CalibrationRow
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.form import form_layout, row_label
from napari_strata.widgets.parts.layer_choice import LayerChoice
from napari_strata.widgets.parts.number_boxes import IntegerBox, NumberBox
from napari_strata.widgets.simulate.field import MOST, Field, field_of

if TYPE_CHECKING:
    from napari.viewer import Viewer

NO_IMAGE = "none: the simulation alone"
SIDE, PIXEL_SIZE = 256, 0.1
"""Field of view without an image: pixels, and Å/px."""


class ImageRows(QWidget):
    """Image and pixel size, or size and pixel size where there is no image.

    Parameters
    ----------
    viewer : Viewer
        Whose images to offer.
    """

    changed = Signal()
    """Emitted when another field of view is to be compared."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.image = LayerChoice(viewer, Image, none_text=NO_IMAGE, follows=False)
        self.calibration = CalibrationRow(viewer)
        self.side = IntegerBox(16, MOST)
        self.pixel_size = NumberBox(0.01, 2.0)
        self.free = QWidget()
        self._found: tuple[Image, float] | None = None
        self._lay_out()
        self.image.chosen.connect(self._on_image)
        self.calibration.changed.connect(self.changed)
        self.side.valueChanged.connect(self._on_change)
        self.pixel_size.valueChanged.connect(self._on_change)
        connect_while_alive(self, self._on_slice, viewer.dims.events.current_step)
        self._on_image(self.image.layer)

    @property
    def image_size(self) -> float | None:
        """Pixel size of the chosen image [Å/px], stated or found."""
        known = self.calibration.calibration.value
        if known is None and self._found is not None and self._found[0] is self.image.layer:
            return self._found[1]
        return known

    def field(self) -> Field:
        """Copy the field of view.

        Raises
        ------
        ImageError
            If the image cannot be used.
        CalibrationError
            If its pixel size is neither known nor found.
        """
        layer = self.image.layer
        if layer is None:
            return Field((self.side.value(), self.side.value()), self.pixel_size.value())
        known = self.image_size
        if known is None:
            raise CalibrationError(
                f"The pixel size of {layer.name} is not known.",
                remedy="Type the length of one pixel in Å, or press “Match my image”.",
            )
        return field_of(layer, self._viewer, known)

    def use_found(self, image: Image, pixel_size: float) -> None:
        """Take a pixel size that was found for an image that states none."""
        self._found = image, pixel_size
        self.changed.emit()

    def _lay_out(self) -> None:
        self.image.setToolTip("The image to compare with: the middle of the slice that is shown.")
        self.side.setSuffix(" px")
        self.side.setAccessibleName("Side")
        self.side.setValue(SIDE)
        self.pixel_size.setSuffix(" Å/px")
        self.pixel_size.setAccessibleName("Pixel size")
        self.pixel_size.set_value(PIXEL_SIZE)
        beside = QHBoxLayout(self.free)
        beside.setContentsMargins(0, 0, 0, 0)
        for box in (self.side, self.pixel_size):
            beside.addWidget(box, 1)
        self._rows = form_layout()
        self._rows.addRow(row_label("Image"), self.image)
        self._rows.addRow(row_label("Pixel size"), self.calibration)
        self._rows.addRow(row_label("Field of view"), self.free)
        self.setLayout(self._rows)

    def _on_image(self, layer: Image | None) -> None:
        self._rows.setRowVisible(self.calibration, layer is not None)
        self._rows.setRowVisible(self.free, layer is None)
        self.calibration.set_layer(layer)  # which emits changed

    def _on_change(self, _value: object) -> None:
        self.changed.emit()

    def _on_slice(self, _event: object) -> None:
        if self.image.layer is not None and self.image.layer.ndim > 2:
            self.changed.emit()
