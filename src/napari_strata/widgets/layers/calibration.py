"""The pixel size of an image layer: what it is, who says so, and a field to type it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_strata.io.calibration import Calibration, CalibrationSource, agree, settle
from napari_strata.widgets.layers.results import ORIGIN
from napari_strata.widgets.layers.stated_size import is_oblong, size_in_file, size_in_layer
from napari_strata.widgets.layers.world import same_view
from napari_strata.widgets.parts.connections import LayerFollower
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.number_boxes import NumberBox

if TYPE_CHECKING:
    from collections.abc import Hashable

    from napari.layers import Image, Layer
    from napari.viewer import Viewer

METADATA = "napari_strata"
"""Key of what this plugin keeps in a napari layer's metadata."""
IMAGE = "image"
"""Key in it: `unique_id` of the image layer that a layer was made for."""
_TYPED = "typed_pixel_size"


@dataclass(frozen=True, slots=True)
class _Typed:
    """A pixel size that was typed [Å/px], and what was known of the layer before."""

    value: float
    before: Calibration
    was_oblong: bool


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
    of_layer = size_in_layer(napari_layer)
    if of_layer is None:
        of_file = size_in_file(napari_layer.source.path)
        return Calibration(of_file, CalibrationSource.UNKNOWN if of_file is None else CalibrationSource.FILE)
    typed = _typed(napari_layer)
    is_typed = typed is not None and agree(typed.value, of_layer)
    return Calibration(of_layer, CalibrationSource.TYPED if is_typed else CalibrationSource.LAYER)


def doubt_about(napari_layer: "Image") -> str:
    """Say what is doubtful about the pixel size of an image layer; an empty text where nothing is."""
    if is_oblong(napari_layer):
        (y, x), unit = napari_layer.scale[-2:], napari_layer.units[-1]
        return f"Its pixels are not square: {y:g} by {x:g} {unit}. A size typed here is taken for both sides."
    typed = _typed(napari_layer)
    if typed is None or calibration_of(napari_layer).source is not CalibrationSource.TYPED:
        return ""
    if typed.was_oblong:
        return "Its pixels were not square; now they are taken as square."
    says = "the file says" if typed.before.source is CalibrationSource.FILE else "the layer said"
    _, warnings = settle(typed.value, typed.before.value, name=napari_layer.name, says=says)
    return " ".join(warnings)


def set_pixel_size(napari_layer: "Image", value: float, layers: "Iterable[Layer]" = ()) -> None:
    """Calibrate an image layer in y and x; a stack keeps the scale and unit of its leading axis.

    Parameters
    ----------
    napari_layer : Image
        The layer to calibrate.
    value : float
        Pixel size [Å/px].
    layers : iterable of Layer
        The viewer's layers; those that belong to the image and lie on its grid stay on it.

    Raises
    ------
    CalibrationError
        If the value is not positive.
    """
    settle(value, None, name=napari_layer.name)
    old, origin = napari_layer.scale[-2:].copy(), napari_layer.translate[-2:].copy()
    open_layers = list(layers)
    for follower in [layer for layer in open_layers if moves_with(layer, napari_layer, open_layers)]:
        offset = (follower.translate[-2:] - origin) * value / old
        _place(follower, value, translate=(*follower.translate[:-2], *(origin + offset)))
    known, typed = calibration_of(napari_layer), _typed(napari_layer)
    if typed is None or known.source is not CalibrationSource.TYPED:
        typed = _Typed(value, known, is_oblong(napari_layer))
    ours = napari_layer.metadata.get(METADATA, {})
    napari_layer.metadata[METADATA] = {**ours, _TYPED: replace(typed, value=value)}
    _place(napari_layer, value, translate=napari_layer.translate)


def moves_with(napari_layer: "Layer", image: "Image", layers: "list[Layer]") -> bool:
    """Tell whether a layer moves with an image: it is on the same grid, and was made for it or drawn on it."""
    if not np.allclose(napari_layer.scale[-2:], image.scale[-2:]) or napari_layer.units[-2:] != image.units[-2:]:
        return False
    owner = image_id_of(napari_layer)
    if owner in {one.unique_id for one in layers}:
        return bool(owner == image.unique_id)
    return _is_drawn_on(napari_layer, image)  # the owner was closed, and perhaps opened again


def image_id_of(napari_layer: "Layer") -> "Hashable | None":
    """Return the `unique_id` of the image that a layer was made for; None where nobody noted it."""
    key = napari_layer.metadata.get(ORIGIN, {}).get("key") or napari_layer.metadata.get(METADATA, {})
    found: Hashable | None = key.get(IMAGE)
    return found


UNKNOWN = "not known"
BUTTONS = 60
"""Width of the two buttons of a box for numbers, and of the frame around it [px]."""


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
        self.box.setSpecialValueText(UNKNOWN)
        self.box.setMinimumWidth(self.box.fontMetrics().horizontalAdvance(UNKNOWN) + BUTTONS)
        self.box.setKeyboardTracking(False)
        self.box.setToolTip("Length of one image pixel [Å/px]. Typing it sets the layer's scale and units.")
        self.box.valueChanged.connect(in_notifications(self._type))
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
        self.doubt.setText("" if layer is None else doubt_about(layer))
        self.doubt.setVisible(bool(self.doubt.text()))
        self.changed.emit()

    def _type(self, value: float) -> None:
        layer = self._follower.layer
        if layer is None:
            return
        try:
            with same_view(self._viewer, layer):
                set_pixel_size(layer, value, self._viewer.layers)
        finally:
            self._refresh()  # also where nothing has changed


_SOURCES = {
    CalibrationSource.TYPED: "typed",
    CalibrationSource.LAYER: "from the layer",
    CalibrationSource.FILE: "from the file",
    CalibrationSource.UNKNOWN: "type it in",
}


def _typed(napari_layer: "Image") -> _Typed | None:
    typed: _Typed | None = napari_layer.metadata.get(METADATA, {}).get(_TYPED)
    return typed


def _is_drawn_on(napari_layer: "Layer", image: "Image") -> bool:
    """Tell whether labels cover exactly an image, or points or shapes lie around a place of it."""
    from napari.layers import Labels, Points, Shapes

    inner, outer = napari_layer.extent.world[:, -2:], image.extent.world[:, -2:]
    if isinstance(napari_layer, Labels):
        return bool(np.allclose(inner, outer))
    middle = inner.mean(axis=0)  # nan where nothing is drawn yet
    return isinstance(napari_layer, Points | Shapes) and bool(((outer[0] <= middle) & (middle <= outer[1])).all())


def _place(napari_layer: "Layer", value: float, *, translate: Iterable[float]) -> None:
    napari_layer.units = (*napari_layer.units[:-2], "angstrom", "angstrom")
    napari_layer.scale = (*napari_layer.scale[:-2], value, value)
    napari_layer.translate = tuple(translate)
