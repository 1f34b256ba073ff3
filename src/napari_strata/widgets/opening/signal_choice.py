"""Asks which of the images in one file to open."""

from collections.abc import Sequence

from qtpy.QtCore import Qt, QThread
from qtpy.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from napari_strata.io.calibration import side_of_square
from napari_strata.io.microscope.signals import Signal
from napari_strata.numbers import plain


class SignalChoice(QDialog):
    """A list of the images in a file, each with a box to tick; the first one is ticked.

    Parameters
    ----------
    signals : sequence of Signal
        What the file holds.
    file_name : str
        Name of the file.
    parent : QWidget, optional
        Window to lie on.
    """

    def __init__(self, signals: Sequence[Signal], file_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._signals = tuple(signals)
        self.setWindowTitle(f"Open {file_name}")
        self.list = QListWidget()
        for signal in signals:
            item = QListWidgetItem(_in_words(signal))
            item.setCheckState(Qt.CheckState.Unchecked if self.list.count() else Qt.CheckState.Checked)
            self.list.addItem(item)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        self.open_button = buttons.button(QDialogButtonBox.StandardButton.Open)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.list.itemChanged.connect(self._on_ticks)
        self.list.setMinimumWidth(self.list.sizeHintForColumn(0) + 60)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(f"{file_name} holds {len(signals)} images. Which shall be opened?"))
        layout.addWidget(self.list)
        layout.addWidget(buttons)

    @property
    def chosen(self) -> tuple[Signal, ...]:
        """The images that are ticked."""
        states = (self.list.item(row).checkState() for row in range(self.list.count()))
        return tuple(
            signal for signal, state in zip(self._signals, states, strict=True) if state == Qt.CheckState.Checked
        )

    def _on_ticks(self, _item: QListWidgetItem) -> None:
        self.open_button.setEnabled(bool(self.chosen))


def choose_signals(signals: Sequence[Signal], file_name: str) -> tuple[Signal, ...]:
    """Ask which images to open; without a window, or of a single one, that is all of them.

    Returns
    -------
    tuple of Signal
        Empty if the user thinks better of it.
    """
    if len(signals) == 1 or not is_window_open():
        return tuple(signals)
    dialog = SignalChoice(signals, file_name, _main_window())
    is_open = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return dialog.chosen if is_open else ()


def is_window_open() -> bool:
    """Tell whether there is somebody to ask: a window is shown, and this is the thread that may ask."""
    app = QApplication.instance()
    if not isinstance(app, QApplication) or QThread.currentThread() != app.thread():
        return False
    return any(window.isVisible() for window in app.topLevelWidgets())


def _main_window() -> QWidget | None:
    """Return the window whose looks a dialog takes."""
    windows = (window for window in QApplication.topLevelWidgets() if isinstance(window, QMainWindow))
    return next((window for window in windows if window.isVisible()), None)


def _in_words(signal: Signal) -> str:
    size = " \N{MULTIPLICATION SIGN} ".join(map(str, signal.data.shape))
    pixel_size = side_of_square(signal.sides)
    calibrated = "" if pixel_size is None else f", {plain(pixel_size)} Å/px"
    return f"{signal.name}: {size} px{calibrated}"
