"""The choice of a Shapes layer, and the button that makes labels of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari.layers import Labels, Shapes
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.errors import LabelsError
from napari_strata.widgets.label.shape_labels import shapes_to_labels
from napari_strata.widgets.parts.form import form_layout
from napari_strata.widgets.parts.layer_choice import LayerChoice
from napari_strata.widgets.parts.notify import in_notifications

if TYPE_CHECKING:
    from napari.viewer import Viewer


class ShapesPanel(QWidget):
    """Writes the selected class into the pixels of shapes.

    Parameters
    ----------
    viewer : Viewer
        Whose Shapes layers to offer.
    target : callable
        Returns the layer to write into, if one is chosen, and the code to write.
    """

    def __init__(
        self, viewer: "Viewer", target: Callable[[], tuple[object, int]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._viewer, self._target = viewer, target
        words = QLabel(
            "Draw polygons, ellipses, rectangles or lines on a Shapes layer. The selected class is written into "
            "all of them, or only into those selected."
        )
        words.setWordWrap(True)
        self.shapes = LayerChoice(viewer, Shapes)
        self.button = QPushButton("Shapes to labels")
        self.button.setToolTip("One step that can be undone. A pixel belongs to a shape if its centre does.")
        rows = form_layout()
        rows.addRow("Shapes", self.shapes)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(words)
        layout.addLayout(rows)
        layout.addWidget(self.button)
        self.shapes.chosen.connect(lambda _layer: self._enable())
        self.button.clicked.connect(in_notifications(self._write))
        self._enable()

    def _enable(self) -> None:
        self.button.setEnabled(self.shapes.layer is not None)

    def _write(self, _checked: bool = False) -> None:
        labels, code = self._target()
        if not isinstance(labels, Labels):
            raise LabelsError("No Labels layer is chosen.", remedy="Choose one, or press 'New labels'.")
        shapes_to_labels(self.shapes.layer, labels, self._viewer, code)
