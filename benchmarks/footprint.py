"""The most memory that napari with a training in it takes, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from unittest import mock

from benchmarks.figure import Figure
from benchmarks.memory import peak_memory

TARGET = "<= 3000"


def measure(seconds: float = 40) -> Iterator[Figure]:
    """Open an image of 512², train on it with the default settings, once in each engine."""
    for engine in ("thread", "process"):
        command = [sys.executable, "-m", "benchmarks.footprint", engine, str(seconds)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise SystemExit(f"the training failed: {answer.stdout}{answer.stderr}")
        taken = json.loads(answer.stdout.splitlines()[-1])
        parts = {"napari": taken["program"]}
        if engine == "process":  # a thread starts only git, which is counted with all that it is forked from
            parts["training process"] = taken["children"]
        yield Figure(f"footprint: engine {engine}", sum(parts.values()), "MB", TARGET, parts)


def train_once(engine: str, seconds: float) -> dict[str, float]:
    """Train in the real dock for a time [s]; return the peak memory of this process and of its children [MB]."""
    from benchmarks.gui_stall import train_in_dock
    from napari_strata.widgets.parts.models import HOME_VARIABLE
    from scripts.driving import PLUGIN, open_viewer, show_dock

    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, {HOME_VARIABLE: home}):
        viewer = open_viewer()
        viewer.open_sample(PLUGIN, "twisted_bilayer_graphene")
        train_in_dock(show_dock(viewer, "Train"), seconds, engine=engine)
        viewer.close()
    return {"program": peak_memory(), "children": _children()}


def _children() -> float:
    """Return the most memory that a process had that this one started and that has ended [MB]."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    print(json.dumps(train_once(sys.argv[1], float(sys.argv[2]))))
