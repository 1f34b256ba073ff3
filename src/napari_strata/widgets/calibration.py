"""The pixel size of an image layer: what it is, who says so, and a field to type it."""

import math
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from napari_strata.errors import StrataError
from napari_strata.io.calibration import COARSEST, Calibration, CalibrationSource, agree
from napari_strata.types import AnyArray
from napari_strata.widgets.connections import LayerFollower
from napari_strata.widgets.editors import NumberBox
from napari_strata.widgets.notify import in_notifications, show_failure

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

METADATA = "napari_strata"
"""Key of what this plugin keeps in a napari layer's metadata."""
_TYPED = "typed_pixel_size"


def calibration_of(napari_layer: "Image") -> Calibration:
    """Find the pixel size of an image layer.

    Parameters
    ----------
    napari_layer : Image
        A layer of at least two dimensions.

    Returns
    -------
    Calibration
        From the layer's scale and units where those are a length (Å, nm, µm, pm, ...), else from the header of
        the file that it was opened from; a typed one stays known as typed.
    """
    of_layer = _of_layer(napari_layer)
    if of_layer is None:
        of_file = _of_file(napari_layer.source.path)
        return Calibration(of_file, CalibrationSource.UNKNOWN if of_file is None else CalibrationSource.FILE)
    typed = napari_layer.metadata.get(METADATA, {}).get(_TYPED)
    is_typed = typed is not None and agree(typed, of_layer)
    return Calibration(of_layer, CalibrationSource.TYPED if is_typed else CalibrationSource.LAYER)


def set_pixel_size(napari_layer: "Image", value: float, layers: "Iterable[Layer]" = ()) -> None:
    """Calibrate an image layer in y and x; a stack keeps the scale and unit of its leading axis.

    Parameters
    ----------
    napari_layer : Image
        The layer to calibrate.
    value : float
        Pixel size [Å/px].
    layers : iterable of Layer
        The viewer's layers; those that lie on the image's grid stay on it.
    """
    old = napari_layer.scale[-2:].copy()
    old_units = napari_layer.units[-2:]
    origin = napari_layer.translate[-2:].copy()
    for follower in layers:
        same_grid = np.allclose(follower.scale[-2:], old) and follower.units[-2:] == old_units
        if follower != napari_layer and same_grid:
            offset = (follower.translate[-2:] - origin) * value / old
            _place(follower, value, translate=(*follower.translate[:-2], *(origin + offset)))
    napari_layer.metadata.setdefault(METADATA, {})[_TYPED] = value
    _place(napari_layer, value, translate=napari_layer.translate)


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
        self.box = NumberBox(0.0, 1e5)
        self.box.setSuffix(" Å/px")
        self.box.setSpecialValueText("not known")
        self.box.setKeyboardTracking(False)
        self.box.setToolTip("Length of one image pixel [Å/px]. Typing it sets the layer's scale and units.")
        self.box.valueChanged.connect(in_notifications(self._type))
        self.source = QLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box, 1)
        layout.addWidget(self.source)
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

    def _refresh(self, _event: object = None) -> None:
        unknown = Calibration(None, CalibrationSource.UNKNOWN)
        try:
            self._calibration = unknown if self._follower.layer is None else calibration_of(self._follower.layer)
        except StrataError as error:
            self._calibration = unknown
            show_failure(error)
        blocked = self.box.blockSignals(True)
        self.box.set_value(self._calibration.value or 0.0)
        self.box.blockSignals(blocked)
        self.source.setText("" if self._follower.layer is None else _SOURCES[self._calibration.source])
        self.changed.emit()

    def _type(self, value: float) -> None:
        if self._follower.layer is not None and value > 0:
            before = self._follower.layer.extent.world
            set_pixel_size(self._follower.layer, value, self._viewer.layers)
            self._keep_view(before, self._follower.layer.extent.world)

    def _keep_view(self, before: AnyArray, after: AnyArray) -> None:
        """Show the same part of the image as before it was given another size in the world."""
        camera = self._viewer.scene.camera
        zoom = (after[1, -2:] - after[0, -2:]) / (before[1, -2:] - before[0, -2:])
        centre = after[0, -2:] + (np.array(camera.center[-2:]) - before[0, -2:]) * zoom
        camera.center = (*camera.center[:-2], *centre)
        camera.zoom /= zoom.max()


_SOURCES = {
    CalibrationSource.TYPED: "typed",
    CalibrationSource.LAYER: "from the layer",
    CalibrationSource.FILE: "from the file",
    CalibrationSource.UNKNOWN: "type it if known",
}


def _of_layer(napari_layer: "Image") -> float | None:
    """Return the side of a square pixel [Å]; None where it is no length, not square, or a printer's dot."""
    y, x = (
        float((scale * unit).to("angstrom").magnitude) if unit.is_compatible_with("angstrom") else math.nan
        for scale, unit in zip(napari_layer.scale[-2:], napari_layer.units[-2:], strict=True)
    )
    return x if agree(y, x) and 0 < x < COARSEST else None


@lru_cache(maxsize=64)
def _of_file(path: str | None) -> float | None:
    from napari_strata.io.arrays import read_array

    try:
        return read_array(Path(path)).pixel_size if path else None
    except StrataError:  # a format that only napari's other readers know
        return None


def _place(napari_layer: "Layer", value: float, *, translate: Iterable[float]) -> None:
    napari_layer.units = (*napari_layer.units[:-2], "angstrom", "angstrom")
    napari_layer.scale = (*napari_layer.scale[:-2], value, value)
    napari_layer.translate = tuple(translate)
