"""A real napari is killed while it paints and clicks atoms; another one brings both back."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.layers import Labels
from painting_child import BRUSH, SHAPE, places
from qtpy.QtCore import Qt

from napari_strata.annotation.store.home import HOME_VARIABLE, LabelHome, SetState, choose_project
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.journal.recovery_line import stored_sets
from napari_strata.widgets.label.dock import LabelDock
from napari_strata.widgets.layers.label_memory import class_table_of, image_of

SEED = 3
GRACE = 2.0
PAINTING = 3.0
STROKES = 10
"""So many strokes at least are done before the last `PAINTING` seconds."""
OWN, PROJECT = "own folder", "project folder"


@dataclass
class PaintingNapari:
    """Another napari that paints until it is killed.

    Attributes
    ----------
    home : Path
        Where it keeps what is its user's.
    project : Path or None
        The project folder that was chosen there.
    """

    home: Path
    project: Path | None
    killed: float = 0.0
    _strokes: list[tuple[int, float]] = field(default_factory=list)

    def start(self, image: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(HOME_VARIABLE, str(self.home))
            choose_project(self.project)
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).parents[1] / "painting_child.py"), str(image), str(SEED)],
                stdout=subprocess.PIPE,
                text=True,
                env=dict(os.environ),
            )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait(self) -> None:
        deadline = time.monotonic() + 120
        while len(self._strokes) <= STROKES or time.monotonic() < self._strokes[STROKES][1] + PAINTING:
            assert self._process.poll() is None, "the painting napari ended by itself"
            assert time.monotonic() < deadline, "too little was painted"
            time.sleep(0.01)

    def kill(self) -> None:
        self.killed = self.killed or time.monotonic()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    @property
    def safe(self) -> int:
        """Strokes that were done long enough before the kill."""
        return max(number for number, when in self._strokes if when < self.killed - GRACE)

    @property
    def most(self) -> int:
        """Strokes that may have been done at the kill."""
        return self._strokes[-1][0] + 1

    def _read(self) -> None:
        for line in self._process.stdout:
            number, when = line.split()
            self._strokes.append((int(number), float(when)))


def painted(strokes: int) -> np.ndarray:
    """Return what a napari paints by the first strokes."""
    labels = Labels(np.zeros(SHAPE, np.uint8))
    labels.brush_size = BRUSH
    for place in clicked(strokes):
        labels.paint(place, 2)
    return labels.data


def clicked(strokes: int) -> list[tuple[int, ...]]:
    """Return where the first strokes and atoms are."""
    return [place for _, place in zip(range(strokes), places(SEED), strict=False)]


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("images") / "particles.tif"
    tifffile.imwrite(path, np.random.default_rng(0).random(SHAPE).astype(np.float32))
    return path


@pytest.fixture(scope="module")
def killed(image, tmp_path_factory) -> dict[str, PaintingNapari]:
    """Two napari at a time, one that keeps labels in its own folder, one in a project; killed while they paint."""
    napari = {}
    for where in (OWN, PROJECT):
        folder = tmp_path_factory.mktemp("killed")
        (folder / "project").mkdir()
        napari[where] = PaintingNapari(folder / "home", folder / "project" if where == PROJECT else None)
    try:
        for one in napari.values():
            one.start(image)
        for one in napari.values():
            one.wait()
    finally:
        for one in napari.values():
            one.kill()
    return napari


@pytest.mark.parametrize("where", [OWN, PROJECT])
def test_after_a_kill_in_mid_painting_all_but_the_last_two_seconds_come_back(
    qtbot, monkeypatch, make_napari_viewer_proxy, killed, where
):
    ended = killed[where]
    monkeypatch.setenv(HOME_VARIABLE, str(ended.home))
    viewer = make_napari_viewer_proxy()
    dock = LabelDock(viewer)
    viewer.window.add_dock_widget(dock)
    assert dock.recovery.isVisibleTo(dock)
    assert "particles" in dock.recovery.words.text()
    qtbot.mouseClick(dock.recovery.button, Qt.MouseButton.LeftButton)
    labels, atoms = viewer.layers["particles labels"], viewer.layers["particles atoms"]
    back = labels.data == 2
    assert ended.safe >= STROKES
    assert back[painted(ended.safe) == 2].all()
    assert not back[painted(ended.most) == 0].any()
    assert ended.safe <= len(atoms.data) <= ended.most
    np.testing.assert_array_equal(atoms.data, clicked(len(atoms.data)))
    assert set(atoms.features["species"]) == {"class 1"}
    for layer in (labels, atoms):
        assert image_of(layer, viewer.layers) == viewer.layers["particles"]
        assert class_table_of(layer).names == ("class 1",)
    assert not dock.recovery.isVisibleTo(dock)
    journal_of(viewer).look()
    (stored,) = stored_sets(journal_of(viewer))
    assert stored.state is SetState.OPEN
    assert stored.folder.parent == LabelHome(ended.project).folder
