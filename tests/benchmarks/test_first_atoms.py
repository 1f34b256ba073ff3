import json
from types import SimpleNamespace

import pytest

from benchmarks import first_atoms


def answered(monkeypatch, **answer):
    monkeypatch.setattr(first_atoms.subprocess, "run", lambda *_, **__: SimpleNamespace(stderr="", **answer))
    return list(first_atoms.measure())


def test_the_time_until_atoms_and_how_many_there_are_are_told(monkeypatch):
    found = {"image": "moire", "seconds": 4.2, "atoms": [1143, 1139]}
    time, *atoms = answered(monkeypatch, returncode=0, stdout="noise\n" + json.dumps(found))
    assert (time.value, time.unit, time.target) == (4.2, "s", "<= 10")
    assert "of 2 layers of moire" in time.name
    assert [one.value for one in atoms] == [1143, 1139]


def test_a_prediction_that_fails_is_no_figure(monkeypatch):
    with pytest.raises(SystemExit, match="out of memory"):
        answered(monkeypatch, returncode=1, stdout="out of memory")
