"""Which pixels are meant: those that a map explains, or a region that somebody drew."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_strata.widgets.layers.targets import drawn_region
from napari_strata.widgets.maps.asked import Asked
from napari_strata.widgets.parts.connections import LayerFollower
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import form_layout, row_label
from napari_strata.widgets.parts.layer_choice import RESULT, LayerChoice

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

_OF_MAP, _DRAWN = "What the map explains", "A drawn region"
_NO_LAYER = "no labels or shapes open"
_LABEL_EVENTS = ("labels_update", "paint", "selected_label", "data", "set_data")
"""While one paints, afterwards, for another label, other data, and undo."""
_SHAPE_EVENTS = ("data", "highlight")
"""For other shapes, and others that are selected."""


class RegionChoice(QWidget):
    """Two rows: which region, and for a drawn one its layer.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to offer.
    """

    changed = Signal()
    """Emitted when another region is meant, or it may have been painted on."""

    def __init__(self, viewer: "Viewer") -> None:
        from napari.layers import Layer

        super().__init__()
        self.kind = ChoiceBox()
        self.kind.addItems([_OF_MAP, _DRAWN])
        self.kind.setToolTip("The atom, pixel or region of the map, or what you paint or draw.")
        self.layer = LayerChoice(viewer, Layer, offers=_can_hold_region, none_when_empty=_NO_LAYER)
        self.layer.setToolTip("Labels: the selected label. Shapes: the selected shapes, or all of them.")
        self._rows = form_layout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.addRow(row_label("Region"), self.kind)
        self._label = row_label("Drawn in")
        self._rows.addRow(self._label, self.layer)
        self.setLayout(self._rows)
        self._labels = LayerFollower(self, self._on_edit, *_LABEL_EVENTS)
        self._shapes = LayerFollower(self, self._on_edit, *_SHAPE_EVENTS)
        self.kind.currentIndexChanged.connect(self._on_choice)
        self.layer.chosen.connect(self._on_choice)
        self._on_choice()

    @property
    def is_drawn(self) -> bool:
        """Whether a drawn region is meant."""
        return bool(self.kind.currentText() == _DRAWN)

    def mask(self, asked: Asked) -> NDArray[np.bool_] | None:
        """Return the drawn region on the image, shape (y, x); None means what the map explains.

        Raises
        ------
        TargetError
            If none is drawn on this frame of the image.
        """
        if not self.is_drawn:
            return None
        return drawn_region(self.layer.layer, asked.source.origin.image, asked.frame, asked.question.layer).mask

    def _on_choice(self, _choice: object = None) -> None:
        from napari.layers import Labels, Shapes

        self._label.setVisible(self.is_drawn)
        self.layer.setVisible(self.is_drawn)
        drawn: Any = self.layer.layer if self.is_drawn else None
        self._labels.follow(drawn if isinstance(drawn, Labels) else None)
        self._shapes.follow(drawn if isinstance(drawn, Shapes) else None)
        self.changed.emit()

    def _on_edit(self, _event: object = None) -> None:
        self.changed.emit()


def _can_hold_region(napari_layer: "Layer") -> bool:
    from napari.layers import Labels, Shapes

    return isinstance(napari_layer, Labels | Shapes) and not napari_layer.metadata.get(RESULT, False)
