"""One trial of a search: an ordinary training that is watched, and ended early where it does badly."""

import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from napari_strata.config import TrainConfig
from napari_strata.config.search import SearchConfig, SearchTrainConfig, with_values
from napari_strata.config.training import LabelledData
from napari_strata.control import JobControl, JobState
from napari_strata.errors import ConfigError, TrainingError
from napari_strata.events import EpochEnded, JobEnded, JobEvent, StateChanged, TrialState
from napari_strata.jobs.train import check, class_table, train
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.search.study import Outcome, Trial

_ADVICE = "Label a second slice, or strokes farther from the others."
_BY_LOSS = "Or compare the loss: Advanced > Score in the dock, search.score in a file."


class TrialControl(JobControl):
    """Steers one trial; what the user asks of the search reaches the trial, too.

    Parameters
    ----------
    search : JobControl
        Of the search.
    """

    def __init__(self, search: JobControl) -> None:
        super().__init__()
        self._search = search

    @property
    def state(self) -> JobState:
        """The trial's state; it waits while the search does."""
        own = super().state
        waits = own is JobState.RUNNING and self._search.state is JobState.PAUSED
        return JobState.PAUSED if waits else own

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the trial or the whole search to stop."""
        return super().stop_requested or self._search.stop_requested

    def wait_while_paused(self) -> None:
        """Block the calling thread until the search is resumed or stopped."""
        self._search.wait_while_paused()


class Budget:
    """The time that a search may take; pauses do not count.

    Parameters
    ----------
    limit : float or None
        Longest time [s].
    control : JobControl
        Of the search, which knows its pauses.
    """

    def __init__(self, limit: float | None, control: JobControl) -> None:
        self._limit, self._control = limit, control
        self._start = time.monotonic()

    @property
    def is_spent(self) -> bool:
        """Whether the time is over."""
        if self._limit is None:
            return False
        return time.monotonic() - self._start - self._control.seconds_paused >= self._limit


TrialJob = Generator[JobEvent, None, tuple[Outcome, Exception | None]]
"""A trial that runs: the training's events, then what came of it and why it failed."""


def run_trial(
    control: JobControl, config: SearchTrainConfig, inputs: TrainInputs, trial: Trial, budget: Budget
) -> TrialJob:
    """Train with the settings of one trial.

    Parameters
    ----------
    control : JobControl
        Of the search.
    config : SearchTrainConfig
        The training, and what is searched.
    inputs : TrainInputs
        What to learn from, and the trial's run folder.
    trial : Trial
        What to try.
    budget : Budget
        Of the search.

    Yields
    ------
    JobEvent
        All that the training tells but its states and its end.

    Raises
    ------
    TrainingError
        If there is no score, so that nothing can be compared.
    """
    outcome = Outcome(trial.number, trial.values, TrialState.FAILED)
    try:
        settings = trial_config(config, trial.values)
    except ConfigError as error:  # values that do not go together
        return replace(outcome, words=str(error)), error
    start, own, is_bad = time.monotonic(), TrialControl(control), False
    with closing(train(own, settings, inputs)) as training:
        for event in training:
            match event:
                case JobEnded():
                    outcome = replace(outcome, seconds=time.monotonic() - start)
                    return _ending(outcome, event, config.search, own, is_bad=is_bad), event.error
                case EpochEnded(epoch=epoch):
                    outcome = replace(outcome, epochs=epoch)
                    is_bad = trial.report(epoch, score_of(event, config.search)) and epoch < config.search.epochs
            if not isinstance(event, StateChanged):
                yield event
            if is_bad or budget.is_spent:
                own.request_stop()
    raise AssertionError("every job ends with JobEnded")


def trial_config(config: SearchTrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """Return the settings of one trial: one network, trained for a number of epochs.

    Raises
    ------
    ConfigError
        If the values do not go together.
    """
    own = {"training.epochs": config.search.epochs, "training.time_limit": None, "training.ensemble.kind": "none"}
    return with_values(config.train_config, {**own, **values})


def score_of(epoch: EpochEnded, search: SearchConfig) -> float:
    """Return the score of an epoch.

    Raises
    ------
    TrainingError
        If it has none.
    """
    score = epoch.validation_loss if search.score == "loss" else epoch.validation_dice
    if score is None:
        raise _not_comparable("there is no held-out data.", _ADVICE)
    return score


def check_comparable(config: SearchTrainConfig, inputs: TrainInputs) -> None:
    """Check before the first trial that a training can begin, and that what is held out gives a score.

    Parameters
    ----------
    config : SearchTrainConfig
        The training, and what is searched.
    inputs : TrainInputs
        What to learn from.

    Raises
    ------
    TrainingError
        If trials could not be compared.
    ConfigError, ImageError, LabelsError, CalibrationError
        If no trial could begin.
    """
    from napari_strata.models.registry import build_network
    from napari_strata.training.engine.validation import missing_classes
    from napari_strata.training.patches.overlaps import output_classes
    from napari_strata.training.patches.sources import make_source
    from napari_strata.training.run.doubts import how_to_hold_out

    training = config.train_config
    classes = class_table(training, inputs)
    check(training, inputs, classes)
    outputs, channels = output_classes(training, classes)
    network = build_network(training.model, len(outputs.classes))
    source = make_source(training, inputs, classes, receptive_field=network.receptive_field)
    advice = how_to_hold_out(training, inputs, receptive_field=network.receptive_field)
    if not source.holds_out:
        raise _not_comparable("there is no held-out data.", advice)
    if config.search.score == "dice" and isinstance(training.data, LabelledData):
        missing = missing_classes(source.held_out(), outputs, channels)
        if len(missing) == len(outputs.classes):
            raise _not_comparable("no class occurs in the held-out data.", f"{advice} {_BY_LOSS}")


def _not_comparable(why: str, remedy: str) -> TrainingError:
    return TrainingError(f"The trials cannot be compared: {why}", remedy=remedy)


def _ending(
    outcome: Outcome, ended: JobEnded, search: SearchConfig, own: TrialControl, *, is_bad: bool
) -> Outcome:
    """Say what came of a training that has ended."""
    if ended.error is not None:
        return replace(outcome, words=" ".join(str(ended.error).split()))
    figures = {} if ended.result is None else ended.result.figures
    score = figures.get("validation_loss" if search.score == "loss" else "validation_dice")
    state = TrialState.PRUNED if is_bad else TrialState.STOPPED if own.stop_requested else TrialState.COMPLETE
    return replace(outcome, state=state, score=score)
