import math
import sys
from pathlib import Path

import pytest

from napari_strata.config.search import Choices, Range, SearchConfig
from napari_strata.errors import ExtraError, OutputError
from napari_strata.events import TrialState
from napari_strata.training.search.study import Outcome, Study, Trial
from napari_strata.training.search.table import write_trials

RATE = "training.optimizer.learning_rate"
PARAMETERS = {RATE: Range(low=1e-4, high=1e-1, log=True), "training.batch_size": Choices(choices=(4, 8))}
PRESENT = {RATE: 2e-3, "training.batch_size": 8}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.journal"


def config(**settings: object) -> SearchConfig:
    return SearchConfig(**{"trials": 12, "parameters": PARAMETERS} | settings)


def score(values: dict[str, float]) -> float:
    """Best at a rate of 0.01."""
    return 1 - abs(math.log10(values[RATE]) + 2)


def end(study: Study, trial: Trial, state: TrialState = TrialState.COMPLETE, value: float | None = None) -> None:
    value = score(trial.values) if value is None else value
    study.tell(trial, Outcome(trial.number, trial.values, state, value, epochs=3, seconds=1.5))


def try_all(study: Study, *, most: int = 1000) -> list[float]:
    tried = []
    while study.done < study.trials and len(tried) < most:
        trial = study.ask()
        tried.append(trial.values[RATE])
        end(study, trial)
    return tried


def test_the_settings_as_they_are_are_tried_first(path):
    trial = Study(path, config(), PRESENT).ask()
    assert (trial.number, trial.values) == (1, PRESENT)


def test_it_looks_where_it_was_good(path):
    study = Study(path, config(trials=30), PRESENT)
    tried = try_all(study)
    assert len(tried) == 30
    far = [abs(math.log10(rate) + 2) for rate in tried]
    assert sum(far[-10:]) < 0.6 * sum(far[1:11])
    assert study.best.score == pytest.approx(1 - min(far))


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_a_search_that_is_left_goes_on_as_if_it_had_not_been(tmp_path, sampler):
    whole = try_all(Study(tmp_path / "whole", config(sampler=sampler), PRESENT))
    first = try_all(Study(tmp_path / "left", config(sampler=sampler), PRESENT), most=5)
    rest = try_all(Study(tmp_path / "left", config(sampler=sampler), PRESENT))
    assert first + rest == whole
    assert len(set(whole)) > 3


def test_another_seed_tries_other_values(tmp_path):
    tried = [try_all(Study(tmp_path / str(seed), config(seed=seed), PRESENT), most=3)[1:] for seed in (0, 1)]
    assert tried[0] != tried[1]


def test_a_grid_ends_when_every_point_was_tried(path):
    study = Study(path, config(sampler="grid", trials=100), PRESENT)
    assert study.trials == 4 * 2
    assert len(try_all(study)) == 8
    assert study.done == study.trials == 8


def test_a_longer_grid_search_goes_on_with_the_points_that_are_left(path):
    try_all(Study(path, config(sampler="grid", trials=3), PRESENT))
    study = Study(path, config(sampler="grid", trials=100), PRESENT)
    try_all(study)
    tried = {tuple(outcome.values.values()) for outcome in study.outcomes}
    assert len(tried) == len(study.outcomes) == 8


def test_a_trial_that_was_cut_off_is_tried_again(path):
    cut_off = Study(path, config(sampler="random"), PRESENT)
    end(cut_off, cut_off.ask())
    lost = cut_off.ask()
    study = Study(path, config(sampler="random"), PRESENT)
    again = study.ask()
    assert (again.number, again.values) == (3, lost.values)
    assert [outcome.state for outcome in study.outcomes] == ["complete", "stopped", "running"]
    assert (study.done, study.trials, study.last) == (1, 12, 13)
    end(study, again)
    assert Study(path, config(sampler="random"), PRESENT).ask().values != lost.values


def test_a_stopped_trial_is_tried_again_but_its_score_counts_till_then(path):
    study = Study(path, config(), PRESENT)
    trial = study.ask()
    end(study, trial, TrialState.STOPPED, 0.4)
    assert study.done == 0
    assert study.best.number == trial.number
    assert Study(path, config(), PRESENT).ask().values == trial.values


def test_bad_trials_are_ended_early_by_hyperband_and_only_by_it(tmp_path):
    pruned = {}
    for pruner in ("hyperband", "none"):
        study = Study(tmp_path / pruner, config(pruner=pruner, sampler="random", epochs=9, trials=12), PRESENT)
        pruned[pruner] = 0
        for _ in range(12):
            trial = study.ask()
            is_bad = any(trial.report(epoch, score(trial.values)) for epoch in range(1, 9))
            pruned[pruner] += is_bad
            end(study, trial, TrialState.PRUNED if is_bad else TrialState.COMPLETE)
    assert pruned["hyperband"] > 2
    assert pruned["none"] == 0


def test_a_small_loss_is_a_good_one(path):
    study = Study(path, config(score="loss"), PRESENT)
    for value in (0.5, 0.2, 0.9):
        end(study, study.ask(), value=value)
    assert study.best.score == 0.2
    assert study.is_better(Outcome(4, {}, TrialState.COMPLETE, 0.1))
    assert not study.is_better(Outcome(4, {}, TrialState.COMPLETE, 0.3))
    assert not study.is_better(Outcome(4, {}, TrialState.FAILED))


def test_outcomes_are_read_back_as_they_were(path):
    study = Study(path, config(), PRESENT)
    trial = study.ask()
    outcome = Outcome(1, PRESENT, TrialState.FAILED, None, 2, 1.5, "The loss became nan.")
    study.tell(trial, outcome)
    assert Study(path, config(), PRESENT).outcomes == (outcome,)


def test_what_matters_is_told_when_enough_trials_say_so(path):
    study = Study(path, config(trials=20, sampler="random"), PRESENT)
    try_all(study, most=5)
    assert study.importances() == {}
    try_all(study)
    importances = study.importances()
    assert next(iter(importances)) == RATE
    assert sum(importances.values()) == pytest.approx(1, abs=0.01)


def test_a_lock_left_by_a_killed_process_holds_nobody_up(path):
    Study(path, config(), PRESENT)
    path.with_name("study.journal.lock").symlink_to(path)
    assert Study(path, config(), PRESENT).ask().number == 1


def test_a_damaged_journal_is_refused_in_words(path):
    path.write_text("{ this is no journal\n" * 3)
    with pytest.raises(OutputError, match="cannot go on from"):
        Study(path, config(), PRESENT)


def test_without_optuna_the_line_that_installs_it_is_told(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ExtraError, match=r'pip install "napari-strata\[search\]"'):
        Study(path, config(), PRESENT)


def test_the_table_has_the_best_trial_first(tmp_path):
    outcomes = [
        Outcome(1, {RATE: 0.1}, TrialState.COMPLETE, 0.5, 3, 1.26),
        Outcome(2, {RATE: 0.2}, TrialState.FAILED, words="no"),
        Outcome(3, {RATE: 1 / 3}, TrialState.PRUNED, 0.75, 1, 0.5),
    ]
    write_trials(tmp_path / "trials.csv", outcomes, [RATE], smallest_first=False)
    assert (tmp_path / "trials.csv").read_text().splitlines() == [
        f"trial,state,score,epochs,seconds,{RATE},why",
        "3,pruned,0.75,1,0.5,0.333333,",
        "1,complete,0.5,3,1.3,0.1,",
        "2,failed,,0,0.0,0.2,no",
    ]
