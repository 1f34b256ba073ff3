"""What a job works on: an image with its pixel size, and a trained model."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QPushButton, QWidget

from napari_strata.errors import BundleError, ImageError
from napari_strata.types import ImageStack
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.calibration_row import CalibrationRow
from napari_strata.widgets.layers.label_layers import add_grey
from napari_strata.widgets.layers.last_made import made_as
from napari_strata.widgets.layers.layer_data import full_data, stack_of
from napari_strata.widgets.layers.napari_layers import Origin
from napari_strata.widgets.layers.results import find_results, origin_of
from napari_strata.widgets.parts.layer_choice import LayerChoice
from napari_strata.widgets.parts.model_choice import ModelChoice
from napari_strata.widgets.parts.models import ModelEntry, ModelLibrary, open_model
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.proposal import Proposal

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Source:
    """A copy of the image and all else that a job needs, as it was when the job was started.

    Attributes
    ----------
    stack : ImageStack
        Copy of the image.
    entry : ModelEntry
        The model.
    origin : Origin
        What the result's layers will say of where they come from.
    data : object
        The very array that the image layer showed.
    """

    stack: ImageStack
    entry: ModelEntry
    origin: Origin
    data: object

    def why_dropped(self, viewer: "Viewer") -> str:
        """Say why a result can no longer be placed; an empty text where it can."""
        image = self.origin.image
        if image not in viewer.layers:
            return f"{self.stack.name} was removed meanwhile; the result was dropped."
        if full_data(image) is not self.data:
            return f"The data of {self.stack.name} were replaced meanwhile; the result was dropped. Start again."
        if calibration_of(image).value != self.stack.pixel_size:
            return (
                f"The pixel size of {self.stack.name} was changed meanwhile; the result was dropped. Start again."
            )
        return ""


class SourceForm(QWidget):
    """Rows to choose an image, its pixel size and a model.

    Parameters
    ----------
    viewer : Viewer
        Whose images to offer.
    library : ModelLibrary
        Whose models to offer.
    """

    changed = Signal()
    """Emitted when the image, its pixel size or the model is another one."""

    def __init__(self, viewer: "Viewer", library: ModelLibrary, parent: QWidget | None = None) -> None:
        from napari.layers import Image

        super().__init__(parent)
        self._viewer = viewer
        self.image = LayerChoice(viewer, Image)
        self.grey_button = QPushButton("Convert to grey")
        self.grey_button.setToolTip("Adds the brightness of this colour image as a grey image.")
        self.calibration = CalibrationRow(viewer)
        self.model = ModelChoice(library)
        self._propose_model = Proposal(self.model.propose).make
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow(QLabel("Image"), self.image)
        rows.addRow(self.grey_button)
        rows.addRow(QLabel("Pixel size"), self.calibration)
        rows.addRow(QLabel("Model"), self.model)
        self._on_image(self.image.layer)
        self.image.chosen.connect(self._on_image)
        self.grey_button.clicked.connect(in_notifications(self._convert_to_grey))
        self.calibration.changed.connect(self.changed)
        self.model.chosen.connect(lambda _entry: self.changed.emit())

    @property
    def pixel_size(self) -> float | None:
        """Pixel size of the chosen image [Å/px]; None where nobody knows it."""
        return self.calibration.calibration.value

    @property
    def obstacle(self) -> str:
        """In words, what is missing; empty where nothing is."""
        if self.image.layer is None:
            return "Open an image."
        if self.image.layer.rgb:
            return f"{self.image.layer.name} is a colour image: press 'Convert to grey'."
        entry = self.model.entry
        if entry is None:
            return "Train a model first, or open one."
        if entry.card.model.pixel_size is not None and self.pixel_size is None:
            return f"Type the pixel size: {entry.name} needs it."
        return ""

    def propose_used_model(self) -> None:
        """Propose the model with which the image was predicted last."""
        image = self.image.layer
        roles = () if image is None else ("masks", "atoms")
        found = [layer for role in roles for layer in find_results(self._viewer, role, image) if made_as(layer)]
        if found:
            self._propose_model(Path(origin_of(self._viewer, max(found, key=made_as))[1]))

    def _on_image(self, image: "Image | None") -> None:
        self.grey_button.setVisible(image is not None and image.rgb)
        self.calibration.set_layer(image)

    def _convert_to_grey(self, _checked: bool = False) -> None:
        add_grey(self._viewer, self.image.layer)

    def take(self) -> Source:
        """Copy the image and note the model.

        Raises
        ------
        ImageError
            If the image cannot be used, or none is open.
        BundleError
            If the model was removed meanwhile, or none is chosen.
        """
        layer, entry = self.image.layer, self.model.entry
        if layer is None:
            raise ImageError("No image is open.", remedy="Open an image.")
        if entry is None:
            raise BundleError("No model is chosen.", remedy="Train a model first, or open one.")
        entry = open_model(entry.path)  # a running training may have written another card
        stack = stack_of(layer, self.pixel_size)
        return Source(stack, entry, Origin(layer, stack.pixel_size, entry.card, str(entry.path)), full_data(layer))
