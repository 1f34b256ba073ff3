"""Search for the settings that train the best network: many short trainings, the best model kept."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config.search import SearchTrainConfig, value_of
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import OutputError
from napari_strata.events import (
    BatchEnded,
    JobEvent,
    JobResult,
    Progress,
    StateChanged,
    TrialEnded,
    TrialStarted,
    TrialState,
    Warned,
)
from napari_strata.jobs.job import JobBody, JobFailed, job
from napari_strata.jobs.train import read_inputs, with_absolute_paths
from napari_strata.jobs.trial import Budget, TrialJob, check_comparable, run_trial
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.search.folder import (
    JOURNAL,
    MODEL,
    TABLE,
    drop_weights,
    held,
    keep_best,
    keep_config,
    read_config,
    trial_folder,
)
from napari_strata.training.search.study import Outcome, Study, check_installed
from napari_strata.training.search.table import write_trials

if TYPE_CHECKING:
    from collections.abc import Generator

MOST_FAILURES = 3
"""Trials that may fail one after the other before the search gives up."""


@job
def search(control: JobControl, config: SearchTrainConfig, inputs: TrainInputs) -> JobBody:
    """Try settings until as many trials as wanted have ended, the time is over, or somebody stops it.

    Parameters
    ----------
    control : JobControl
        Stop keeps the best model so far.
    config : SearchTrainConfig
        The training, and what to try about it.
    inputs : TrainInputs
        What to learn from, and the folder of the search, which gets config.yaml, study.journal, trials.csv, a run
        folder for each trial in trials/, and model/. Where it holds this search already the search goes on.

    Yields
    ------
    JobEvent
        `TrialStarted`, what the training tells, `TrialEnded`; `Progress` of the whole.

    Returns
    -------
    JobResult
        ``value`` is the best bundle's Path; ``figures["values"]`` are the best settings.
    """
    check_installed()
    yield Progress(0.0, "Preparing the search")
    check_comparable(config, inputs)
    with held(inputs.out):
        keep_config(config, inputs)
        present = {name: value_of(config, name) for name in config.search.parameters}
        study = Study(inputs.out / JOURNAL, config.search, present)
        control.run()
        yield StateChanged(control.state)
        return (yield from _Search(control, config, inputs, study).run())


def read_search(folder: Path) -> tuple[SearchTrainConfig, TrainInputs]:
    """Read what a search needs to go on.

    Parameters
    ----------
    folder : Path
        The folder of the search.

    Raises
    ------
    OutputError
        If there is no search in it.
    ImageError, LabelsError, TableError, CalibrationError, ConfigError
        If its settings or the files that they name cannot be read.
    """
    from napari_strata.training.run.data import as_painted

    config = read_config(folder)
    training = with_absolute_paths(config.train_config, folder)
    inputs = as_painted(read_inputs(training, out=folder), folder)
    return SearchTrainConfig.of(training, config.search), inputs


class _Search:
    """Runs one trial after the other."""

    def __init__(self, control: JobControl, config: SearchTrainConfig, inputs: TrainInputs, study: Study) -> None:
        self._control, self._config, self._inputs, self._study = control, config, inputs, study
        minutes = config.search.time_limit
        self._budget = Budget(None if minutes is None else 60 * minutes, control)
        self._failures = 0

    def run(self) -> JobBody:
        for outcome in self._study.outcomes:
            yield self._told(outcome)
            if not outcome.is_final:  # it is tried again; its process may have been killed
                self._drop_weights(outcome.number)
        for warning in self._inputs.warnings:
            yield Warned(warning)
        while not self._is_over():
            yield from self._try()
            self._control.wait_while_paused()
        best = self._study.best
        if best is None and self._control.stop_requested:
            raise JobCanceled
        return self._result(best, self._ended_by())

    def _is_over(self) -> bool:
        return self._control.stop_requested or self._budget.is_spent or self._study.done >= self._study.trials

    def _try(self) -> "Generator[JobEvent]":
        trial = self._study.ask()
        yield TrialStarted(trial.number, self._study.last, trial.values)
        folder = trial_folder(self._inputs.out, trial.number)
        inputs = replace(self._inputs, out=folder, preview=None, painted=None, warnings=())
        running = run_trial(self._control, self._config, inputs, trial, self._budget)
        outcome, error = yield from self._as_part(running, trial.number)
        if self._study.is_better(outcome):
            keep_best(self._inputs.out, trial.number)
        self._study.tell(trial, outcome)
        self._drop_weights(trial.number)
        self._write_table()
        yield self._told(outcome)
        if error is not None:
            yield from self._pass_over(outcome, error)
        else:
            self._failures = 0

    def _as_part(self, running: TrialJob, number: int) -> TrialJob:
        """Pass on what a trial tells, with the progress of the whole search in place of its batches."""
        done, trials, epochs = self._study.done, self._study.trials, self._config.search.epochs
        which = f"Trial {number} of {self._study.last}"
        while True:
            try:
                event = next(running)
            except StopIteration as stop:
                ending: tuple[Outcome, Exception | None] = stop.value
                return ending
            match event:
                case BatchEnded(elapsed=elapsed, seconds_left=left, epoch=epoch, loss=loss):
                    part = elapsed / max(elapsed + left, 1e-9)
                    words = f"{which}: epoch {epoch} of {epochs}, loss {loss:.3f}"
                    yield Progress((done + part) / trials, words)
                case Progress(message=message):
                    yield Progress(done / trials, f"{which}: {message[:1].lower()}{message[1:]}")
                case _:
                    yield event

    def _pass_over(self, outcome: Outcome, error: Exception) -> "Generator[JobEvent]":
        """Go on after a trial that failed, unless the next will fail, too."""
        self._failures += 1
        if isinstance(error, OutputError) or self._failures >= MOST_FAILURES:
            raise JobFailed(error, self._result(self._study.best, "failure"))
        yield Warned(f"Trial {outcome.number} failed: {outcome.words}", "The search goes on with the next.")

    def _drop_weights(self, number: int) -> None:
        if not self._config.search.keep_models:
            drop_weights(self._inputs.out, number)

    def _told(self, outcome: Outcome) -> TrialEnded:
        best = self._study.best
        is_best = best is not None and best.number == outcome.number
        trials, words = self._study.last, outcome.words
        return TrialEnded(
            outcome.number,
            trials,
            outcome.values,
            outcome.state,
            outcome.score,
            outcome.epochs,
            outcome.seconds,
            is_best,
            words,
        )

    def _write_table(self) -> None:
        search = self._config.search
        smallest_first = search.score == "loss"
        write_trials(
            self._inputs.out / TABLE, self._study.outcomes, list(search.parameters), smallest_first=smallest_first
        )

    def _result(self, best: Outcome | None, ended_by: str) -> JobResult:
        folder = self._inputs.out
        paths = {"search": str(folder)}
        counts = {str(state): 0 for state in TrialState if state is not TrialState.RUNNING}
        for outcome in self._study.outcomes:
            counts[outcome.state] += 1
        figures = {"trials": counts, "ended_by": ended_by}
        if best is None:
            return JobResult(figures, paths)
        paths |= {"table": str(folder / TABLE), "model": str(folder / MODEL)}
        found = {"best_trial": best.number, "score": best.score, "values": dict(best.values)}
        return JobResult({**found, **figures, "importances": self._study.importances()}, paths, folder / MODEL)

    def _ended_by(self) -> str:
        if self._control.stop_requested:
            return "stop"
        return "trials" if self._study.done >= self._study.trials else "time limit"
