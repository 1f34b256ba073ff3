"""The Segment Anything networks on this machine: which there are, and rows to open or fetch another."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_data_path
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from napari_strata.inference.promptable.checkpoint import WEIGHTS, find_checkpoint
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.models import HOME_VARIABLE
from napari_strata.widgets.parts.words import Words

ADDRESSES = (
    "https://huggingface.co/facebook/sam-vit-base/resolve/main",
    "https://huggingface.co/facebook/sam2.1-hiera-tiny/resolve/main",
)
"""Folders that are proposed; any other with the same two files will do."""
_CHECKED = (
    "Fetches config.json and model.safetensors (some hundred MB) to {folder}. The weights are kept only if their "
    "SHA-256 is the one that you paste, or else the one that the server states; the latter finds damage on the "
    "way, but cannot tell whether the server is to be trusted."
)


def checkpoints_folder() -> Path:
    """Return the folder for networks that are fetched.

    It is ``checkpoints`` in the folder that the environment variable NAPARI_STRATA_HOME names, else in the user's
    data folder.
    """
    home = os.environ.get(HOME_VARIABLE)
    base = Path(home).expanduser() if home else user_data_path("napari-strata", appauthor=False)
    return base / "checkpoints"


def folder_for(address: str) -> Path:
    """Return where what an address offers is put, named after its repository or its last folders."""
    parts = [part for part in urlsplit(address.strip()).path.split("/") if part]
    stem = "--".join((parts[: parts.index("resolve")] if "resolve" in parts else parts)[-2:])
    return checkpoints_folder() / (re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "checkpoint")


class CheckpointRow(QWidget):
    """Offers the networks that were fetched, and others that the user opens."""

    changed = Signal()
    """Emitted when another network, or the first, is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._opened: list[Path] = []
        self.choice = ChoiceBox()
        self.open_button = QPushButton("Open…")
        self.open_button.setToolTip("Choose a folder with model.safetensors and config.json.")
        self.fetch_button = QPushButton("Download…")
        self.fetch_button.setToolTip(
            "Shows the address first; nothing is fetched before you press Download there."
        )
        self.choice.setToolTip("The network that answers; it is opened at the first click.")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.choice, 0, 0, 1, 2)
        layout.addWidget(self.open_button, 1, 0)
        layout.addWidget(self.fetch_button, 1, 1)
        self.choice.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.refresh()

    @property
    def folder(self) -> Path | None:
        """Folder of the chosen network."""
        folder: Path | None = self.choice.currentData()
        return folder

    def ask(self) -> None:
        """Let the user name a folder.

        Raises
        ------
        BundleError
            If it has no network of the family.
        """
        named = QFileDialog.getExistingDirectory(self, "Folder with model.safetensors and config.json")
        if named:
            self.open(Path(named))

    def open(self, path: Path) -> None:
        """Offer and choose a network; see `find_checkpoint` for what is refused."""
        folder = find_checkpoint(path)
        if folder not in self._opened:
            self._opened.append(folder)
        self.refresh(folder)

    def refresh(self, chosen: Path | None = None) -> None:
        """Look which networks there are."""
        fetched = [file.parent for file in sorted(checkpoints_folder().glob(f"*/{WEIGHTS}"))]
        folders = list(dict.fromkeys([*fetched, *self._opened]))
        wanted = chosen or self.folder
        blocked = self.choice.blockSignals(True)
        self.choice.clear()
        for folder in folders:
            self.choice.addItem(folder.name, folder)
        if not folders:
            self.choice.addItem("none yet", None)
        if wanted in folders:
            self.choice.setCurrentIndex(folders.index(wanted))
        self.choice.blockSignals(blocked)
        self.changed.emit()


class FetchDialog(QDialog):
    """Shows what would be fetched from where, and how it is checked, before anything is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Download a Segment Anything network")
        self.address = QComboBox()
        self.address.setEditable(True)
        self.address.addItems(ADDRESSES)
        self.address.setMinimumWidth(480)
        self.checksum = QLineEdit()
        self.checksum.setPlaceholderText("optional: as its publisher states it")
        self.words = Words()
        buttons = QDialogButtonBox()
        self.fetch_button = buttons.addButton("Download", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow("Address", self.address)
        form.addRow("SHA-256 of the weights", self.checksum)
        form.addRow(self.words)
        form.addRow(buttons)
        self.address.currentTextChanged.connect(self._say)
        self._say(self.address.currentText())

    def _say(self, address: str) -> None:
        self.words.setText(_CHECKED.format(folder=folder_for(address)))
