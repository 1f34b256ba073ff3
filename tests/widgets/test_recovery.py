"""A real napari is killed while it paints; another one brings the labels back."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import tifffile
from napari.layers import Labels
from painting_child import BRUSH, SHAPE, places
from qtpy.QtCore import Qt

from napari_strata.annotation.store.home import SetState
from napari_strata.widgets.journal import journal_of
from napari_strata.widgets.label_dock import LabelDock
from napari_strata.widgets.label_memory import class_table_of, image_of
from napari_strata.widgets.recovery_line import stored_sets

SEED = 3
GRACE = 2.0
PAINTING = 3.5


def painted(strokes: int) -> np.ndarray:
    """Return what a napari paints by the first strokes."""
    labels = Labels(np.zeros(SHAPE, np.uint8))
    labels.brush_size = BRUSH
    for _, place in zip(range(strokes), places(SEED), strict=False):
        labels.paint(place, 2)
    return labels.data


def paint_and_kill(image: Path) -> tuple[int, int]:
    """Return how many strokes were painted 2 s before the kill, and how many at most before it."""
    script = Path(__file__).with_name("painting_child.py")
    child = subprocess.Popen(
        [sys.executable, str(script), str(image), str(SEED)], stdout=subprocess.PIPE, text=True
    )
    lines: list[tuple[int, float]] = []

    def read() -> None:
        for line in child.stdout:
            number, when = line.split()
            lines.append((int(number), float(when)))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        deadline = time.monotonic() + 120
        while (not lines or time.monotonic() < lines[0][1] + PAINTING) and time.monotonic() < deadline:
            assert child.poll() is None, "the painting napari ended by itself"
            time.sleep(0.01)
        killed = time.monotonic()
        child.send_signal(signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
        reader.join()
        child.stdout.close()
    assert lines, "nothing was painted"
    return max(number for number, when in lines if when < killed - GRACE), lines[-1][0] + 1


def test_after_a_kill_in_mid_painting_all_but_the_last_two_seconds_come_back(qtbot, viewer, tmp_path):
    path = tmp_path / "particles.tif"
    tifffile.imwrite(path, np.random.default_rng(0).random(SHAPE).astype(np.float32))
    safe, most = paint_and_kill(path)
    dock = LabelDock(viewer)
    viewer.window.add_dock_widget(dock)
    assert dock.recovery.isVisibleTo(dock)
    assert "particles" in dock.recovery.words.text()
    qtbot.mouseClick(dock.recovery.button, Qt.MouseButton.LeftButton)
    labels = viewer.layers["particles labels"]
    back = labels.data == 2
    assert safe > 10
    assert back[painted(safe) == 2].all()
    assert not back[painted(most) == 0].any()
    assert image_of(labels, viewer.layers) == viewer.layers["particles"]
    assert class_table_of(labels).names == ("class 1",)
    assert not dock.recovery.isVisibleTo(dock)
    journal_of(viewer).look()
    assert [stored.state for stored in stored_sets(journal_of(viewer))] == [SetState.OPEN]
