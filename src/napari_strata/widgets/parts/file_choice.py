"""Choosing annotation files: by a dialog, or by dropping them."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget


class FileChoice(QWidget):
    """Two buttons, and a line that shows what was chosen; files and folders may be dropped on it."""

    chosen = Signal(tuple)
    """The paths, whenever the user chooses."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.files_button = QPushButton("Files…")
        self.folder_button = QPushButton("Folder…")
        self.line = QLineEdit()
        self.line.setReadOnly(True)
        self.line.setPlaceholderText("drop annotation files here")
        buttons = QHBoxLayout()
        buttons.addWidget(self.files_button)
        buttons.addWidget(self.folder_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(buttons)
        layout.addWidget(self.line)
        self.line.setAcceptDrops(False)
        self.setAcceptDrops(True)
        self.files_button.clicked.connect(self._ask_files)
        self.folder_button.clicked.connect(self._ask_folder)

    def choose(self, paths: tuple[Path, ...]) -> None:
        """Choose files or folders."""
        self.line.setText(", ".join(path.name for path in paths))
        self.line.setToolTip("\n".join(map(str, paths)))
        self.chosen.emit(paths)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Choose what was dropped."""
        event.acceptProposedAction()
        self.choose(tuple(Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()))

    def _ask_files(self, _checked: bool = False) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Annotation files")
        if paths:
            self.choose(tuple(map(Path, paths)))

    def _ask_folder(self, _checked: bool = False) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder of annotation files")
        if path:
            self.choose((Path(path),))
