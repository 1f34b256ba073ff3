import json

import pytest

from benchmarks import sweeps
from benchmarks.sweeps import Point, generators, measure


def test_points_of_one_seed_have_the_same_crystals() -> None:
    first, again = generators(0)[3], generators(0)[3]
    assert first.uniform() == again.uniform()
    assert generators(4)[3].uniform() != generators(5)[3].uniform()


def test_every_point_of_both_curves_is_told_and_written(tmp_path, monkeypatch) -> None:
    asked = []

    def score(_model, at, bilayers):
        asked.extend((at, bilayer.twist) for bilayer in bilayers)
        return Point(at, 0.5, 0.1)

    monkeypatch.setattr(sweeps, "score", score)
    monkeypatch.setattr(sweeps, "TWISTS", (4.0,))
    monkeypatch.setattr(sweeps, "DOSES", (50.0, 500.0))
    monkeypatch.setattr(sweeps, "IMAGES", 2)
    figures = list(measure(tmp_path, curves=tmp_path / "curves.json"))
    assert [figure.value for figure in figures] == [0.5, 0.1] * 3
    assert figures[0].name == "sweep: twist of 4 degrees, atom F1 at 0.4 Å"
    assert asked == [(4.0, pytest.approx(4))] * 2 + [
        (dose, pytest.approx(twist)) for dose in (50, 500) for twist in (10, 30)
    ]
    curves = json.loads((tmp_path / "curves.json").read_text())
    assert [point["at"] for point in curves["dose"]] == [50, 500]
