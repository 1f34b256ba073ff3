"""One sitting of a run: it begins anew, goes on where an earlier one was saved, or repeats another run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config import TrainConfig, TrainingConfig
from napari_strata.errors import BundleError, CheckpointError
from napari_strata.io.bundle import find_bundle, read_card
from napari_strata.training.engine.checkpoint import STATE, State, checksum, load_checkpoint, save_checkpoint
from napari_strata.training.engine.requests import RequestLog, read_requests
from napari_strata.training.engine.schedule import Clock
from napari_strata.training.engine.state import Stateful
from napari_strata.training.machine.ranks import is_first
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.run.facts import begin_facts, begin_session, differences, read_facts
from napari_strata.training.run.record import RunRecord
from napari_strata.training.run.replay_clock import ReplayClock, courses_of_run

if TYPE_CHECKING:
    from napari_strata.training.patches.sources import Source
    from napari_strata.training.run.keeper import BestKeeper

CHECKPOINT, CORRECTIONS = "checkpoint", "corrections"
"""Folders of a run."""


class Session:
    """Restores a training at its beginning, and saves it while it goes on.

    Parameters
    ----------
    record : RunRecord
        The run's record, which nobody else writes.
    config : TrainConfig
        Everything that is set.
    inputs : TrainInputs
        The run folder, and which run is resumed or replayed.

    Attributes
    ----------
    log : RequestLog
        Keeps what is asked of the training, and gives again what was asked before.

    Raises
    ------
    CheckpointError
        If what is to be resumed or replayed is damaged.
    """

    def __init__(self, record: RunRecord, config: TrainConfig, inputs: TrainInputs) -> None:
        self._record = record
        self._config = config
        self._inputs = inputs
        self._folder = inputs.out / CHECKPOINT
        self._keeper: BestKeeper | None = None
        self._state: State | None = None
        if inputs.resumes:
            self._state = load_checkpoint(self._folder) if (self._folder / STATE).exists() else None
            record.go_on(self._state["record"] if self._state else None)
        replays = inputs.replays
        earlier = read_requests((replays or inputs.out) / CORRECTIONS) if replays or inputs.resumes else []
        self.log = RequestLog(inputs.out / CORRECTIONS, earlier)
        self._courses = courses_of_run(replays) if replays else None

    @property
    def training(self) -> TrainingConfig:
        """What is to be trained; what is repeated ends where the other ended, with as many networks, by itself."""
        training = self._config.training
        if self._courses is None:
            return training
        update: dict[str, Any] = {"patience": None}  # scores may differ in their last bits
        if training.ensemble.kind == "deep":
            update["ensemble"] = training.ensemble.model_copy(update={"members": len(self._courses)})
        return training.model_copy(update=update)

    def clock(self, config: TrainingConfig, first_batch: int) -> Clock:
        """Return what steers the training of one network.

        Parameters
        ----------
        config : TrainingConfig
            Of this network.
        first_batch : int
            Steps of the run before it.
        """
        if self._courses is None:
            return Clock(config, first_batch=first_batch)
        return ReplayClock(config, self._courses[first_batch], first_batch)

    def begin(self, trainer: Stateful, keeper: "BestKeeper", source: "Source") -> None:
        """Put a training where it was saved, if it was, and write down with what it goes on.

        Parameters
        ----------
        trainer : Stateful
            The training.
        keeper : BestKeeper
            Keeps its best weights.
        source : Source
            What it learns from.

        Raises
        ------
        CheckpointError
            If the checkpoint does not fit the training.
        OutputError
            If the run folder cannot be written.
        """
        self._keeper = keeper
        keeper.spare = self._folder / "model"
        if self._state is not None:
            keeper.restore(self._state["keeper"])
            try:
                trainer.load_state_dict(self._state)
            except (KeyError, ValueError, RuntimeError, TypeError) as error:
                raise CheckpointError(
                    f"The checkpoint in {self._folder} does not fit the run's configuration ({error}).",
                    remedy="Start a new training from the run's model (--from).",
                ) from error
        self._record.step = 0 if self._state is None else steps_done(self._state)
        self._state = None
        self._write_facts(source)

    def save(self, state: State) -> None:
        """Write where the training stands to the run folder, in place of what was there.

        Raises
        ------
        OutputError
            If it cannot be written; what was there stays.
        """
        assert self._keeper is not None, "begin first"
        state.setdefault("record", self._record.position())
        state["keeper"] = dict(self._keeper.figures)
        save_checkpoint(self._folder, state)
        self._keeper.saved_at = steps_done(state)
        self._keeper.drop_spare()

    def doubts(self) -> list[str]:
        """Say in words why a replay may differ in the last bit."""
        if self._inputs.replays is None or self._record.facts is None:
            return []
        return differences(read_facts(self._inputs.replays), self._record.facts)

    def comparison(self) -> dict[str, Any]:
        """Return as a figure whether a replay gave the same weights, to the bit; nothing for other trainings."""
        if self._inputs.replays is None or not is_first():  # which alone saves
            return {}
        same = checksum(self._folder) == checksum(self._inputs.replays / CHECKPOINT)
        mine, other = _kept(self._inputs.out), _kept(self._inputs.replays)
        return {"identical": same and (mine == other or mine["step"] != other["step"])}

    def _write_facts(self, source: "Source") -> None:
        from napari_strata.training.run.split import split_of

        out, replays = self._inputs.out, self._inputs.replays
        if self._inputs.resumes and self._record.has_facts:
            facts = read_facts(out)
        else:
            facts = begin_facts(self._config, self._inputs, split=split_of(source))
            facts["replays"] = None if replays is None else str(replays.resolve())
        begin_session(facts, self._config.training, step=self._record.step)
        self._record.write_facts(facts)


def steps_done(state: State) -> int:
    """Return how many steps a run had done when it was saved, over all networks of an ensemble."""
    if "done" in state:
        return int(state["done"]["steps"]) + steps_done(state["trainer"])
    return int(state["parts"]["clock"]["step"])


def _kept(run: Path) -> dict[str, Any]:
    """Return checksum and step of the model that a run keeps."""
    try:
        card = read_card(find_bundle(run))
    except BundleError:
        return {"sha256": None, "step": None}
    return {"sha256": card.weights_sha256, "step": card.figures.get("step")}
