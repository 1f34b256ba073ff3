"""Alt and a digit picks the class with that code, wherever the focus is; plain digits are napari's tools."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget

from napari_strata.widgets.label.class_list import LAST_KEY

if TYPE_CHECKING:
    from napari.viewer import Viewer


def add_class_keys(owner: QWidget, viewer: "Viewer", pick: Callable[[int], None]) -> None:
    """Let Alt+0 to Alt+9 pick a code for as long as a widget lives.

    napari does not honour the key bindings of a manifest. Those of a viewer act on the canvas only, and a shortcut
    of a widget only while that is not behind another tab: together they act whenever somebody paints.

    Parameters
    ----------
    owner : QWidget
        The widget.
    viewer : Viewer
        The viewer on whose canvas the keys act, too.
    pick : callable
        Takes a code.
    """
    for code in range(LAST_KEY + 1):
        shortcut = QShortcut(QKeySequence(f"Alt+{code}"), owner)
        shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(lambda code=code: pick(code))
        viewer.bind_key(f"Alt-{code}", lambda _viewer, code=code: pick(code), overwrite=True)
    owner.destroyed.connect(lambda *_: [viewer.bind_key(f"Alt-{code}", None) for code in range(LAST_KEY + 1)])
