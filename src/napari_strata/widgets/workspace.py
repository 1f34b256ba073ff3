"""Opens all docks at once."""

from napari.viewer import Viewer

DOCKS = ("Label", "Train", "Predict", "Explain")
"""Display names of the docks, in the order of the work."""


def open_workspace(viewer: Viewer) -> None:
    """Open every dock, tabbed on the right, the first one in front.

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
