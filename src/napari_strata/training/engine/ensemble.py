"""Training several networks for one model: one after the other, or one whose rate starts anew again and again.

Both look like a `Trainer`. Steps and epochs are counted on over the networks, and so are the batches that are
drawn from the one source that they share: the held-out data are the same for all, and what was painted stays
learned. The model on disk is usable at any time: it has the networks that are finished and the best of the one at
hand.
"""

import copy
import dataclasses
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from napari_strata.config import TrainingConfig
from napari_strata.config.optimization import EnsembleConfig
from napari_strata.control import JobControl
from napari_strata.events import BatchEnded, EpochEnded, JobEvent
from napari_strata.models.ensemble import Ensemble
from napari_strata.models.network import Network
from napari_strata.training.engine.checkpoint import State
from napari_strata.training.engine.loop import Keep, Save, Trainer
from napari_strata.training.engine.schedule import cycles_done
from napari_strata.training.engine.stopping import Ending

Counted = TypeVar("Counted", bound=BatchEnded | EpochEnded)
MakeTrainer = Callable[[TrainingConfig, int], Trainer]
"""Makes the trainer of a member from its settings and the number of batches that were drawn before it."""


class DeepEnsemble:
    """Trains networks one after the other, each from a seed of its own, with an equal part of the time limit.

    Lakshminarayanan et al., NeurIPS 2017, arXiv:1612.01474; without their adversarial examples.

    Parameters
    ----------
    config : TrainingConfig
        Of the whole ensemble. Epochs are those of each member.
    make_trainer : callable
        Makes a trainer of a new network.
    """

    def __init__(self, config: TrainingConfig, make_trainer: MakeTrainer) -> None:
        self._config = config
        self._make_trainer = make_trainer
        self._members = _Members(config.ensemble.members)
        self._steps, self._seconds = 0, 0.0
        self._last: EpochEnded | None = None
        self._trainer = self._make()

    def run(self, control: JobControl, keep: Keep, save: Save | None = None) -> Generator[JobEvent, None, Ending]:
        """Train until all members are finished or a stop is requested; see `Trainer.run`."""
        while True:
            ending = yield from self._run_member(control, keep, save)
            if control.stop_requested:
                return Ending(self._steps + ending.steps, self._seconds + ending.seconds, ending.by)
            self._members.finish(self._trainer.averaged)
            self._steps += ending.steps
            self._seconds += ending.seconds
            if self._members.are_complete:
                return Ending(self._steps, self._seconds, ending.by)
            self._trainer, self._last = self._make(), None

    def state_dict(self) -> State:
        """Return where the training stands, between two steps."""
        return self._around(self._trainer.state_dict())

    def _around(self, of_member: State) -> State:
        done = {"steps": self._steps, "seconds": self._seconds}
        last = None if self._last is None else dataclasses.asdict(self._last)
        return {"members": self._members.state_dict(), "done": done, "trainer": of_member, "last": last}

    def load_state_dict(self, state: State) -> None:
        """Go on from there, with the member that was at hand."""
        self._steps, self._seconds = int(state["done"]["steps"]), float(state["done"]["seconds"])
        self._members.load_state_dict(state["members"], self._trainer.averaged)
        self._last = None if state["last"] is None else EpochEnded(**state["last"])
        self._trainer = self._make()
        self._trainer.load_state_dict(state["trainer"])

    def _make(self) -> Trainer:
        return self._make_trainer(config_of_member(self._config, self._members.count), self._steps)

    def _run_member(self, control: JobControl, keep: Keep, save: Save | None) -> Generator[JobEvent, None, Ending]:
        members, epochs = self._members, -(-self._steps // self._config.steps_per_epoch)

        def keep_all(network: Network, event: EpochEnded) -> None:
            members.hold(network)
            keep(members.with_one_at_hand(), self._counted(event, epochs))

        saved = None

        def save_all(state: State) -> None:
            nonlocal saved
            step = state["parts"]["clock"]["step"]
            if save is not None and step != saved:  # no ensemble is given more time after its unfinished epoch
                save(self._around(state))
            saved = step

        body = self._trainer.run(control, keep_all, save_all)
        try:
            while True:
                event = next(body)
                if isinstance(event, BatchEnded | EpochEnded):
                    event = self._counted(event, epochs)
                if isinstance(event, EpochEnded):
                    self._last = event
                yield event
        except StopIteration as stop:
            ending: Ending = stop.value
        if self._last is not None and members.count and not control.stop_requested:
            members.hold_any(self._trainer.averaged)
            _keep_scored(members.with_one_at_hand(), self._trainer, self._last, keep)
        return ending

    def _counted(self, event: Counted, epochs: int) -> Counted:
        """Count on from the members before."""
        to_come = self._config.ensemble.members - self._members.count - 1
        return dataclasses.replace(
            event,
            member=self._members.count,
            step=event.step + self._steps,
            epoch=event.epoch + epochs,
            epochs=epochs + event.epochs * (1 + to_come),
            elapsed=event.elapsed + self._seconds,
            seconds_left=event.seconds_left + to_come * (event.elapsed + event.seconds_left),
        )


class SnapshotEnsemble:
    """Trains one network and keeps it whenever its learning rate has come down, before that starts anew.

    Huang et al., ICLR 2017, arXiv:1704.00109. In the first cycle the best weights are kept all along, so that a
    model is there soon; of a later cycle that is stopped nothing is kept.

    Parameters
    ----------
    config : TrainingConfig
        Its members are the cycles.
    trainer : Trainer
        Trains with the schedule of `config`.
    """

    def __init__(self, config: TrainingConfig, trainer: Trainer) -> None:
        self._trainer = trainer
        self._members = _Members(config.ensemble.members)
        self._last: EpochEnded | None = None

    def run(self, control: JobControl, keep: Keep, save: Save | None = None) -> Generator[JobEvent, None, Ending]:
        """Train until all cycles are over or a stop is requested; see `Trainer.run`."""
        members = self._members

        def keep_first(network: Network, event: EpochEnded) -> None:
            if not members.count:
                keep(network, event)

        def save_all(state: State) -> None:
            if save is not None:
                save(state | {"members": members.state_dict()})

        body = self._trainer.run(control, keep_first, save_all)
        try:
            while True:
                event = next(body)
                if isinstance(event, BatchEnded | EpochEnded):
                    yield dataclasses.replace(event, member=min(members.count, members.size - 1))
                    self._take_snapshot(event, keep)
                else:
                    yield event
        except StopIteration as stop:
            ending: Ending = stop.value
        if not control.stop_requested and not members.are_complete and self._last is not None:
            members.add(self._trainer.averaged)  # the clock ended the last cycle
            _keep_scored(members.network(), self._trainer, self._last, keep)
        return ending

    def state_dict(self) -> State:
        """Return where the training stands, between two steps."""
        return self._trainer.state_dict() | {"members": self._members.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Go on from there."""
        self._trainer.load_state_dict(state)
        self._members.load_state_dict(state["members"], self._trainer.averaged)

    def _take_snapshot(self, event: BatchEnded | EpochEnded, keep: Keep) -> None:
        """Take the weights after the last batch of a cycle; write them with the scores that come next."""
        if isinstance(event, EpochEnded):
            self._last = event
            if self._members.count > self._members.written:
                _keep_scored(self._members.network(), self._trainer, event, keep)
                self._members.written = self._members.count
        elif cycles_done(self._trainer.progress, self._members.size) > self._members.count:
            self._members.add(self._trainer.averaged)


def make_training(config: TrainingConfig, make_trainer: MakeTrainer) -> "Training":
    """Return what trains one network, or as many as the settings ask for.

    Parameters
    ----------
    config : TrainingConfig
        All settings of the training.
    make_trainer : callable
        Makes the trainer of one network.
    """
    match config.ensemble.kind:
        case "deep":
            return DeepEnsemble(config, make_trainer)
        case "snapshot":
            return SnapshotEnsemble(config, make_trainer(config, 0))
        case "none":
            return make_trainer(config, 0)


def config_of_member(config: TrainingConfig, index: int) -> TrainingConfig:
    """Return the settings of one member of a deep ensemble: its own seed, its part of the time."""
    limit = None if config.time_limit is None else config.time_limit / config.ensemble.members
    update = {"seed": config.seed + index, "time_limit": limit, "ensemble": EnsembleConfig()}
    return config.model_copy(update=update)


Training = Trainer | DeepEnsemble | SnapshotEnsemble


class _Members:
    """The networks of an ensemble: those that are finished, and the best weights of the one at hand."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.written = 0
        self._finished: list[Network] = []
        self._at_hand: Network | None = None

    @property
    def count(self) -> int:
        return len(self._finished)

    @property
    def are_complete(self) -> bool:
        return self.count >= self.size

    def hold(self, network: Network) -> None:
        self._at_hand = copy.deepcopy(network)

    def hold_any(self, network: Network) -> None:
        """Hold a network if none was good enough to be held before."""
        if self._at_hand is None:
            self.hold(network)

    def finish(self, last: Network) -> None:
        """Count the one at hand among the finished."""
        self.hold_any(last)
        assert self._at_hand is not None
        self._finished.append(self._at_hand)
        self._at_hand = None

    def add(self, network: Network) -> None:
        self._finished.append(copy.deepcopy(network))

    def network(self) -> Network:
        return _as_one(self._finished)

    def with_one_at_hand(self) -> Network:
        assert self._at_hand is not None
        return _as_one([*self._finished, self._at_hand])

    def state_dict(self) -> State:
        at_hand = None if self._at_hand is None else self._at_hand.state_dict()
        finished = [network.state_dict() for network in self._finished]
        return {"finished": finished, "at_hand": at_hand, "written": self.written}

    def load_state_dict(self, state: State, like: Network) -> None:
        self._finished = [_copy_with(like, weights) for weights in state["finished"]]
        self._at_hand = None if state["at_hand"] is None else _copy_with(like, state["at_hand"])
        self.written = int(state["written"])


def _copy_with(like: Network, weights: State) -> Network:
    network = copy.deepcopy(like)
    network.load_state_dict(weights)
    return network


def _as_one(networks: Sequence[Network]) -> Network:
    """Return an ensemble, which looks like a network; of one network, that network."""
    return networks[0] if len(networks) == 1 else Ensemble(networks)


def _keep_scored(network: Network, trainer: Trainer, event: EpochEnded, keep: Keep) -> None:
    """Keep several networks with the scores that they have together."""
    scores = trainer.score(network)
    figures = {} if scores is None else dataclasses.asdict(scores)
    keep(network, dataclasses.replace(event, **{f"validation_{name}": value for name, value in figures.items()}))
