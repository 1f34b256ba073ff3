import math

import pytest

from benchmarks import journal


def test_strokes_are_timed_with_and_without_the_journal(qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SIDE", 1024), ("RUNS", 1), ("STROKES", 1), ("EVENTS", 3)):
        monkeypatch.setattr(journal, name, value)
    *added, lag = journal.measure()
    assert len(added) == 3
    for figure in added:
        without, with_it = figure.baseline["without_ms"], figure.baseline["with_ms"]
        assert with_it - without == pytest.approx(figure.value)
        assert without > 0
    assert math.isfinite(float(lag.value)) and lag.unit == "s"
