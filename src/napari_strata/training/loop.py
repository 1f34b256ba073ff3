"""The training loop: batches until a budget is spent or somebody stops it, best weights kept."""

import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
import torch
from lightning_fabric import Fabric

from napari_strata.config import TrainingConfig
from napari_strata.control import JobControl
from napari_strata.errors import TrainingError
from napari_strata.events import BatchEnded, EpochEnded, JobEvent, PreviewReady
from napari_strata.losses.assignment import assignment_loss
from napari_strata.models.network import Network
from napari_strata.training.averaging import averaged
from napari_strata.training.batches import BatchSource
from napari_strata.training.preview import Preview
from napari_strata.training.schedule import Clock, learning_rate
from napari_strata.training.validation import Scores, validate

Keep = Callable[[Network, EpochEnded], None]
"""Saves the weights of a network that is the best so far."""


class Trainer:
    """Trains one network with AdamW, averaged weights, and validation after every epoch.

    Parameters
    ----------
    network : Network
        The network to train.
    source : BatchSource
        Where batches come from.
    config : TrainingConfig
        Budget, optimizer and loss.
    fabric : Fabric
        Device and precision.
    seed : int
        Seed of batches and dropout.
    preview : Preview, optional
        A frame to predict now and then.
    """

    def __init__(
        self,
        network: Network,
        source: BatchSource,
        config: TrainingConfig,
        *,
        fabric: Fabric,
        seed: int,
        preview: Preview | None = None,
    ) -> None:
        self._config = config
        self._source = source
        self._preview = preview
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._device = fabric.device
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        average = averaged(network.to(fabric.device), config.ema_decay)
        self._averaged_network = cast(Network, average.module)
        self._average = fabric.setup_module(average)
        self._network, self._optimizer = fabric.setup(network, optimizer)
        self._fabric = fabric
        self._best = math.inf
        self._losses: list[float] = []

    def run(self, control: JobControl, keep: Keep) -> Generator[JobEvent, None, Clock]:
        """Train until the budget is spent or a stop is requested.

        Parameters
        ----------
        control : JobControl
            Stop and pause requests.
        keep : callable
            Called with the averaged network whenever it is the best so far.

        Yields
        ------
        JobEvent
            `BatchEnded`, `EpochEnded` and `PreviewReady`.

        Returns
        -------
        Clock
            Steps and time spent.

        Raises
        ------
        TrainingError
            If the loss is no longer finite.
        """
        clock = Clock(self._config)
        while clock.progress < 1 and not control.stop_requested:
            yield self._step(clock)
            if clock.step % self._config.steps_per_epoch == 0:
                yield self._end_epoch(clock, keep)
            if self._preview is not None and self._preview.is_due:
                yield PreviewReady(self._preview.predict(self._average, self._device), clock.epoch)
            self._pause(clock, control)
        if self._losses:
            yield self._end_epoch(clock, keep)
        return clock

    def _step(self, clock: Clock) -> BatchEnded:
        epoch, rate = clock.epoch, learning_rate(clock.progress, self._config)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        with self._seeded(clock.step):
            loss = self._optimize()
        clock.step += 1
        _check_finite(loss, f"The loss became {loss} at step {clock.step}.")
        self._losses.append(loss)
        return BatchEnded(clock.step, epoch, clock.epochs, loss, rate, clock.elapsed, clock.seconds_left)

    @contextmanager
    def _seeded(self, step: int) -> Iterator[None]:
        """Let dropout depend on the seed and the step alone, and leave torch's global generator as it was."""
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(np.random.SeedSequence([self._seed, step]).generate_state(1)[0].item())
            yield

    def _optimize(self) -> float:
        batch = self._source.draw(self._config.batch_size, self._rng)
        images = (
            torch.from_numpy(batch.images)[:, None].to(self._device).contiguous(memory_format=torch.channels_last)
        )
        labels = torch.from_numpy(batch.labels).to(self._device)
        loss = assignment_loss(
            self._network(images),
            labels,
            assignment=self._config.assignment,
            dice_weight=self._config.dice_weight,
        )
        self._optimizer.zero_grad()
        self._fabric.backward(loss)
        self._optimizer.step()
        self._average.update_parameters(self._network)
        return float(loss.detach())

    def _end_epoch(self, clock: Clock, keep: Keep) -> EpochEnded:
        batches = self._source.held_out()
        scores = validate(self._average, batches, self._config, self._device) if batches else None
        norm = float(torch.stack([p.detach().norm() for p in self._averaged_network.parameters()]).norm())
        _check_finite(norm, f"The weights became {norm} at step {clock.step}.")
        if scores is not None:
            _check_finite(scores.loss, f"The loss on held-out data became {scores.loss} at step {clock.step}.")
        is_best = self._is_best(scores)
        event = EpochEnded(
            epoch=math.ceil(clock.step / self._config.steps_per_epoch),
            epochs=clock.epochs,
            step=clock.step,
            train_loss=float(np.mean(self._losses)),
            validation_loss=scores.loss if scores else None,
            validation_dice=scores.dice if scores else None,
            is_best=is_best,
            elapsed=clock.elapsed,
            seconds_left=clock.seconds_left,
        )
        self._losses = []
        if is_best:
            keep(self._averaged_network, event)
        return event

    def _is_best(self, scores: Scores | None) -> bool:
        """Without held-out data the newest average is taken for the best."""
        if scores is None:
            return True
        if scores.loss >= self._best:
            return False
        self._best = scores.loss
        return True

    @staticmethod
    def _pause(clock: Clock, control: JobControl) -> None:
        start = time.monotonic()
        control.wait_while_paused()
        clock.add_pause(time.monotonic() - start)


def _check_finite(value: float, message: str) -> None:
    """Stop a training that has gone astray, before its weights replace good ones."""
    if not math.isfinite(value):
        raise TrainingError(message, remedy="Lower the learning rate, or choose the precision fp32.")
