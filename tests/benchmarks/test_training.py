from pathlib import Path
from typing import Any

import pytest

from benchmarks import training
from benchmarks.figure import Figure


def run_with(values: list[float | str | None]) -> list[Figure]:
    return [Figure(f"figure {i}", value, "Å", "< 1", {"pilot": 0.5}) for i, value in enumerate(values)]


def test_several_trainings_give_median_and_extremes() -> None:
    [figure] = training.spread([run_with([3.0]), run_with([1.0]), run_with([2.5])])
    assert (figure.name, figure.value) == ("figure 0, median of 3 trainings", 2.5)
    assert figure.baseline == {"pilot": 0.5, "least": 1.0, "greatest": 3.0}
    assert (figure.unit, figure.target) == ("Å", "< 1")


def test_what_is_no_number_in_one_training_has_no_spread() -> None:
    nothing = float("nan")
    runs = [run_with(["skipped", None, nothing, 1]), run_with(["skipped", 2.0, 2.0, 1]), run_with([0.0, 1.0, 2.0])]
    assert list(training.spread(runs)) == []


def test_repeated_trainings_differ_in_seed_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def once(run: Path, seed: int, **_settings: Any) -> list[Figure]:
        seen.append((run.name, seed))
        return run_with([float(seed)])

    monkeypatch.setattr(training, "_measure_once", once)
    settings: dict[str, Any] = {"minutes": None, "images": 1, "image": tmp_path}
    names = [f.name for f in training.measure(tmp_path / "run", repeats=2, **settings)]
    assert names == ["figure 0, seed 0", "figure 0, seed 1", "figure 0, median of 2 trainings"]
    assert seen == [("run", 0), ("run-seed-1", 1)]
    assert [f.name for f in training.measure(tmp_path / "run", **settings)] == ["figure 0"]


def test_a_training_takes_the_seed_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_strata.config import TrainConfig

    brief = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 1, "patch_size": 32, "validation_crops": 1}
    recipe = TrainConfig.parse({"model": {"filters": [4, 8]}, "training": brief | {"device": "cpu"}})
    (tmp_path / "brief.yaml").write_text(recipe.to_yaml())
    monkeypatch.setattr(training, "RECIPE", tmp_path / "brief.yaml")
    figures = training.train(tmp_path / "run", 1.0, seed=7)
    assert figures["steps"] == 1
    assert TrainConfig.read(tmp_path / "run" / "config.yaml").training.seed == 7
