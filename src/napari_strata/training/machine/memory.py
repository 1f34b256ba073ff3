r"""How much memory a training will take at its peak, before it starts, and how much there is.

What autograd saves in one forward pass is measured on two small patches, a line through which gives what any patch
saves: all of it grows with the pixels. During the backward pass gradients of the largest activation and what its
layers put aside in between are there besides, about `IN_PASSING` tensors of its size. Predicting (validation,
preview) saves nothing and takes about `IN_PASSING` such tensors. Weights are there once each as such, as gradient
and as average, and as often as the optimizer remembers something of them.

The real peak of the process was within 20 % of this for all architectures, in fp32 and bf16, on a CPU.
Convolutions on a GPU may take scratch memory on top.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from napari_strata.config import ModelConfig, TrainingConfig
from napari_strata.config.loss import LossConfig
from napari_strata.events import Warned
from napari_strata.losses.assignment import assignment_loss
from napari_strata.losses.channels import Channels
from napari_strata.models.device import free_memory_of, resolve_device
from napari_strata.models.network import Network
from napari_strata.models.registry import build_network
from napari_strata.training.machine.fabric import has_fast_bf16
from napari_strata.training.machine.seeding import seeded
from napari_strata.types import BACKGROUND, Truth

SIDES = (64, 128)
"""Sides of the patches that are measured [px]."""
IN_PASSING = 4
"""Tensors of the size of the largest activation that are there for a moment."""
REMEMBERED = {"adamw": 2, "adam": 2, "sgd": 0, "momentum": 1, "rmsprop": 2}
"""Numbers that an optimizer keeps for each weight."""
GRADATION = 16
"""Between the sides of patches that may be proposed, where the network asks for no more [px]."""
SHARE = 0.9
"""Part of the free memory that a training may take."""
PROPOSED = 0.8
"""Part of the free memory that the batch which is proposed takes at most; what is free changes all the time."""


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """What a training takes at its peak, of one memory: that of a GPU, or of a machine whose processes share it.

    Attributes
    ----------
    weights : int
        Weights, gradients, averages and what the optimizer remembers [bytes].
    per_patch : int
        For every patch that is learned from at once [bytes].
    looking : int
        For what is predicted at once, in validation or preview [bytes].
    batch : int
        Patches of a batch that this memory gets.
    free : int
        Memory that is free where it trains [bytes].
    fitting_patch : int
        Side of the largest patch with which the batch fits, where not one patch of the present size does; 0 where
        none does either [px].
    processes : int
        Processes that share this memory; they get equal parts.
    memories : int
        Memories that the whole batch is divided among.
    """

    weights: int
    per_patch: int
    looking: int
    batch: int
    free: int
    fitting_patch: int = 0
    processes: int = 1
    memories: int = 1

    @property
    def peak(self) -> int:
        """All together [bytes]."""
        return self.weights + max(self.batch * self.per_patch, self.looking)

    @property
    def fits(self) -> bool:
        """Whether there is so much, with a little to spare."""
        return self.peak <= SHARE * self.free

    @property
    def fitting_batch(self) -> int:
        """Largest whole batch, up to the one that is set, that fits; 0 where none does."""
        room = PROPOSED * self.free - self.weights
        if room < self.looking:
            return 0
        here = min(self.batch, int(room // self.per_patch))
        return here // self.processes * self.processes * self.memories

    @property
    def advice(self) -> str:
        """What to do about it where no smaller batch fits."""
        if self.fitting_patch:
            return f"A patch of {self.fitting_patch} px fits."
        return "Choose a smaller patch or fewer filters."


def memory_need(model: ModelConfig, training: TrainingConfig, classes: int, *, seen: int = 0) -> MemoryNeed:
    """Estimate what a training will take.

    Parameters
    ----------
    model : ModelConfig
        The network.
    training : TrainingConfig
        How it is trained.
    classes : int
        Foreground classes.
    seen : int
        Pixels, on the network's grid, of the largest image that is predicted at once.

    Raises
    ------
    DeviceError
        If this machine lacks the device.
    """
    device = resolve_device(training.device)
    is_bf16 = training.precision == "bf16" or (training.precision == "auto" and has_fast_bf16(device))
    with seeded(0), torch.autocast("cpu", torch.bfloat16, enabled=is_bf16):
        network = build_network(model, classes).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        small, large = (_saved(network, training.loss.fitted(model.output), side) for side in SIDES)
    saved_per_pixel = (large.total - small.total) / (SIDES[1] ** 2 - SIDES[0] ** 2)
    in_passing = IN_PASSING * large.largest / SIDES[1] ** 2
    of_weights = sum(each.nbytes for each in (*network.parameters(), *network.buffers()))
    averages = 0 if training.averaging.kind == "none" else 1
    members = training.ensemble.members if training.ensemble.kind != "none" else 0
    free = free_memory_of(device)
    here, memories = 1, training.devices * training.nodes
    if device.type == "cpu":
        here, memories = training.devices, training.nodes

    def with_patch(side: int) -> MemoryNeed:
        return MemoryNeed(
            weights=here * of_weights * (2 + averages + REMEMBERED[training.optimizer.name] + members),
            per_patch=round(small.total + saved_per_pixel * (side**2 - SIDES[0] ** 2) + in_passing * side**2),
            looking=round(in_passing * max(seen, training.batch_size * side**2)),
            batch=-(-training.batch_size // memories),
            free=free,
            processes=here,
            memories=memories,
        )

    need = with_patch(training.patch_size)
    if need.fits or need.fitting_batch:
        return need
    gradation = max(GRADATION, network.stride)  # a patch of another side would be filled up to one of these
    sides = range(gradation, training.patch_size, gradation)
    fitting = [side for side in sides if with_patch(side).peak <= PROPOSED * free]
    return replace(need, fitting_patch=max(fitting, default=0))


def memory_warnings(need: MemoryNeed) -> Iterator[Warned]:
    """Warn of a training that will not fit into memory."""
    if not need.fits:
        fits = need.fitting_batch
        yield Warned(
            f"The training needs about {in_words(need.peak)} of memory, and {in_words(need.free)} are free.",
            f"A batch of {fits} fits." if fits else need.advice,
        )


def in_words(size: int) -> str:
    """Write a number of bytes as people read it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


@dataclass(frozen=True, slots=True)
class _Saved:
    """Bytes of all that autograd saves, and of the largest tensor among it."""

    total: int
    largest: int


def _saved(network: Network, loss: LossConfig, side: int) -> _Saved:
    """Measure what one patch saves."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(1, 1, side, side, generator=generator).contiguous(memory_format=torch.channels_last)
    shape = (1, network.layers, side, side)
    labels = torch.randint(BACKGROUND, network.classes + 2, shape, dtype=torch.uint8, generator=generator)
    truth = Truth(labels, values=torch.zeros(shape) if network.output == "values" else None)
    known = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    sizes: dict[int, int] = {}
    held: list[Tensor] = []
    with _watching(known, sizes, held):
        assignment_loss(network(image), truth, loss, Channels(network.output))
    return _Saved(sum(sizes.values()), max(sizes.values()))


@contextmanager
def _watching(known: set[int], sizes: dict[int, int], held: list[Tensor]) -> Iterator[None]:
    """Note the size of each memory block that is saved once; tensors are held, so that no block is used again."""

    def note(tensor: Tensor) -> Tensor:
        block = tensor.untyped_storage()
        if block.data_ptr() not in known:
            sizes[block.data_ptr()] = block.nbytes()
            held.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield
