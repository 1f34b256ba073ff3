"""What the user sets before a training, and what becomes of it: a configuration and copies of the arrays."""

from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from napari_strata.config import (
    ClassTable,
    LabelledData,
    ModelConfig,
    SimulatedData,
    SimulationConfig,
    TrainConfig,
    TrainingConfig,
)
from napari_strata.config.training import ORIGINS
from napari_strata.errors import CalibrationError, ConfigError
from napari_strata.widgets.layers.calibration_row import CalibrationRow
from napari_strata.widgets.layers.label_memory import class_table_of, is_drawn, others_of
from napari_strata.widgets.layers.layer_data import stack_of
from napari_strata.widgets.live.learned_labels import copy_learned
from napari_strata.widgets.live.overlay import window_of
from napari_strata.widgets.live.plan import TrainPlan
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.dock_links import DockLinks
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import ConfigForm, form_layout, row_label
from napari_strata.widgets.parts.models import ModelEntry, ModelLibrary
from napari_strata.widgets.parts.network_choice import GOMBNET, UNET, NetworkChoice, name_of
from napari_strata.widgets.parts.number_boxes import IntegerBox
from napari_strata.widgets.parts.plain_words import plainly
from napari_strata.widgets.parts.proposal import Proposal
from napari_strata.widgets.train.learning_choice import MOST_LAYERS, LearningChoice
from napari_strata.widgets.train.start_choice import StartChoice
from napari_strata.widgets.train.tool_tips import explain

SIMULATED, LABELLED = "Simulated crystals", "My labels"
ATOMIC = 1.0
"""Coarsest pixel size at which atoms are seen, so that the network's own grid makes sense [Å/px]."""
PREVIEW = (
    ("Preview, or match my image…", "Simulate", "See what is simulated beside your image, and set it like that."),
)
"""The dock that is opened from the settings of the simulation."""
_WITHOUT_MODEL = tuple(origin for origin in ORIGINS if origin != "model")


class TrainSettings(QWidget):
    """The form of the Train dock.

    Parameters
    ----------
    viewer : Viewer
        Whose layers to offer.
    library : ModelLibrary, optional
        Whose models to start from; by default the user's library.
    """

    def __init__(self, viewer: Viewer, library: ModelLibrary | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._choice = LearningChoice(viewer)
        self.image, self.labels = self._choice.image, self._choice.labels
        self.calibration = CalibrationRow(viewer)
        self.source = _choice_box(SIMULATED, LABELLED)
        self.network = NetworkChoice()
        self.layers = IntegerBox(2, MOST_LAYERS)
        self.without_model = QCheckBox("what only a model drew")
        self.start = StartChoice(library or ModelLibrary())
        self.name = QLineEdit()
        self.simulation = ConfigForm(
            SimulationConfig,
            [name for name in SimulationConfig.model_fields if name != "layers"],
            advanced_title="Advanced: simulation",
        )
        self.preview = DockLinks(viewer, PREVIEW)
        self.training = ConfigForm(
            TrainingConfig,
            [name for name in TrainingConfig.model_fields if name != "start"],
            advanced_title="Advanced: training",
        )
        self.model = ConfigForm(
            ModelConfig,
            ("filters", "activation", "norm", "padding", "output", "dropout", "pixel_size"),
            advanced_title="Advanced: network",
        )
        _offer_masks_only(self.model.editor("output"))
        self._is_source_by_hand = False
        self._source_proposal = Proposal(self.source.setCurrentText)
        self._network_proposal = Proposal(self.network.setCurrentText)
        self._layers_proposal = Proposal(self.layers.setValue)
        self._grid_proposal = Proposal(lambda pixel_size: self.model.set_value("pixel_size", pixel_size))
        self._lay_out()
        explain(self)
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
        image, layers = self._choice.take()
        learned = copy_learned(image, layers, self._table(), without_model=self.without_model.isChecked())
        stack = stack_of(image, self._pixel_size(config.model), frames=learned.frames)
        return TrainPlan(
            config, self._table(), (stack,), (learned.codes,), preview, window, learned, tuple(layers)
        )

    def simulated(self) -> SimulationConfig:
        """Return which crystals are simulated, in as many layers as the network has.

        Raises
        ------
        ConfigError
            If a setting cannot be as it is.
        """
        return self.simulation.values(layers=self._layer_count)

    def show_model(self, model: ModelConfig) -> None:
        """Show the settings of a network below "Advanced"; one that gives values is shown as one of classes."""
        output = "classes" if model.output == "values" else model.output
        self.model.set_values(model.model_copy(update={"output": output}))

    def _config(self, simulated: bool) -> TrainConfig:
        layers = self._layer_count
        model = self.model.values(architecture=self.network.architecture, layers=layers)
        data: SimulatedData | LabelledData
        if simulated:
            data = SimulatedData(simulation=self.simulated())
        else:
            image, labels = self._choice.take()
            names = self._table().names
            origins = _WITHOUT_MODEL if self.without_model.isChecked() else ORIGINS
            files = {"images": (Path(image.name),), "labels": (Path(labels[0].name),)}
            data = LabelledData(**files, classes=names, learn_from=origins)
        name = self.name.text().strip() or self.name.placeholderText()
        training = self.training.values(start=self.start.values())
        parts = {"name": name, "model": model, "data": data, "training": training}
        with plainly(TrainConfig):
            return TrainConfig.parse(parts)

    @property
    def _layer_count(self) -> int:
        return 1 if self.network.has_one_mask else self.layers.value()

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
        from napari_strata.simulate.classes import class_names

        return ClassTable.from_names(class_names(self.simulated()))

    def _lay_out(self) -> None:
        self._rows = form_layout()
        for text, widget in (
            ("Image", self.image),
            ("Pixel size", self.calibration),
            ("Learn from", self.source),
            ("Network", self.network),
            ("Crystal layers", self.layers),
            *((f"Labels, layer {k}", choice) for k, choice in enumerate(self.labels)),
            ("Leave out", self.without_model),
            ("Start from", self.start),
        ):
            self._rows.addRow(row_label(text), widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._rows)
        last = form_layout()
        last.addRow(row_label("Model name"), self.name)
        for part in (self.simulation, self.preview, last, self.training, self.model):
            layout.addWidget(part) if isinstance(part, QWidget) else layout.addLayout(part)
        layout.addStretch(1)

    def _connect(self) -> None:
        self.image.chosen.connect(self.calibration.set_layer)
        self.source.currentIndexChanged.connect(self._on_source)
        self.source.activated.connect(self._on_source_by_hand)
        self.network.currentIndexChanged.connect(self._on_choice)
        self.layers.valueChanged.connect(self._on_choice)
        self.start.chosen.connect(self._follow_model)
        self.calibration.changed.connect(self._propose_grid)
        self.simulation.changed.connect(self._propose_name)
        self.image.chosen.connect(self._propose_name)
        self.labels[0].chosen.connect(self._propose_network)
        events = self._viewer.layers.events
        connect_while_alive(self, self._propose_source, events.inserted, events.removed)
        self.calibration.set_layer(self.image.layer)
        self._propose_source()
        self._on_choice()

    def _on_source(self) -> None:
        self._propose_network()
        self._on_choice()

    def _on_source_by_hand(self, _index: int) -> None:
        self._is_source_by_hand = True

    def _on_choice(self) -> None:
        simulated, has_one_mask = self.source.currentText() == SIMULATED, self.network.has_one_mask
        layers = self._layer_count
        self._choice.set_layers(layers)
        self._show_row(self.layers, not has_one_mask)
        for k, choice in enumerate(self.labels):
            self._show_row(choice, k < layers and not simulated)
        self._show_row(self.without_model, not simulated)
        label: QLabel = self._rows.labelForField(self.labels[0])
        label.setText("Labels" if has_one_mask else "Labels, layer 0")
        self.simulation.setVisible(simulated)
        self.preview.setVisible(simulated)
        self._propose_grid()
        self._propose_name()

    def _propose_source(self, _event: object = None) -> None:
        """Propose to learn from labels where some were made to be painted on."""
        if not self._is_source_by_hand:
            has_labels = any(is_drawn(layer) for layer in self._viewer.layers)
            self._source_proposal.make(LABELLED if has_labels else SIMULATED)
        self._propose_network()

    def _propose_network(self, _labels: object = None) -> None:
        """Propose a network of as many layers as there are labels."""
        simulated, first = self.source.currentText() == SIMULATED, self.labels[0].layer
        others = [] if first is None else others_of(first, self._viewer.layers)
        self._network_proposal.make(GOMBNET if simulated or others else UNET)
        if others and not simulated:
            self._layers_proposal.make(1 + len(others))

    def _follow_model(self, entry: ModelEntry | None) -> None:
        """Take the settings of the model to start from, so that its weights fit; labels decide how many masks."""
        if entry is None:
            return
        model, simulated = entry.card.model, self.source.currentText() == SIMULATED
        if simulated or self.network.has_one_mask == (model.layers == 1):
            self.network.choose(model.architecture)
        elif self.network.has_one_mask:
            self.network.choose("unet")  # which is a Gomb-Net of one decoder
        if simulated and model.layers > 1:
            self.layers.setValue(model.layers)
        self.show_model(model)

    def _propose_name(self, _image: object = None) -> None:
        if self.source.currentText() == SIMULATED:
            what = self._simulated
        else:
            what = "labels" if self.image.layer is None else self.image.layer.name
        self.name.setPlaceholderText(f"{name_of(self.network.architecture)} {what}")

    @property
    def _simulated(self) -> str:
        """What is simulated; of settings that cannot be as they are, the material."""
        try:
            return self.simulation.values(layers=self._layer_count).subject
        except ConfigError:
            return str(self.simulation.value("material"))

    def _propose_grid(self) -> None:
        """Resample to the network's own grid where atoms are seen; leave other images as they are."""
        pixel_size = self.calibration.calibration.value
        atomic = not self.network.has_one_mask and pixel_size is not None and pixel_size <= ATOMIC
        default = ModelConfig.model_fields["pixel_size"].default
        simulated = self.source.currentText() == SIMULATED
        self._grid_proposal.make(default if simulated or atomic else None)

    def _show_row(self, widget: QWidget, visible: bool) -> None:
        self._rows.setRowVisible(widget, visible)


def _offer_masks_only(output: QComboBox) -> None:
    """Leave out values, which are learned from pairs of images: only the command line takes those."""
    output.removeItem(output.findText("values"))


def _choice_box(*texts: str) -> ChoiceBox:
    box = ChoiceBox()
    box.addItems(texts)
    return box
