"""Make the picture of the Simulate dock, from the real dock."""

from napari.viewer import Viewer
from qtpy.QtWidgets import QScrollArea

from docs.label_screenshots import IMAGES
from napari_strata.control import JobState
from scripts.driving import PLUGIN, click, dock_alone, pause, show_dock, take_picture, wait_until

DOCK_WIDTH = 460
"""[screen px]"""


def make_simulation_pictures(viewer: Viewer) -> None:
    """Match twisted bilayer graphene in an open viewer.

    Parameters
    ----------
    viewer : Viewer
        A viewer with the workspace, and nothing else.
    """
    viewer.open_sample(PLUGIN, "twisted_bilayer_graphene")
    train = show_dock(viewer, "Train")
    train.settings.source.setCurrentText("Simulated crystals")
    click(train.settings.preview.buttons["Simulate"])
    pause(0.5)
    with dock_alone(viewer, "Simulate", DOCK_WIDTH) as dock:
        click(dock.panel.start_button)
        wait_until(lambda: dock.panel.runner.state is JobState.IDLE, seconds=60, what="matching")
        wait_until(lambda: not dock.waits and not dock.shown.live.is_busy, seconds=60, what="the preview")
        dock.findChild(QScrollArea).ensureWidgetVisible(dock.shown.drawn)
        pause(1)
        take_picture(viewer, IMAGES / "simulate.png")
    viewer.layers.clear()
