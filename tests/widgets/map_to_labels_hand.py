"""What the tests of the Map to labels dock do and look at."""

import numpy as np
from qtpy.QtCore import Qt

from napari_strata.config import ClassTable
from napari_strata.widgets.layers.results import find_results

CLASSES = ClassTable.from_names(("bright", "other"))
Y, X = 20, 33
"""Where the map is highest."""


def press(qtbot, panel, button) -> str:
    """Press a button, wait for the end; return what is then said."""
    assert button.isEnabled()
    with qtbot.waitSignal(panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    return panel.words.text()


def click(qtbot, button) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def settled(qtbot, dock) -> None:
    """Wait until the view has followed the last setting."""
    view = dock.view
    qtbot.waitUntil(lambda: not (view._timer.isActive() or view.job.runner.is_busy), timeout=20_000)


def shown(viewer, role):
    return find_results(viewer, role, viewer.layers["bright"])


def alpha_at(layer, y, x) -> float:
    """Return how opaque the colour of a pixel of a map is."""
    low, high = layer.contrast_limits
    place = np.clip((layer.data[..., y, x].item() - low) / (high - low), 0, 1)
    return float(np.asarray(layer.colormap.map(np.array([place])))[0, 3])
