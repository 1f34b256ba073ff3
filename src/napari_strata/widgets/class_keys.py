"""Alt and a digit picks the class with that code, wherever the focus is; plain digits are napari's tools."""

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget

from napari_strata.widgets.class_list import LAST_KEY


def add_class_keys(owner: QWidget, pick: Callable[[int], None]) -> None:
    """Let Alt+0 to Alt+9 pick a code for as long as a widget lives.

    napari does not honour the key bindings of a manifest, and those of a viewer act on the canvas only.

    Parameters
    ----------
    owner : QWidget
        The widget.
    pick : callable
        Takes a code.
    """
    for code in range(LAST_KEY + 1):
        shortcut = QShortcut(QKeySequence(f"Alt+{code}"), owner)
        shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(lambda code=code: pick(code))
