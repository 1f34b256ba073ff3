"""How long importing, and opening the docks, takes in a fresh process."""

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator

from npe2 import PluginManifest

from benchmarks.figure import Figure

REPEATS = 5
TARGET = "< 0.3"
COMMANDS = PluginManifest.from_distribution("napari-strata").contributions.commands or []
_MODULES = (str(command.python_name).partition(":")[0] for command in COMMANDS)
DOCKS = [module for module in _MODULES if module.endswith(".dock")]
NAPARI = "napari.viewer, napari.layers, napari.qt.threading, qtpy.QtWidgets, magicgui"
"""What an open napari has imported long before it opens a dock."""
DRAW = "QApplication.processEvents()"
VIEWER = f"import napari; from qtpy.QtWidgets import QApplication; viewer = napari.Viewer(); {DRAW}"
OPEN = f"from napari_strata.widgets.parts.workspace import open_workspace; open_workspace(viewer); {DRAW}"
CLOSE = "viewer.close()"


def measure() -> Iterator[Figure]:
    """Measure the package, and the docks from nothing and in a process that has napari already."""
    baseline = {name: import_seconds(f"import {name}") for name in ("napari", "torch")}
    yield _figure("import napari_strata", import_seconds("import napari_strata"), baseline)
    baseline = {NAPARI: import_seconds(f"import {NAPARI}")}
    for dock in DOCKS:
        code = f"import {dock}"
        yield _figure(f"{code}, from nothing", import_seconds(code), baseline, target="")
        yield _figure(f"{code}, beyond napari", import_seconds(code, before=f"import {NAPARI}"), {})
    code = "; ".join(f"import {dock}" for dock in DOCKS)
    yield _figure("import all docks, beyond napari", import_seconds(code, before=f"import {NAPARI}"), {})
    if has_screen():
        seconds = import_seconds(OPEN, before=VIEWER, after=CLOSE)
        yield _figure("open all docks in an open viewer, imports and drawing included", seconds, {}, target="")
    else:
        yield Figure("import_time: open all docks: skipped", "there is no display; run it under xvfb-run")


def has_screen() -> bool:
    """Return whether a viewer can be opened; on Linux a display has to be named."""
    return not sys.platform.startswith("linux") or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))


def import_seconds(code: str, *, before: str = "pass", after: str = "pass") -> float:
    """Return the median time of some code in fresh processes [s], without that of the interpreter's start.

    Parameters
    ----------
    code : str
        Statements, on one line.
    before, after : str
        What each process does first, and at last, unmeasured.
    """
    program = (
        f"import time\n{before}\nstart = time.perf_counter()\n{code}\n"
        f"print('took', time.perf_counter() - start)\n{after}"
    )
    answers = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(REPEATS)
    ]
    return statistics.median(float(answer.rpartition("took")[2].split()[0]) for answer in answers)


def _figure(name: str, value: float, baseline: dict[str, float], target: str = TARGET) -> Figure:
    return Figure(f"import_time: {name}", value, "s", target, baseline)
