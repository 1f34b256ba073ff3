"""Where the weights of a training begin: a new network, or a trained model that learns on."""

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.config.optimization import StartConfig
from napari_strata.widgets.parts.model_choice import FreshBox, describe
from napari_strata.widgets.parts.models import ModelEntry, ModelLibrary, open_model
from napari_strata.widgets.parts.notify import in_notifications

NEW = "a new network"


class StartChoice(QWidget):
    """Offers a new network and the models of a library, and whether to freeze the encoder of a model.

    Parameters
    ----------
    library : ModelLibrary
        Where models are kept.
    """

    chosen = Signal(object)
    """The `ModelEntry` that the user chose, or None for a new network."""

    def __init__(self, library: ModelLibrary, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._opened: list[Path] = []
        self.box = FreshBox(self.refresh)
        self.box.setToolTip(
            "A new network knows nothing yet. A trained model learns on, which saves labels and time;\n"
            "the settings of the network become those of the model."
        )
        self.open_button = QPushButton("…")
        self.open_button.setFixedWidth(28)
        self.open_button.setToolTip("Start from a model in another folder: choose the card.yaml in it.")
        self.freeze = QCheckBox("Keep its encoder as it is")
        self.freeze.setToolTip(
            "Freeze the half of the network that finds features: only the half that makes masks of them learns.\n"
            "Good for few labels, and for images like those that the model has seen."
        )
        self._lay_out()
        self.box.currentIndexChanged.connect(self._on_index)
        self.box.activated.connect(self._on_user)
        self.open_button.clicked.connect(in_notifications(self._ask))
        self.refresh()

    @property
    def entry(self) -> ModelEntry | None:
        """The chosen model, or None for a new network."""
        entry: ModelEntry | None = self.box.currentData()
        return entry

    def values(self) -> StartConfig:
        """Return the settings."""
        if self.entry is None:
            return StartConfig()
        return StartConfig(model=str(self.entry.path), freeze_encoder=self.freeze.isChecked())

    def set_values(self, start: StartConfig) -> None:
        """Show given settings.

        Raises
        ------
        BundleError
            If the model that they name is no more; a new network is chosen then.
        """
        self.box.setCurrentIndex(0)
        self.freeze.setChecked(start.freeze_encoder)
        if start.model:
            self.open(Path(start.model))

    def open(self, path: Path) -> None:
        """Offer and choose a model that lies anywhere.

        Raises
        ------
        BundleError
            If there is no model, or its card is damaged.
        """
        entry = open_model(path)
        if entry.path not in self._opened:
            self._opened.append(entry.path)
        self.refresh(choose=entry.path)

    def refresh(self, choose: Path | None = None) -> None:
        """Look at the library anew; the model chosen stays chosen until it goes."""
        entries = self._library.offered(self._opened)
        kept = choose or (self.entry.path if self.entry else None)
        blocked = self.box.blockSignals(True)
        self.box.clear()
        self.box.addItem(NEW, None)
        for entry in entries:
            self.box.addItem(entry.label, entry)
            self.box.setItemData(self.box.count() - 1, describe(entry), Qt.ItemDataRole.ToolTipRole)
        self.box.setCurrentIndex(next((i for i, entry in enumerate(entries, 1) if entry.path == kept), 0))
        self.box.blockSignals(blocked)
        self._on_index()

    def showEvent(self, event: QShowEvent) -> None:
        """Offer what is there by now."""
        super().showEvent(event)
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.box, 1)
        row.addWidget(self.open_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.freeze)

    def _on_index(self, _index: int = 0) -> None:
        self.freeze.setVisible(self.entry is not None)

    def _on_user(self, _index: int) -> None:
        self.chosen.emit(self.entry)

    def _ask(self, _checked: bool = False) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Start from a model", str(self._library.folder), "Model card (card.yaml);;All files (*)"
        )
        if path:
            self.open(Path(path))
            self.chosen.emit(self.entry)
