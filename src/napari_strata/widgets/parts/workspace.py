"""Opens docks where they are at hand."""

from napari.viewer import Viewer
from qtpy.QtWidgets import QDockWidget, QWidget

DOCKS = ("Label", "Train", "Predict", "Explain")
"""Display names of the docks, in the order of the work."""


def open_workspace(viewer: Viewer) -> None:
    """Open the docks of the main job, tabbed on the right, the first one in front.

    Parameters
    ----------
    viewer : Viewer
        Where to open them; docks that are open already stay.
    """
    docks = [viewer.window.add_plugin_dock_widget("napari-strata", name, tabify=True)[0] for name in DOCKS]
    for name, dock in zip(DOCKS, docks, strict=True):
        dock.setWindowTitle(name)  # the text of its tab
        dock.show()
    docks[0].raise_()


def open_beside(viewer: Viewer, name: str, owner: QWidget) -> None:
    """Open a dock tabbed with the one that a button is in, so that each has the whole height.

    Parameters
    ----------
    viewer : Viewer
        Where to open it; a dock that is open already comes to the front.
    name : str
        Display name of the dock.
    owner : QWidget
        The button, or any widget in the other dock.
    """
    before = owner.window().findChildren(QDockWidget)
    dock, _widget = viewer.window.add_plugin_dock_widget("napari-strata", name)
    if dock not in before:
        other = _dock_of(owner)
        other.parent().tabifyDockWidget(other, dock)
        dock.setWindowTitle(name)
    dock.show()
    dock.raise_()


def _dock_of(owner: QWidget) -> QDockWidget:
    return next(one for one in owner.window().findChildren(QDockWidget) if one.isAncestorOf(owner))
