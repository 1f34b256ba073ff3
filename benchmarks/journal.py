"""What the journal adds to a paint event: brush strokes on a large slice, with it and without."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure

SIDE = 4096
"""Side of the slice [px]."""
BRUSH = 20
"""Diameter of the brush [px]."""
STROKES = 5
"""Strokes per run; the runs with and without the journal take turns."""
EVENTS = 25
"""Paint events per stroke, as a mouse that is dragged gives them."""
RUNS = 4
"""Runs of each kind."""
REST = 0.012
"""Time for the event loop between two paint events, as between two movements of a mouse [s]."""
TARGET = "<= 5"
Times = tuple[float, float]
"""Of a paint event alone, and with the redraw that follows [ms]."""


def measure() -> Iterator[Figure]:
    """Return what the journal adds to a paint event, without and with its redraw, and how late it writes."""
    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, {"NAPARI_STRATA_HOME": home}):
        bare, kept, lag = _measure_in_viewer()
    what = f"per paint event, {BRUSH} px brush on {SIDE}²"
    for name, column, reduce in (
        ("mean time", 0, np.mean),
        ("99th percentile of the time", 0, _p99),
        ("mean time with the redraw", 1, np.mean),
    ):
        baseline = {"without_ms": float(reduce(bare[:, column])), "with_ms": float(reduce(kept[:, column]))}
        added = baseline["with_ms"] - baseline["without_ms"]
        yield Figure(f"journal: added to the {name} {what}", added, "ms", target=TARGET, baseline=baseline)
    yield Figure("journal: longest time from a stroke to the disk", lag, "s", target="<= 2")


def _measure_in_viewer() -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return the times of paint events without and with the journal [ms], and the longest time to the disk [s].

    The first column is the paint event alone, the second with the redraw that follows.
    """
    import napari
    from qtpy.QtWidgets import QApplication

    from napari_strata.widgets.journal.journal import journal_of
    from napari_strata.widgets.layers.label_layers import new_labels

    viewer = napari.Viewer()
    try:
        image = viewer.add_image(np.zeros((SIDE, SIDE), np.uint8), name="slice")
        kept, bare = _labels(viewer, image, new_labels), _labels(viewer, image, new_labels)
        bare.metadata = {}  # so that the journal leaves it alone
        journal = journal_of(viewer)
        rng = np.random.default_rng(0)
        _paint(bare, QApplication.processEvents, rng, strokes=2)
        _paint(kept, QApplication.processEvents, rng, strokes=2)
        times: tuple[list[Times], list[Times]] = ([], [])
        for _ in range(RUNS):
            for layer, found in zip((bare, kept), times, strict=True):
                found += _paint(layer, QApplication.processEvents, rng, strokes=STROKES)
        lags = [_lag(kept, journal, QApplication.processEvents, rng) for _ in range(5)]
    finally:
        viewer.close()
    return np.array(times[0]), np.array(times[1]), max(lags)


def _labels(viewer: Any, image: Any, new_labels: Callable[..., Any]) -> Any:
    from napari_strata.config import ClassTable

    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(("class 1",)))
    labels.brush_size = BRUSH
    return labels


def _paint(
    labels: Any, process_events: Callable[[], None], rng: np.random.Generator, *, strokes: int
) -> list[Times]:
    """Drag the brush in straight strokes; return the time that each event took [ms]."""
    times = []
    for _ in range(strokes):
        start, step = rng.uniform(300, SIDE - 300, 2), rng.uniform(-10, 10, 2)
        for event in range(EVENTS):
            begin = time.perf_counter()
            labels.paint(tuple(start + event * step), 2)
            painted = time.perf_counter()
            process_events()
            times.append((1000 * (painted - begin), 1000 * (time.perf_counter() - begin)))
            time.sleep(REST)
    return times


def _lag(labels: Any, journal: Any, process_events: Callable[[], None], rng: np.random.Generator) -> float:
    """Return how long it takes until a stroke is on disk [s]."""
    from napari_strata.annotation.store.zarr_labels import LabelArrays

    opened = journal.set_of(labels)
    folder: Path = opened.state.folder
    (key,) = (key for key, layer in opened.layers.items() if layer == labels)
    place = tuple(int(n) for n in rng.integers(300, SIDE - 300, 2))
    code = int(labels.data[place]) + 1
    labels.paint(place, code)
    begin = time.perf_counter()
    while LabelArrays(folder).read(key)[place] != code and time.perf_counter() < begin + 60:
        process_events()
    return time.perf_counter() - begin


def _p99(times: NDArray[np.float64]) -> float:
    return float(np.percentile(times, 99))
