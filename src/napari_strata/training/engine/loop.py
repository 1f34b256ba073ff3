"""The training loop: batches until a budget is spent or somebody stops it, best weights kept."""

import copy
import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from napari_strata.config import TrainingConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import TrainingError
from napari_strata.events import BatchEnded, EpochEnded, JobEvent
from napari_strata.losses.channels import CLASSES, Channels
from napari_strata.models.network import Network
from napari_strata.training.engine.answers import Answers
from napari_strata.training.engine.averaging import STATISTICS_BATCHES, AveragedWeights, Precise
from napari_strata.training.engine.checkpoint import State
from napari_strata.training.engine.hurry import STOP_SECONDS, TimeIsUp, as_many, within
from napari_strata.training.engine.judges import Judges
from napari_strata.training.engine.optimizer import Stepper, make_optimizer
from napari_strata.training.engine.pins import PinBoard
from napari_strata.training.engine.preview import Preview
from napari_strata.training.engine.requests import RequestLog
from napari_strata.training.engine.schedule import Clock
from napari_strata.training.engine.state import OptimizerState, Stateful, collected, restore
from napari_strata.training.engine.stopping import Ending, ended_by
from napari_strata.training.engine.validation import Scores, validate
from napari_strata.training.machine.seeding import seeded
from napari_strata.training.machine.team import Team
from napari_strata.training.patches.augmented import augmented
from napari_strata.training.patches.batches import PatchSource
from napari_strata.training.patches.feed import Feeder

Keep = Callable[[Network, EpochEnded], None]
"""Saves the weights of a network that is the best so far."""
Save = Callable[[State], None]
"""Saves where a training stands."""


class Trainer:
    """Trains one network, with averaged weights, and validates after every epoch.

    Parameters
    ----------
    network : Network
        The network to train.
    source : PatchSource
        Where patches come from.
    config : TrainingConfig
        Budget, optimizer and loss.
    fabric : Fabric
        Device and precision.
    preview : Preview, optional
        A frame to predict now and then.
    clock : Clock, optional
        Its budgets; by default those of `config`.
    log : RequestLog, optional
        Where requests are kept with their steps, and which of them are due again.
    pins : PinBoard, optional
        Regions that are checked after every validation.
    channels : Channels
        What the network's channels mean.

    Attributes
    ----------
    parts : dict of str to Stateful
        All that changes from step to step, for checkpoints.
    """

    def __init__(
        self,
        network: Network,
        source: PatchSource,
        config: TrainingConfig,
        *,
        fabric: Fabric,
        preview: Preview | None = None,
        clock: Clock | None = None,
        log: RequestLog | None = None,
        pins: PinBoard | None = None,
        channels: Channels = CLASSES,
    ) -> None:
        self._config = config
        self._source = source
        self._preview = preview
        self._fabric, self._device, self._team = fabric, fabric.device, Team(fabric)
        self._items = self._team.items(config.batch_size)
        self._channels = channels
        self._clock = clock or Clock(config)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = make_optimizer(network.parameters(), config.optimizer)
        self._average = AveragedWeights(network.to(fabric.device), config.averaging, fabric)
        state = OptimizerState(optimizer)
        module, optimizer = fabric.setup(self._team.with_common_statistics(network), optimizer)
        self._stepper = Stepper(module, optimizer, config, fabric, channels)
        self._judges = Judges(config)
        self._pins = pins or PinBoard(None, receptive_field=0)
        self.parts: dict[str, Stateful] = {"clock": self._clock, "network": network, "optimizer": state}
        self.parts |= {"stepper": self._stepper, "average": self._average, "pins": self._pins}
        self.parts |= self._judges.parts
        self._answers = Answers(source, log or RequestLog(), self._team, preview, self._pins, self._judges)
        self._losses: list[float] = []

    @property
    def progress(self) -> float:
        """Part of the training that is done, 0 to 1."""
        return self._clock.progress

    @property
    def averaged(self) -> Network:
        """The network with the weights that are validated and kept; they change with every step."""
        return self._average.network

    def score(self, network: nn.Module, *, end: float | None = None) -> Scores | None:
        """Score a network, in the precision of the training, on held-out data; None where there are none.

        Raises
        ------
        TimeIsUp
            If it would take longer than until `end`, see `napari_strata.training.engine.hurry.within`.
        """
        if not self._team.leads or not (batches := self._source.held_out()):
            return None
        precise = Precise(network, self._fabric)
        return validate(precise, within(end, batches), self._config.loss, self._device, self._channels)

    def state_dict(self) -> State:
        """Return where the training stands, between two steps."""
        return {"losses": list(self._losses), "parts": collected(self.parts)}

    def load_state_dict(self, state: State) -> None:
        """Go on from there; all that was painted until then is learned from."""
        self._losses = list(state["losses"])
        restore(self.parts, state["parts"])
        self._answers.recall(self._clock.batch)

    def run(self, control: JobControl, keep: Keep, save: Save | None = None) -> Generator[JobEvent, None, Ending]:
        """Train until the budget is spent or a stop is requested.

        Parameters
        ----------
        control : JobControl
            Stop and pause requests, corrections, what to predict live.
        keep : callable
            Called with the averaged network whenever it is the best so far.
        save : callable, optional
            Called with where the training stands: after every epoch, at a pause and at the end.

        Yields
        ------
        JobEvent
            `BatchEnded`, `EpochEnded`, `PreviewReady`, `CorrectionTaken`, `PinsChecked`.

        Returns
        -------
        Ending
            Steps and time spent, and what ended it.

        Raises
        ------
        TrainingError
            If the loss is no longer finite.
        """
        clock, save = self._clock, save or _forget
        if not self._team.leads:
            keep, save = _forget, _forget
        clock.start()
        with Feeder(self._source, self._items) as feed:
            feed.prepare(clock.batch)
            while not self._team.ends(control, is_over=clock.is_over or self._judges.patience.is_spent):
                yield from self._step(clock, feed, control)
                if clock.step % self._config.steps_per_epoch == 0:
                    yield from self._end_epoch(clock, feed, keep)
                    save(self.state_dict())
                if self._preview is not None and self._preview.is_due(clock.elapsed):
                    yield self._preview.predict(self._average.precise, self._device, clock.epoch)
                yield from self._pause(clock, control, save)
            if self._losses:
                yield from self._end_unfinished(feed, control, keep, save)
        by = ended_by(control, clock, self._judges.patience, epochs=self._config.patience)
        return Ending(clock.step, clock.elapsed, by)

    def _end_unfinished(self, feed: Feeder, control: JobControl, keep: Keep, save: Save) -> Iterator[JobEvent]:
        """End an epoch early; a training that was stopped goes on, when it is resumed, as if it had not been."""
        state = self.state_dict()
        state["parts"]["average"] = copy.deepcopy(state["parts"]["average"])  # its statistics are about to change
        save(state)
        hurries = control.stop_requested
        yield from self._end_epoch(self._clock, feed, keep, hurries=hurries)
        if not hurries:
            save(state | {"parts": state["parts"] | {"best": self._judges.best.state_dict()}})

    def _step(self, clock: Clock, feed: Feeder, control: JobControl) -> Iterator[JobEvent]:
        batch = feed.take()
        yield from self._answers.answer(control, clock.batch + 1)
        feed.prepare(clock.batch + 1)
        epoch, progress = clock.epoch, clock.progress
        rate = self._team.of_first(self._judges.schedule.rate(progress))
        with self._seeded(clock.step):
            images, truth = augmented(batch, clock.batch, self._items, self._config, self._device)
            loss = self._team.mean(self._stepper.step(images, truth, rate))
        self._average.follow(progress)
        clock.advance()
        _check_finite(loss, f"The loss became {loss} at step {clock.step}.")
        self._losses.append(loss)
        yield from self._stepper.take_warnings()
        left, waited = clock.seconds_left, feed.waited
        feed.prepare_held_out()  # not earlier: the first step shall have all cores
        yield BatchEnded(clock.step, epoch, clock.epochs, loss, rate, clock.elapsed, left, waited, progress)

    def _settle(self, clock: Clock, feed: Feeder, end: float | None) -> None:
        """Give averaged weights statistics of their own where they need them, from the last whole batches."""
        if self._team.leads and self._average.needs_statistics:
            items = range(self._config.batch_size)
            with self._seeded(clock.step):
                batches = as_many(end, range(max(0, clock.batch - STATISTICS_BATCHES), clock.batch))
                drawn = ((feed.draw(batch, items), batch) for batch in batches)
                self._average.settle(augmented(*one, items, self._config, self._device)[0] for one in drawn)

    def _seeded(self, step: int) -> AbstractContextManager[None]:
        """Let dropout depend on seed, step and process alone."""
        seeds = np.random.SeedSequence([self._config.seed, step, self._team.rank])
        return seeded(seeds.generate_state(1)[0].item(), self._device)

    def _end_epoch(self, clock: Clock, feed: Feeder, keep: Keep, *, hurries: bool = False) -> Iterator[JobEvent]:
        """Validate, and keep the best; who hurries keeps what is kept where that would take long."""
        end = time.monotonic() + STOP_SECONDS if hurries else None
        epoch = math.ceil(clock.step / self._config.steps_per_epoch)
        try:
            scores = self._score_epoch(clock, feed, end)
            wrong_pins = self._wrong_pins(epoch, end)
        except TimeIsUp:
            if not self._judges.best.is_void:
                return
            scores, wrong_pins = None, 0
        norm = float(torch.stack([p.detach().norm() for p in self._average.network.parameters()]).norm())
        _check_finite(norm, f"The weights became {norm} at step {clock.step}.")
        if scores is not None:
            _check_finite(scores.loss, f"The loss on held-out data became {scores.loss} at step {clock.step}.")
        train_loss = float(np.mean(self._losses))
        is_best = self._judges.take(scores.loss if scores else None, train_loss, wrong_pins)
        event = EpochEnded(
            epoch=epoch,
            epochs=clock.epochs,
            step=clock.step,
            train_loss=train_loss,
            validation_loss=scores.loss if scores else None,
            validation_dice=scores.dice if scores else None,
            is_best=is_best,
            elapsed=clock.elapsed,
            seconds_left=clock.seconds_left,
            validation_rmse=scores.rmse if scores else None,
            validation_r2=scores.r2 if scores else None,
        )
        self._losses = []
        if is_best:
            keep(self._average.network, event)
        yield event
        yield from self._pins.take_events()

    def _score_epoch(self, clock: Clock, feed: Feeder, end: float | None) -> Scores | None:
        if end is not None and not feed.has_held_out:
            raise TimeIsUp
        self._settle(clock, feed, end)
        return self.score(self._average.network, end=end)

    def _wrong_pins(self, epoch: int, end: float | None) -> int:
        """Check pins; who hurries does so only where they decide."""
        if end is not None and not self._judges.best.respects_pins:
            return 0
        return self._pins.check(self._average.precise, self._device, epoch, end=end)

    def _pause(self, clock: Clock, control: JobControl, save: Save) -> Iterator[JobEvent]:
        start = time.monotonic()
        if control.state is JobState.PAUSED:
            save(self.state_dict())
            if self._device.type == "cuda":  # what nobody uses is free for others while this waits
                torch.cuda.empty_cache()
            yield from self._answers.look_in_pause(control, self._average.precise, self._device, clock.epoch)
        control.wait_while_paused()
        clock.add_pause(time.monotonic() - start)


def _forget(*_things: object) -> None:
    """Save nothing."""


def _check_finite(value: float, message: str) -> None:
    """Stop a training that has gone astray, before its weights replace good ones."""
    if not math.isfinite(value):
        remedy = "Lower the learning rate, or choose the precision fp32, and train anew or from the best weights."
        raise TrainingError(message, remedy=remedy)
