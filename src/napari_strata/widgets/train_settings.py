"""What the user sets before a training, and what becomes of it: a configuration and copies of the arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from napari.layers import Image, Labels
from napari.viewer import Viewer
from qtpy.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from napari_strata.annotation.checks import check_labels, check_painted
from napari_strata.config import (
    ClassTable,
    LabelledData,
    ModelConfig,
    SimulatedData,
    SimulationConfig,
    TrainConfig,
    TrainingConfig,
)
from napari_strata.errors import CalibrationError, ImageError, LabelsError
from napari_strata.types import ImageStack, LabelArray
from napari_strata.widgets.calibration import CalibrationRow
from napari_strata.widgets.editors import ChoiceBox, IntegerBox
from napari_strata.widgets.form import ConfigForm, form_layout, row_label
from napari_strata.widgets.label_layers import class_table_of, mates_of
from napari_strata.widgets.layer_choice import LayerChoice
from napari_strata.widgets.layer_data import full_data, stack_of
from napari_strata.widgets.live_overlay import Window, window_of

SIMULATED, LABELLED = "Simulated crystals", "My labels"
GOMBNET, UNET = "Gomb-Net (layer masks)", "U-Net (one mask)"
MOST_LAYERS = 4
ATOMIC = 1.0
"""Coarsest pixel size at which atoms are seen, so that the network's own grid makes sense [Å/px]."""


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """Everything that a training needs, as it was when Train was pressed.

    Attributes
    ----------
    config : TrainConfig
        The settings.
    classes : ClassTable
        What the network's outputs will mean.
    images, labels : tuple
        Copies of what to learn from; empty for simulated crystals.
    preview : ImageStack or None
        Copy of what to predict live.
    window : Window or None
        Where that lies.
    """

    config: TrainConfig
    classes: ClassTable
    images: tuple[ImageStack, ...]
    labels: tuple[LabelArray, ...]
    preview: ImageStack | None
    window: Window | None


class TrainSettings(QWidget):
    """The form of the Train dock.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to offer.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.image = LayerChoice(viewer, Image, none_text="none (no live preview)")
        self.calibration = CalibrationRow(viewer)
        self.source = _choice(SIMULATED, LABELLED)
        self.network = _choice(GOMBNET, UNET)
        self.layers = IntegerBox(2, MOST_LAYERS)
        self.name = QLineEdit()
        self.labels = [LayerChoice(viewer, Labels) for _ in range(MOST_LAYERS)]
        self.simulation = ConfigForm(
            SimulationConfig,
            [name for name in SimulationConfig.model_fields if name != "layers"],
            advanced_title="Advanced: simulation",
        )
        self.training = ConfigForm(TrainingConfig, advanced_title="Advanced: training")
        self.model = ConfigForm(
            ModelConfig, ("filters", "dropout", "pixel_size"), advanced_title="Advanced: network"
        )
        self._lay_out()
        self._explain()
        self._connect()

    def take(self) -> TrainPlan:
        """Check the settings and copy the arrays.

        Raises
        ------
        ConfigError
            If a setting cannot be as it is.
        ImageError, LabelsError, CalibrationError
            If the image or the labels cannot be used.
        """
        simulated = self.source.currentText() == SIMULATED
        config = self._config(simulated)
        window = None if self.image.layer is None else window_of(self.image.layer, self._viewer)
        preview = None if window is None else window.copy(self._pixel_size(config.model))
        if simulated:
            return TrainPlan(config, self._species(), (), (), preview, window)
        stack, labels = self._copy_labelled(config.model)
        return TrainPlan(config, self._table(), (stack,), (labels,), preview, window)

    def _config(self, simulated: bool) -> TrainConfig:
        is_unet = self.network.currentText() == UNET
        layers = 1 if is_unet else self.layers.value()
        model = self.model.values(architecture="unet" if is_unet else "gombnet", layers=layers)
        data: SimulatedData | LabelledData
        if simulated:
            data = SimulatedData(simulation=self.simulation.values(layers=layers))
        else:
            image, labels = self._labelled_layers(layers)
            names = self._table().names
            data = LabelledData(images=(Path(image.name),), labels=(Path(labels[0].name),), classes=names)
        name = self.name.text().strip() or self.name.placeholderText()
        parts = {"name": name, "model": model, "data": data, "training": self.training.values()}
        return TrainConfig.parse(parts, source="The Train dock")

    def _labelled_layers(self, layers: int) -> tuple[Image, list[Labels]]:
        chosen = [choice.layer for choice in self.labels[:layers]]
        if self.image.layer is None:
            raise ImageError("No image is chosen to learn from.", remedy="Choose the image that was labelled.")
        if None in chosen:
            raise LabelsError("No Labels layer is chosen.", remedy="Make one in the Label dock and paint on it.")
        if len({id(labels) for labels in chosen}) < layers:
            raise LabelsError(
                "Two crystal layers have the same Labels layer.",
                remedy=f"Set 'Crystal layers' to {layers} in the Label dock, press 'New labels', paint each.",
            )
        return self.image.layer, chosen

    def _copy_labelled(self, model: ModelConfig) -> tuple[ImageStack, LabelArray]:
        """Copy the frames on which anything is painted, and their labels, shape (frame, layer, y, x)."""
        image, layers = self._labelled_layers(model.layers)
        shape, table = full_data(image).shape, self._table()
        each = [check_labels(full_data(one), shape, table, name=one.name) for one in layers]
        labels = np.stack([codes.reshape(-1, *shape[-2:]) for codes in each], axis=1)
        check_painted(labels, table=table, name=layers[0].name)
        frames = np.flatnonzero(labels.any(axis=(1, 2, 3)))
        return stack_of(image, self._pixel_size(model), frames=frames.tolist()), labels[frames]

    def _pixel_size(self, model: ModelConfig) -> float | None:
        pixel_size = self.calibration.calibration.value
        if pixel_size is None and model.pixel_size is not None:
            raise CalibrationError(
                f"The pixel size of {self.image.layer.name} is not known, and the network works at "
                f"{model.pixel_size:g} Å/px.",
                remedy="Type the length of one pixel in Å, or choose no image.",
            )
        return pixel_size

    def _table(self) -> ClassTable:
        return class_table_of(self.labels[0].layer)

    def _species(self) -> ClassTable:
        from napari_strata.simulate.crystals import species

        return ClassTable.from_names(species(self.simulation.values().material))

    def _lay_out(self) -> None:
        self._rows = form_layout()
        for text, widget in (
            ("Image", self.image),
            ("Pixel size", self.calibration),
            ("Learn from", self.source),
            ("Network", self.network),
            ("Crystal layers", self.layers),
            *((f"Labels, layer {k}", choice) for k, choice in enumerate(self.labels)),
        ):
            self._rows.addRow(row_label(text), widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._rows)
        last = form_layout()
        last.addRow(row_label("Model name"), self.name)
        for part in (self.simulation, last, self.training, self.model):
            layout.addWidget(part) if isinstance(part, QWidget) else layout.addLayout(part)
        layout.addStretch(1)

    def _explain(self) -> None:
        self.image.setToolTip("The slice that is shown is predicted live; with 'My labels' it is learned from.")
        self.source.setToolTip(
            f"{SIMULATED}: no labels needed; the crystal is simulated while the network trains.\n"
            f"{LABELLED}: learn from what was painted in the Label dock."
        )
        self.network.setToolTip(
            "Gomb-Net gives one mask for each of several overlapping crystal layers.\n"
            "U-Net gives one mask, for any image."
        )
        self.layers.setToolTip("Number of overlapping crystal layers.")
        self.name.setToolTip("Under this name the model is offered in the Predict dock.")
        for choice in self.labels:
            choice.setToolTip("Painted labels of this layer; unpainted pixels are ignored.")

    def _connect(self) -> None:
        self.image.chosen.connect(self.calibration.set_layer)
        self.source.currentIndexChanged.connect(self._on_source)
        self.network.currentIndexChanged.connect(self._on_choice)
        self.layers.valueChanged.connect(self._on_choice)
        self.calibration.changed.connect(self._propose_grid)
        self.simulation.changed.connect(self._propose_name)
        self.image.chosen.connect(self._propose_name)
        self.labels[0].chosen.connect(self._choose_mates)
        self.calibration.set_layer(self.image.layer)
        self._on_choice()

    def _on_source(self) -> None:
        self.network.setCurrentText(GOMBNET if self.source.currentText() == SIMULATED else UNET)
        self._on_choice()

    def _on_choice(self) -> None:
        simulated, is_unet = self.source.currentText() == SIMULATED, self.network.currentText() == UNET
        shown = 0 if simulated else 1 if is_unet else self.layers.value()
        self._show_row(self.layers, not is_unet)
        for k, choice in enumerate(self.labels):
            self._show_row(choice, k < shown)
        label: QLabel = self._rows.labelForField(self.labels[0])
        label.setText("Labels" if is_unet else "Labels, layer 0")
        self.simulation.setVisible(simulated)
        self._choose_mates()
        self._propose_grid()
        self._propose_name()

    def _propose_name(self, _image: object = None) -> None:
        if self.source.currentText() == SIMULATED:
            what = str(self.simulation.value("material"))
        else:
            what = "labels" if self.image.layer is None else self.image.layer.name
        self.name.setPlaceholderText(f"{self.network.currentText().partition(' ')[0]} {what}")

    def _choose_mates(self, _labels: object = None) -> None:
        """Choose the Labels layers that were made together with the first."""
        if self.labels[0].layer is not None:
            for choice, mate in zip(
                self.labels, mates_of(self.labels[0].layer, self._viewer.layers), strict=False
            ):
                choice.choose(mate)

    def _propose_grid(self) -> None:
        """Resample to the network's own grid where atoms are seen; leave other images as they are."""
        pixel_size = self.calibration.calibration.value
        atomic = self.network.currentText() == GOMBNET and pixel_size is not None and pixel_size <= ATOMIC
        default = ModelConfig.model_fields["pixel_size"].default
        self.model.set_value("pixel_size", default if self.source.currentText() == SIMULATED or atomic else None)

    def _show_row(self, widget: QWidget, visible: bool) -> None:
        self._rows.setRowVisible(widget, visible)


def _choice(*texts: str) -> ChoiceBox:
    box = ChoiceBox()
    box.addItems(texts)
    return box
