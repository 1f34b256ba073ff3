"""A drop-down list of trained models, a button for one that lies elsewhere, and the chosen one in words."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.config import ModelCard
from napari_strata.errors import BundleError
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.models import ModelEntry, ModelLibrary, open_model
from napari_strata.widgets.parts.network_choice import name_of
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.words import Words

LOOK_EVERY = 2000
"""Time between two looks at the folder while the list is visible [ms]."""


class ModelChoice(QWidget):
    """Offers the models of a library and those opened from files, as they come, change and go.

    Parameters
    ----------
    library : ModelLibrary
        Where models are kept.
    """

    chosen = Signal(object)
    """The `ModelEntry` now chosen, or None, whenever it is another one; better weights do not make it another."""

    def __init__(self, library: ModelLibrary, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._opened: list[Path] = []
        self._offered: set[Path] | None = None
        self._last: ModelEntry | None = None
        self._seen: object = None
        self._is_by_hand = False
        self.box = FreshBox(self.refresh)
        self.box.setToolTip("Trained models, newest first. A running training offers its best weights so far.")
        self.open_button = QPushButton("…")
        self.open_button.setFixedWidth(28)
        self.open_button.setToolTip("Use a model from another folder: choose the card.yaml in it.")
        self.words = Words()
        self._timer = QTimer(self, interval=LOOK_EVERY)
        self._lay_out()
        self._timer.timeout.connect(self._look)
        self.box.currentIndexChanged.connect(self._tell)
        self.box.activated.connect(self._on_hand)
        self.open_button.clicked.connect(in_notifications(self._ask))
        self.refresh()

    @property
    def entry(self) -> ModelEntry | None:
        """The chosen model, or None."""
        return self._last

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

    def propose(self, path: Path) -> None:
        """Choose a model, unless the user has chosen one himself, or it is gone."""
        if not self._is_by_hand:
            with suppress(BundleError):
                self.open(path)

    def refresh(self, choose: Path | None = None) -> None:
        """Look at the folder anew; the model chosen stays chosen until it goes or a new one comes."""
        self._seen = self._library.stamps()
        entries = self._library.offered(self._opened)
        kept = choose or self._newcomer(entries) or (self._last.path if self._last else None)
        blocked = self.box.blockSignals(True)
        self.box.clear()
        if not entries:
            self.box.addItem("no model yet", None)
        for index, entry in enumerate(entries):
            self.box.addItem(entry.label, entry)
            tip = f"{describe(entry)}\n{entry.path}"
            self.box.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        self.box.setCurrentIndex(next((i for i, entry in enumerate(entries) if entry.path == kept), 0))
        self.box.blockSignals(blocked)
        self._tell()

    def showEvent(self, event: QShowEvent) -> None:
        """Follow the folder while visible."""
        super().showEvent(event)
        self._look()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the folder alone."""
        self._timer.stop()
        super().hideEvent(event)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.box, 1)
        row.addWidget(self.open_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.words)

    def _newcomer(self, entries: tuple[ModelEntry, ...]) -> Path | None:
        """Return the newest model that was not offered before: a training has just brought it, to be looked at."""
        known, self._offered = self._offered, {entry.path for entry in entries}
        new = [entry.path for entry in entries if known is not None and entry.path not in known]
        return new[0] if new else None

    def _look(self) -> None:
        if self._library.stamps() != self._seen and not self.box.view().isVisible():
            self.refresh()

    def _tell(self, _index: int = -1) -> None:
        entry, damaged = self.box.currentData(), self._library.damaged
        self.words.setText(" ".join([describe(entry) if entry else _NOTHING, *(_NOTE if damaged else ())]))
        self.words.setToolTip("\n".join(damaged))
        last, self._last = self._last, entry
        if _identity(entry) != _identity(last):
            self.chosen.emit(entry)

    def _ask(self, _checked: bool = False) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Open a model", str(self._library.folder), "Model card (card.yaml);;All files (*)"
        )
        if path:
            self.open(Path(path))
            self._on_hand()

    def _on_hand(self, _index: int = 0) -> None:
        self._is_by_hand = True


class FreshBox(ChoiceBox):
    """A list that is brought up to date before it drops down, and is then as wide as its entries."""

    def __init__(self, refresh: Callable[[], None]) -> None:
        super().__init__()
        self._refresh = refresh

    def showPopup(self) -> None:
        """Show the models of this moment."""
        self._refresh()
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0))
        super().showPopup()


def _identity(entry: ModelEntry | None) -> object:
    return entry and (entry.path, entry.card.model, entry.card.classes)


def describe(entry: ModelEntry) -> str:
    """Say in words what a model is, and in which images it finds something."""
    model, names = entry.card.model, entry.card.classes.names
    layers = f" for {model.layers} crystal layers" if model.layers > 1 else ""
    kind = f"{name_of(model.architecture)}{layers}"
    grid = "" if model.pixel_size is None else f" at {model.pixel_size:g} Å/px"
    made = "comes with the plugin" if entry.is_bundled else entry.created
    trained = f"Trained on {entry.trained_on}; {made}."
    return " ".join([f"{kind}, finds {', '.join(names)}{grid}.", trained, *_range(entry.card)])


def _range(card: ModelCard) -> list[str]:
    if card.spacings is None or card.coarsest is None:
        return []
    low, high = card.spacings
    return [f"For pixels up to {card.coarsest:.2g} Å, and clearest spacings of {low:.1f} to {high:.1f} Å."]


_NOTHING = "Train a model in the Train dock, or open one."
_NOTE = ("Some models cannot be read; point here to see which.",)
