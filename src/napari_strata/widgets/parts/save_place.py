"""What a dialog for saving does not ask: whether files that it does not know of may be replaced."""

from pathlib import Path

from qtpy.QtWidgets import QMessageBox, QWidget


def may_write(parent: QWidget, title: str, path: Path, *, typed: str) -> bool:
    """Ask before a file is replaced of which the dialog does not know; else return True.

    Parameters
    ----------
    parent : QWidget
        Where to ask.
    title : str
        What is about to be done, as in the title of the dialog.
    path : Path
        The file.
    typed : str
        What the dialog returned; it has asked for that itself.
    """
    if path == Path(typed) or not path.exists():
        return True
    asked = QMessageBox.question(parent, title, f"{path.name} exists. Replace it?")
    return bool(asked == QMessageBox.StandardButton.Yes)
