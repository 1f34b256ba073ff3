"""One search on disk: optuna's journal file, from which it goes on where it was left."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config.search import SearchConfig
from napari_strata.errors import ExtraError, OutputError
from napari_strata.events import TrialState
from napari_strata.training.search.space import draw, grid, inside

if TYPE_CHECKING:
    import optuna

FEWEST_FOR_IMPORTANCE = 8
"""Trials that must be complete before anybody says which settings matter."""
REDUCTION = 3
"""Hyperband goes on with one in so many trials."""
_NAME = "search"
_REPEATS = "repeats"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial.

    Attributes
    ----------
    number : int
        Of the trial, from 1.
    values : mapping of str to object
        The settings that it tried, by dotted name.
    state : TrialState
        How it ended; STOPPED for one that was cut off, too.
    score : float or None
        Score of its best weights.
    epochs : int
        Epochs that it trained.
    seconds : float
        Time that it took [s].
    words : str
        Why it failed.
    """

    number: int
    values: Mapping[str, Any]
    state: TrialState
    score: float | None = None
    epochs: int = 0
    seconds: float = 0.0
    words: str = ""

    @property
    def is_final(self) -> bool:
        """Whether it need not be tried again."""
        return self.state not in (TrialState.RUNNING, TrialState.STOPPED)


class Trial:
    """A trial that runs.

    Attributes
    ----------
    number : int
        From 1.
    values : dict
        The settings that it tries, by dotted name.
    """

    def __init__(self, trial: "optuna.Trial", values: dict[str, Any]) -> None:
        self.number, self.values = trial.number + 1, values
        self._trial = trial
        trial.set_user_attr("values", values)

    def report(self, epoch: int, score: float) -> bool:
        """Note the score of an epoch; return whether it is too bad to go on."""
        self._trial.report(score, epoch)
        return bool(self._trial.should_prune())

    def note(self, outcome: Outcome) -> None:
        """Write down what came of it."""
        for name in ("state", "score", "epochs", "seconds", "words"):
            self._trial.set_user_attr(name, getattr(outcome, name))


class Study:
    """Chooses what to try, and remembers what came of it.

    Parameters
    ----------
    path : Path
        optuna's journal file; it is made if it is not there. Nobody else may write to it.
    config : SearchConfig
        What to try, and how.
    present : mapping of str to object
        The settings as they are, by dotted name; unless a grid is searched they are tried first.

    Raises
    ------
    ExtraError
        If optuna is not installed.
    OutputError
        If the file cannot be used.
    """

    def __init__(self, path: Path, config: SearchConfig, present: Mapping[str, Any]) -> None:
        self._config = config
        self._study = _open(path, config)
        trials = self._study.get_trials(deepcopy=False)
        if config.sampler == "grid":
            self._enqueue_grid(trials)
        elif not trials and (first := inside(present, config.parameters)):
            self._study.enqueue_trial(first)
        self._repeat_stopped(trials)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What came of every trial that has begun, in order."""
        trials = self._study.get_trials(deepcopy=False)
        return tuple(_outcome(trial) for trial in trials if trial.state.name != "WAITING")

    @property
    def done(self) -> int:
        """Trials that have ended and need not be tried again."""
        return sum(outcome.is_final for outcome in self.outcomes)

    @property
    def trials(self) -> int:
        """Trials that are wanted in all; a grid may have fewer points than were asked for."""
        if self._config.sampler != "grid":
            return self._config.trials
        waiting = len(self._study.get_trials(deepcopy=False)) - len(self.outcomes)
        return min(self._config.trials, self.done + waiting)

    @property
    def last(self) -> int:
        """Number that the last trial will have: stopped ones, which are tried again, count twice."""
        again = sum(_REPEATS in trial.user_attrs for trial in self._study.get_trials(deepcopy=False))
        return self.trials + again

    @property
    def best(self) -> Outcome | None:
        """The trial with the best score so far, be it one that was ended early."""
        scored = [outcome for outcome in self.outcomes if outcome.score is not None]
        return min(scored, key=self._rank, default=None)

    def is_better(self, outcome: Outcome) -> bool:
        """Tell whether an outcome is better than the best so far."""
        best = self.best
        return outcome.score is not None and (best is None or self._rank(outcome) < self._rank(best))

    def _rank(self, outcome: Outcome) -> float:
        assert outcome.score is not None, "only outcomes with a score are ranked"
        return outcome.score if self._config.score == "loss" else -outcome.score

    def ask(self) -> Trial:
        """Choose what to try next.

        That depends on the seed and on what came of the trials before alone, so that a search that was interrupted
        goes on as if it had not been.
        """
        self._study.sampler = _sampler(self._config, self.done)
        trial = self._study.ask()
        return Trial(trial, draw(trial, self._config.parameters))

    def tell(self, trial: Trial, outcome: Outcome) -> None:
        """Note what came of a trial."""
        from optuna.trial import TrialState as Ended

        trial.note(outcome)
        if outcome.state is TrialState.COMPLETE:
            self._study.tell(trial.number - 1, outcome.score)
        else:
            pruned = outcome.state is TrialState.PRUNED
            self._study.tell(trial.number - 1, state=Ended.PRUNED if pruned else Ended.FAIL)

    def importances(self) -> dict[str, float]:
        """Return how much each setting matters, 0 to 1, the greatest first; empty where too few trials say so.

        PED-ANOVA (Watanabe et al., IJCAI 2023), as optuna has it.
        """
        complete = [outcome for outcome in self.outcomes if outcome.state is TrialState.COMPLETE]
        if len(complete) < FEWEST_FOR_IMPORTANCE or len(self._config.parameters) < 2:
            return {}
        import warnings

        from optuna.exceptions import ExperimentalWarning
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            found = get_param_importances(self._study, evaluator=PedAnovaImportanceEvaluator())
        return {name: round(value, 3) for name, value in found.items()}

    def _enqueue_grid(self, trials: "list[optuna.trial.FrozenTrial]") -> None:
        """Let the points of the grid wait in the study, those that more trials were asked for included."""
        known = sum(_REPEATS not in trial.user_attrs for trial in trials)
        for point in grid(self._config.parameters, seed=self._config.seed, most=self._config.trials)[known:]:
            self._study.enqueue_trial(point)

    def _repeat_stopped(self, trials: "list[optuna.trial.FrozenTrial]") -> None:
        """Try again what was stopped or cut off when the search was left."""
        from optuna.trial import TrialState as Ended

        repeated = {trial.user_attrs.get(_REPEATS) for trial in trials}
        for trial in trials:
            if trial.state is Ended.RUNNING:
                self._study.tell(trial.number, state=Ended.FAIL)
            is_wanted = trial.state.name != "WAITING" and not _outcome(trial).is_final
            if is_wanted and trial.number not in repeated and trial.params:
                self._study.enqueue_trial(trial.params, user_attrs={_REPEATS: trial.number})


def check_installed() -> None:
    """Check that the optional part is there, without importing it.

    Raises
    ------
    ExtraError
        If it is not, with the line that installs it.
    """
    if find_spec("optuna") is None:
        raise ExtraError(
            "The search for settings needs the package optuna, which is not installed.",
            remedy='Install it: pip install "napari-strata[search]".',
        )


def _open(path: Path, config: SearchConfig) -> "optuna.Study":
    check_installed()
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.with_name(path.name + ".lock").unlink(missing_ok=True)  # left by a process that was killed
    try:
        return optuna.create_study(
            study_name=_NAME,
            storage=JournalStorage(JournalFileBackend(str(path))),
            direction="minimize" if config.score == "loss" else "maximize",
            pruner=_pruner(config),
            load_if_exists=True,
        )
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(
            f"The search cannot go on from {path} ({' '.join(str(error).split())}).",
            remedy="Check its permissions; a file that is damaged cannot be mended: search in another folder.",
        ) from error


def _pruner(config: SearchConfig) -> "optuna.pruners.BasePruner":
    from optuna.pruners import HyperbandPruner, NopPruner

    if config.pruner == "none" or config.epochs < REDUCTION:  # nothing could be told early
        return NopPruner()
    return HyperbandPruner(min_resource=1, max_resource=config.epochs, reduction_factor=REDUCTION)


def _sampler(config: SearchConfig, done: int) -> "optuna.samplers.BaseSampler":
    """Make a sampler for one trial; those of a grid wait in the study and are not drawn."""
    from optuna.samplers import RandomSampler, TPESampler

    seed = int(np.random.SeedSequence([config.seed, done]).generate_state(1)[0])
    if config.sampler == "tpe":
        return TPESampler(seed=seed, n_startup_trials=min(10, max(4, config.trials // 4)))
    return RandomSampler(seed=seed)


def _outcome(trial: "optuna.trial.FrozenTrial") -> Outcome:
    known = dict(trial.user_attrs)
    known.pop(_REPEATS, None)
    values = known.pop("values", {})
    cut_off = TrialState.STOPPED if trial.state.is_finished() else TrialState.RUNNING
    state = TrialState(known.pop("state", cut_off))
    return Outcome(trial.number + 1, values, state, **known)
