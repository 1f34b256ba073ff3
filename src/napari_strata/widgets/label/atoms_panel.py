"""How atoms given as points become labels, and the button that does it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Points
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.config import SpotConfig
from napari_strata.errors import LabelsError
from napari_strata.widgets.layers.atom_points import draw_mask, fit_markers, frames_with_atoms
from napari_strata.widgets.layers.label_layers import add_labels
from napari_strata.widgets.layers.label_memory import (
    class_table_of,
    crystal_layer_of,
    group_of,
    image_of,
    members_of,
    remember_spots,
    spots_of,
)
from napari_strata.widgets.layers.label_step import write_step
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.parts.form import ConfigForm
from napari_strata.widgets.parts.notify import in_notifications

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

_HOW = "Click to add atoms, drag to move them with the arrow tool, Delete removes. Train takes them as they are."
_NONE = "Press 'New atoms'."


class AtomsPanel(QWidget):
    """Settings of the spots that atoms become.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose layers hold the atoms.
    """

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Any = None
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.form = ConfigForm(SpotConfig)
        self.button = QPushButton("Atoms to labels")
        self.button.setToolTip(
            "Draw the atoms of each crystal layer into its Labels layer, as one step that can be undone there. "
            "With background, what was painted in slices that have atoms is replaced."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.form)
        layout.addWidget(self.button)
        self.form.changed.connect(in_notifications(self._remember))
        self.button.clicked.connect(in_notifications(self._draw))
        self.follow(None)

    def follow(self, napari_layer: "Layer | None") -> None:
        """Show the settings of the atoms of a layer's group."""
        self._layer = napari_layer
        atoms = self._atoms()
        self.words.setText(_HOW if atoms else _NONE)
        self.button.setEnabled(bool(atoms))
        self.form.setEnabled(bool(atoms))
        if atoms:
            blocked = self.form.blockSignals(True)
            self.form.set_values(spots_of(atoms[0]))
            self.form.blockSignals(blocked)

    def _atoms(self) -> list[Points]:
        members = [] if self._layer is None else members_of(self._layer, self._viewer.layers)
        return [one for one in members if isinstance(one, Points)]

    def _remember(self) -> None:
        config, image = self.form.values(), self._image()
        for points in self._atoms():
            remember_spots(points, config)
            if image is not None:
                fit_markers(points, image)

    def _image(self) -> "Image | None":
        return image_of(self._layer, self._viewer.layers)

    def _draw(self, _checked: bool = False) -> None:
        image, atoms = self._image(), self._atoms()
        if image is None:
            raise LabelsError("The image of these atoms is not open.", remedy="Open it under its name.")
        drawn = [(points, frames_with_atoms(points, image)) for points in atoms]
        drawn = [(points, frames) for points, frames in drawn if frames]
        if not drawn:
            raise LabelsError(
                "There are no atoms in the image.", remedy="Click some with the tool for adding points."
            )
        masks = [draw_mask(points, image) for points, _frames in drawn]
        for (points, frames), mask in zip(drawn, masks, strict=True):
            labels = self._labels_for(points, image)
            write_step(labels, _slices(labels, mask, frames, replaces=spots_of(points).background))
        self._viewer.layers.selection.active = self._labels_for(drawn[0][0], image)

    def _labels_for(self, points: Points, image: "Image") -> Labels:
        """Return the Labels layer of the same crystal layer; make it where there is none."""
        layer, members = crystal_layer_of(points), members_of(points, self._viewer.layers)
        found = [one for one in members if isinstance(one, Labels) and crystal_layer_of(one) == layer]
        if found:
            return found[0]
        layers = len({crystal_layer_of(one) for one in members})
        table, group = class_table_of(points), group_of(points)
        return add_labels(self._viewer, image, layer, layers=layers, table=table, group=group)


def _slices(labels: Labels, mask: np.ndarray, frames: list[int], *, replaces: bool) -> Any:
    data = full_data(labels)
    for frame in frames:
        place = (frame,) if data.ndim == 3 else ()
        yield place, mask[frame] if replaces else np.where(mask[frame] > 0, mask[frame], data[place])
