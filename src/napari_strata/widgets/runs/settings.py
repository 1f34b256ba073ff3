"""A window with the settings of a training as they are written in its folder."""

from pathlib import Path

from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_strata.errors import OutputError

SIZE = (520, 640)
"""Width and height of the window [px]."""


class RunSettings(QDialog):
    """Shows a config.yaml; accepted by the button that uses it.

    Parameters
    ----------
    path : Path
        The file.
    can_use : bool
        Whether the settings can be put into the Train dock.

    Raises
    ------
    OutputError
        If the file cannot be read.
    """

    def __init__(self, path: Path, *, can_use: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise OutputError(f"{path} cannot be read ({error.strerror}).", remedy="Refresh the list.") from error
        self.setWindowTitle(f"Settings of {path.parent.name}")
        self.text = QPlainTextEdit(text)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.use_button = QPushButton("Use these settings")
        self.use_button.setToolTip("Put them into the Train dock; image and labels stay as they are chosen there.")
        self.use_button.setEnabled(can_use)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.use_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.resize(*SIZE)
