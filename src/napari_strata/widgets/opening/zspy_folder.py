"""Opens a .zspy folder, which napari cannot offer to a plugin without offering it every folder."""

from pathlib import Path

from napari.layers import Layer
from napari.utils.notifications import show_error
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog

from napari_strata.widgets.opening.microscope_reader import get_reader


def open_zspy_folder(viewer: Viewer) -> None:
    """Ask for a folder and open the images in it.

    Parameters
    ----------
    viewer : Viewer
        Where to open them.
    """
    folder = QFileDialog.getExistingDirectory(None, "Open a .zspy folder")
    if not folder:
        return
    reader = get_reader(folder) if folder.casefold().endswith(".zspy") else None
    if reader is None:
        show_error(f"{Path(folder).name} is no .zspy folder: its name does not end in .zspy.")
        return
    for data, *rest in reader(folder):
        if data is not None:
            viewer.add_layer(Layer.create(data, *rest))
