import sys

import pytest

from benchmarks import import_time
from benchmarks.import_time import CLOSE, OPEN, VIEWER, has_screen, import_seconds


def test_only_the_import_itself_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_time, "REPEATS", 3)
    assert import_seconds("time.sleep(0.2)", before="time.sleep(0.3)", after="time.sleep(0.1)") == pytest.approx(
        0.2, abs=0.09
    )


def test_importing_the_package_is_quick() -> None:
    assert import_seconds("import napari_strata") < 0.3


def test_opening_the_docks_is_timed_in_a_viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_time, "REPEATS", 1)
    assert 0 < import_seconds(OPEN, before=VIEWER, after=CLOSE) < 10


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a screen")
def test_without_a_display_one_line_says_that_opening_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not has_screen()
    monkeypatch.setattr(import_time, "import_seconds", lambda *_, **__: 0.1)
    *_, last = import_time.measure()
    assert last.name == "import_time: open all docks: skipped"
    assert "no display" in str(last.value)
