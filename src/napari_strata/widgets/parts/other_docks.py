"""The docks of the main job, as those below them find them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.widgets.predict.dock import PredictDock
    from napari_strata.widgets.train.dock import TrainDock


def train_dock(viewer: "Viewer") -> "TrainDock":
    """Return the Train dock of a viewer; it is opened where it is not open."""
    _frame, dock = viewer.window.add_plugin_dock_widget("napari-strata", "Train", tabify=True)
    found: TrainDock = dock
    return found


def open_train_dock(viewer: "Viewer") -> "TrainDock | None":
    """Return the Train dock of a viewer where it is open."""
    found: TrainDock | None = viewer.window.dock_widgets.get("Train (napari-strata)")
    return found


def show_train_dock(viewer: "Viewer") -> None:
    """Bring the Train dock to the front."""
    _show(viewer, "Train")


def use_model(viewer: "Viewer", folder: Path) -> None:
    """Choose a model in the Predict dock, and bring the dock to the front.

    Raises
    ------
    BundleError
        If there is no model in the folder.
    """
    dock: PredictDock = _show(viewer, "Predict")
    dock.source.model.open(folder)


def _show(viewer: "Viewer", name: str) -> Any:
    frame, dock = viewer.window.add_plugin_dock_widget("napari-strata", name, tabify=True)
    frame.show()
    frame.raise_()
    return dock
