"""What many tests need: a home of their own for models, and a viewer whose workers have all ended."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

import napari_strata  # noqa: F401 (before any test imports torch, since it says how threads wait)

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from bare_viewer import BareViewer

os.environ.setdefault("OMP_NUM_THREADS", "1")  # for networks this small, threads only wait for each other

hypothesis.settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("repeatable")

REAL_IMAGE = Path(__file__).parents[2] / "shared" / "data" / "twisted_bilayer_graphene.npz"


def pytest_collection_finish() -> None:
    """Keep what is imported by now, which stays to the end, out of all later searches for garbage.

    Each viewer ends with several of them, which took half of its time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def models_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep trained models out of the user's folder, and lists without those that come with the package."""
    home = tmp_path / "home"
    monkeypatch.setattr("napari_strata.io.bundled.FOLDER", tmp_path / "bundled")
    monkeypatch.setenv("NAPARI_STRATA_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def closed_viewers_end_here(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have a closed viewer taken apart now: in the thread of a later test's job Qt would crash."""
    yield
    if "real_viewer" in request.fixturenames:
        gc.collect()


@pytest.fixture
def real_image() -> Path:
    """Path of the real micrograph that lies beside the checkout of the developers."""
    if not REAL_IMAGE.is_file():
        pytest.skip("the real micrograph is not beside this checkout")
    return REAL_IMAGE


@pytest.fixture
def bare_viewer(qtbot: object) -> "Iterator[BareViewer]":
    """Return a viewer without a canvas, which is quick; fail if a worker outlives the test."""
    from napari.utils.notifications import notification_manager
    from qtpy.QtCore import QEvent, QThreadPool
    from qtpy.QtWidgets import QApplication

    from bare_viewer import BareViewer

    notification_manager.records.clear()  # of earlier tests
    viewer = BareViewer()
    yield viewer
    viewer.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert QThreadPool.globalInstance().waitForDone(20_000), "a worker is still running"


@pytest.fixture
def real_viewer(make_napari_viewer_proxy: Callable[[], "Viewer"]) -> "Iterator[Viewer]":
    """Return a viewer seen as a plugin sees it; fail if a worker outlives the test."""
    from qtpy.QtCore import QThreadPool

    yield make_napari_viewer_proxy()
    assert QThreadPool.globalInstance().waitForDone(20_000), "a worker is still running"


@pytest.fixture
def viewer(real_viewer: "Viewer") -> "Viewer":
    """Return a whole viewer; files whose tests mostly need no canvas put `light_viewer` in its place."""
    return real_viewer


@pytest.fixture
def light_viewer(request: pytest.FixtureRequest) -> "Viewer":
    """Return a viewer without a canvas, or a whole one in tests that are marked with `canvas`."""
    is_whole = request.node.get_closest_marker("canvas") is not None
    viewer: Viewer = request.getfixturevalue("real_viewer" if is_whole else "bare_viewer")
    return viewer
