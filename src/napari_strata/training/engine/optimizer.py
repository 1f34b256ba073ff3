"""One step of optimisation: loss, gradients, weights; in parts where a batch does not fit into memory."""

from collections.abc import Iterable, Iterator

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from napari_strata.config import TrainingConfig
from napari_strata.config.optimization import OptimizerConfig
from napari_strata.errors import TrainingError
from napari_strata.events import Warned
from napari_strata.losses.assignment import assignment_loss
from napari_strata.losses.channels import CLASSES, Channels
from napari_strata.training.machine.out_of_memory import free_memory, is_out_of_memory
from napari_strata.types import Truth


def make_optimizer(parameters: Iterable[nn.Parameter], config: OptimizerConfig) -> torch.optim.Optimizer:
    """Return the optimizer that a setting names, torch's own."""
    rate, decay, momentum = config.learning_rate, config.weight_decay, config.momentum
    match config.name:
        case "adamw":
            return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
        case "adam":
            return torch.optim.Adam(parameters, lr=rate, weight_decay=decay)
        case "sgd":
            return torch.optim.SGD(parameters, lr=rate, weight_decay=decay)
        case "momentum":
            return torch.optim.SGD(parameters, lr=rate, weight_decay=decay, momentum=momentum)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=rate, weight_decay=decay, momentum=momentum)


class Stepper:
    """Moves the weights of a network by one batch.

    Where the memory is too small for a batch, it is learned from in parts, half as large each time, whose
    gradients add up to that of the whole. (Batch norm then sees parts only; other norms see no difference.)

    Parameters
    ----------
    network : Module
        As fabric has set it up.
    optimizer : Optimizer
        As fabric has set it up.
    config : TrainingConfig
        The loss, and at which norm gradients are clipped.
    fabric : Fabric
        Device and precision.
    channels : Channels
        What the network's channels mean.

    Attributes
    ----------
    part_size : int or None
        Patches that are learned from at once; None for the whole batch.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        config: TrainingConfig,
        fabric: Fabric,
        channels: Channels = CLASSES,
    ) -> None:
        self.part_size: int | None = None
        self._network = network
        self._optimizer = optimizer
        self._config = config
        self._fabric = fabric
        self._channels = channels
        self._warnings: list[Warned] = []

    def step(self, images: Tensor, truth: Truth, rate: float) -> float:
        """Learn from a batch at a learning rate and return its loss.

        Parameters
        ----------
        images : Tensor of float32, shape (batch, 1, y, x)
            Normalised patches on the network's device.
        truth : Truth
            What they show.
        rate : float
            Learning rate.

        Raises
        ------
        TrainingError
            If not even one patch fits into memory.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        loss = self._accumulate(images, truth)
        while loss is None:
            self._halve(images)
            loss = self._accumulate(images, truth)
        if (norm := self._config.optimizer.clip_norm) is not None:
            self._fabric.clip_gradients(
                self._network,
                self._optimizer,
                max_norm=norm,
                error_if_nonfinite=False,
            )
        self._optimizer.step()
        return loss

    def state_dict(self) -> dict[str, int | None]:
        """Return what `load_state_dict` restores: batch norm and rounding depend on the parts of a batch."""
        return {"part_size": self.part_size}

    def load_state_dict(self, state: dict[str, int | None]) -> None:
        """Go on with parts as small as before."""
        self.part_size = state["part_size"]

    def take_warnings(self) -> list[Warned]:
        """Return what the user should know since the last call."""
        taken, self._warnings = self._warnings, []
        return taken

    def _accumulate(self, images: Tensor, truth: Truth) -> float | None:
        """Add up the gradient of a batch and return its loss; None if the memory is too small."""
        self._optimizer.zero_grad()
        total = 0.0
        try:
            for part, is_last in self._parts(len(images)):
                weight = len(range(*part.indices(len(images)))) / len(images)
                with self._fabric.no_backward_sync(self._network, enabled=not is_last):  # type: ignore[arg-type]
                    logits = self._network(images[part])
                    of_part = assignment_loss(logits, _part_of(truth, part), self._config.loss, self._channels)
                    loss = weight * of_part
                    self._fabric.backward(loss)
                total += float(loss.detach())
        except Exception as error:
            if self._fabric.world_size > 1 or not is_out_of_memory(error):  # others wait for the whole gradient
                raise
            return None  # when nothing holds the tensors of the failed part any longer
        return total

    def _parts(self, count: int) -> Iterator[tuple[slice, bool]]:
        size = min(self.part_size or count, count)
        for start in range(0, count, size):
            yield slice(start, start + size), start + size >= count

    def _halve(self, images: Tensor) -> None:
        size = min(self.part_size or len(images), len(images))
        self._optimizer.zero_grad()
        free_memory(self._fabric.device)
        height, width = images.shape[-2:]
        if size == 1:
            raise TrainingError(
                f"The memory of {self._fabric.device} is too small for one patch of {height} x {width} pixels.",
                remedy="Choose a smaller patch size or fewer filters, or close other programs.",
            )
        self.part_size = -(-size // 2)
        self._warnings.append(
            Warned(
                f"Out of memory with {size} patches at once: from now on {self.part_size} at a time, with "
                f"gradients added up to those of {len(images)}.",
                "It goes on, more slowly; a smaller batch or patch avoids it.",
            )
        )


def _part_of(truth: Truth, part: slice) -> Truth:
    weights, values = (None if t is None else t[part] for t in (truth.weights, truth.values))
    return Truth(truth.labels[part], weights, values)
