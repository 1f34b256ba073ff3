"""What the helpers work on: an image, its labels, the chosen class, and whether paint is safe from them."""

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QWidget

from napari_strata.errors import StrataError
from napari_strata.types import NOT_LABELLED, AnyArray
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.label_edits import check_editable, names_of, shown_frame
from napari_strata.widgets.layers.label_memory import image_of, is_for, labels_of
from napari_strata.widgets.layers.labels_choice import NO_LABELS
from napari_strata.widgets.layers.layer_data import check_kind, full_data
from napari_strata.widgets.layers.numbered_objects import holds_objects
from napari_strata.widgets.layers.results import role_of
from napari_strata.widgets.layers.world import from_world
from napari_strata.widgets.parts.connections import LayerFollower, connect_while_alive
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import row_label
from napari_strata.widgets.parts.layer_choice import LayerChoice

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer

_NO_IMAGE = "Open an image."
_NO_LABELS = "Make labels first: 'New labels' in the Label dock."
_MASKS = " Predicted masks count as labels once you paint on them."
_OBJECTS = "These labels number objects: press 'Objects to classes' in the Label dock."
_NO_CLASS = "Choose a class."
_KEEP = "Paint only where unlabelled"
_KEEP_TIP = (
    "Brush, fill and every tool here leave alone what is painted already. The same as 'preserve labels' in "
    "napari's layer controls."
)


class LabelTarget(QWidget):
    """Rows to choose image, labels and class; they follow the active layer and the selected label.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to offer.
    """

    changed = Signal()
    """Emitted when image, labels, class, the shown slice or the protection of paint is another one."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        from napari.layers import Image, Labels

        super().__init__(parent)
        self._viewer = viewer
        self.image_choice = LayerChoice(viewer, Image)
        self.labels_choice = LayerChoice(viewer, Labels, none_when_empty=NO_LABELS)
        self.classes = ChoiceBox()
        self.keep = QCheckBox(_KEEP)
        self._names: dict[int, str] = {}
        self._shown: tuple[object, int, AnyArray] | None = None
        self._table_follower = LayerFollower(self, self._show_names, "colormap")
        self._choice_follower = LayerFollower(
            self, self._show_choice, "selected_label", "preserve_labels", "editable"
        )
        self._lay_out()
        self.image_choice.chosen.connect(self._on_image)
        self.labels_choice.chosen.connect(self._on_labels)
        self.classes.activated.connect(self._on_class)
        self.keep.clicked.connect(self._on_keep)
        connect_while_alive(self, self._on_active, viewer.layers.selection.events.active)
        connect_while_alive(self, self._on_step, viewer.dims.events.current_step)
        self._on_labels(self.labels)

    @property
    def image(self) -> "Image | None":
        """The chosen image."""
        layer: Image | None = self.image_choice.layer
        return layer

    @property
    def labels(self) -> "Labels | None":
        """The chosen Labels layer."""
        layer: Labels | None = self.labels_choice.layer
        return layer

    @property
    def code(self) -> int:
        """Code of the chosen class."""
        return NOT_LABELLED if self.labels is None else int(self.labels.selected_label)

    @property
    def only_unlabelled(self) -> bool:
        """Whether what is painted already stays."""
        return self.labels is not None and bool(self.labels.preserve_labels)

    @property
    def frames(self) -> int:
        """How many slices there are."""
        return 1 if self.labels is None or self.labels.ndim == 2 else int(self.labels.data.shape[0])

    @property
    def frame(self) -> int:
        """The slice that is shown."""
        if self.labels is None:
            return 0
        return shown_frame(self.labels, from_world(self.labels, self._viewer, self._viewer.dims.point))

    @property
    def pixel_size(self) -> float | None:
        """Pixel size of the image [Å/px]; None where nobody knows it."""
        return None if self.image is None else calibration_of(self.image).value

    @property
    def names(self) -> dict[int, str]:
        """The name of each code."""
        return dict(self._names)

    def obstacle(self, *, needs_class: bool = True) -> str:
        """Say what is missing; an empty text where nothing is."""
        if self.image is None:
            return _NO_IMAGE
        if self.labels is None or not is_for(self.labels, self.image, self._viewer.layers):
            has_masks = any(role_of(layer) == "masks" for layer in self._viewer.layers)
            return f"{_NO_LABELS}{_MASKS}" if has_masks else _NO_LABELS
        if holds_objects(self.labels):
            return _OBJECTS
        try:
            check_kind(self.image)
            check_editable(self.labels)
        except StrataError as error:
            return str(error)
        if full_data(self.image).shape != self.labels.data.shape:
            sizes = f"{self.labels.name} has shape {self.labels.data.shape}, {self.image.name} "
            return f"{sizes}{full_data(self.image).shape}. Choose the image that the labels belong to."
        return _NO_CLASS if needs_class and self.code == NOT_LABELLED else ""

    def codes(self, frames: slice) -> AnyArray:
        """Copy mask codes as (frame, y, x)."""
        assert self.labels is not None, "there is an obstacle without labels"
        return _stack(self.labels.data, frames)

    def intensities(self, frames: slice) -> AnyArray:
        """Copy intensities as (frame, y, x)."""
        assert self.image is not None, "there is an obstacle without an image"
        return _stack(full_data(self.image), frames)

    def shown_intensities(self) -> AnyArray:
        """Return the shown slice as (1, y, x); the same array for as long as the same slice is shown."""
        assert self.image is not None, "there is an obstacle without an image"
        data, frame, kept = full_data(self.image), self.frame, self._shown
        if kept is None or kept[0] is not data or kept[1] != frame:
            self._shown = kept = (data, frame, self.intensities(slice(frame, frame + 1)))
        return kept[2]

    def _lay_out(self) -> None:
        self.image_choice.setToolTip("The image that the tools look at.")
        self.labels_choice.setToolTip("The Labels layer that they paint on.")
        self.classes.setToolTip("What they paint; the same as the row chosen in the Label dock.")
        self.keep.setToolTip(_KEEP_TIP)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows = (("Image", self.image_choice), ("Labels", self.labels_choice), ("Class", self.classes))
        for text, widget in rows:
            form.addRow(row_label(text), widget)
        form.addRow(self.keep)

    def _on_image(self, image: "Image | None") -> None:
        layers = self._viewer.layers
        if image is not None and self.labels is not None and not is_for(self.labels, image, layers):
            for one in labels_of(image, layers)[:1]:
                self.labels_choice.choose(one)
        self.changed.emit()

    def _on_labels(self, labels: "Labels | None") -> None:
        self._table_follower.follow(labels)
        self._choice_follower.follow(labels)
        image = None if labels is None else image_of(labels, self._viewer.layers)
        if image is not None:
            self.image_choice.choose(image)
        self._show_names()

    def _on_active(self, _event: object = None) -> None:
        active = self._viewer.layers.selection.active
        self.image_choice.choose(active)
        self.labels_choice.choose(active)
        if active is not None and active == self.labels:
            self._on_labels(self.labels)  # brings back its image

    def _on_step(self, _event: object = None) -> None:
        self.changed.emit()

    def _show_names(self, _event: Any = None) -> None:
        """Show the classes; their table is looked up only when it may be another one."""
        self._names = {} if self.labels is None else names_of(self.labels)
        self._show_choice()

    def _show_choice(self, _event: Any = None) -> None:
        """Show the chosen class, and whether paint is safe."""
        chosen = self.code
        codes = {code: name for code, name in self._names.items() if code != NOT_LABELLED}
        if self.labels is not None and chosen not in codes:
            codes = {chosen: "not labelled (choose a class)" if chosen == NOT_LABELLED else "unknown"} | codes
        blocked = self.classes.blockSignals(True)
        self.classes.clear()
        for code, name in codes.items():
            self.classes.addItem(f"{code}  {name}", code)
        self.classes.setCurrentIndex(list(codes).index(chosen) if codes else -1)
        self.classes.blockSignals(blocked)
        self.keep.setChecked(self.only_unlabelled)
        for widget in (self.classes, self.keep):
            widget.setEnabled(self.labels is not None)
        self.changed.emit()

    def _on_class(self, _index: int) -> None:
        if self.labels is not None:
            self.labels.selected_label = self.classes.currentData()

    def _on_keep(self, checked: bool) -> None:
        if self.labels is not None:
            self.labels.preserve_labels = checked


def _stack(data: Any, frames: slice) -> AnyArray:
    part = data[frames] if data.ndim == 3 else data[None]
    copied: AnyArray = np.array(part)
    return copied
