"""Scores on held-out batches, with each sample's best assignment of decoders to layers."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from napari_strata.config import ClassTable
from napari_strata.config.loss import LossConfig
from napari_strata.losses.assignment import assignment_loss, best_assignment
from napari_strata.losses.channels import CLASSES, Channels
from napari_strata.losses.segmentation import pairwise_cost
from napari_strata.models.mode import evaluating
from napari_strata.training.patches.batches import Batch
from napari_strata.types import BACKGROUND, LabelArray, Truth


@dataclass(frozen=True, slots=True)
class Scores:
    """Loss and Dice, or errors of values, on held-out data.

    Attributes
    ----------
    loss : float
        Mean over samples of the training loss.
    dice : float or None
        Mean over samples, layers and the foreground classes that occur in held-out data, of
        ``2 |P & T| / (|P| + |T|)`` on labelled pixels, P being the most probable class (for classes that may
        overlap: a probability above 0.5); None where no class occurs.
    rmse : float or None
        Root of the mean squared error of values over all known pixels, in the units of the targets.
    r2 : float or None
        Part of the variance of the true values v that is explained, at most 1:
        ``1 - sum (z - v)^2 / sum (v - mean v)^2``, both scaled as the network learns them; None where they do not
        vary.
    """

    loss: float
    dice: float | None = None
    rmse: float | None = None
    r2: float | None = None


def validate(
    network: nn.Module,
    batches: Iterable[Batch],
    config: LossConfig,
    device: torch.device,
    channels: Channels = CLASSES,
) -> Scores:
    """Score a network in eval mode; its mode is restored.

    Parameters
    ----------
    network : Module
        Gives logits of shape (batch, layer, channel, y, x).
    batches : iterable of Batch
        Held-out data, at least one batch.
    config : LossConfig
        The loss.
    device : device
        Where the network is.
    channels : Channels
        What the channels mean.
    """
    losses: list[float] = []
    scores = ValueErrors() if channels.output == "values" else ClassDice(channels)
    with evaluating(network), torch.inference_mode():
        for batch in batches:
            images, truth = batch.to(device)
            logits = network(images).float()
            losses += [float(assignment_loss(logits, truth, config, channels))] * len(images)
            order = best_assignment(pairwise_cost(logits, truth, config, channels))
            scores.add(logits, truth, order)
    return Scores(float(np.mean(losses)), **scores.result())


class ClassDice:
    """Collects the Dice of samples, layers and classes.

    Parameters
    ----------
    channels : Channels
        What the channels mean.
    """

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._overlap: list[Tensor] = []
        self._size: list[Tensor] = []
        self._occurring: Tensor | None = None

    def add(self, logits: Tensor, truth: Truth, order: Tensor) -> None:
        """Take in a batch; `order`, shape (batch, decoder), is the layer that each decoder takes."""
        labels = _in_order(truth.labels, order)
        members = self._channels.members(labels.long(), logits.shape[2]).movedim(-1, 2)
        true = self._channels.foreground(members, 2).flatten(3).bool()
        labelled = (labels >= BACKGROUND)[:, :, None].flatten(3)
        predicted = self._predicted(logits).flatten(3) & labelled
        self._overlap.append((predicted & true).sum(-1).cpu())
        self._size.append((predicted.sum(-1) + true.sum(-1)).cpu())
        occurring = true.any(-1).flatten(0, 1).any(0).cpu()
        self._occurring = occurring if self._occurring is None else self._occurring | occurring

    def result(self) -> dict[str, float | None]:
        """Return the mean Dice, over samples of the mean over layers and classes."""
        overlap, size = torch.cat(self._overlap), torch.cat(self._size)
        assert self._occurring is not None, "there is at least one batch"
        counts = (size > 0) & self._occurring
        dice = 2 * overlap / size.clamp(min=1)
        of_samples = [float(d[c].mean()) for d, c in zip(dice, counts, strict=True) if c.any()]
        return {"dice": float(np.mean(of_samples)) if of_samples else None}

    def _predicted(self, logits: Tensor) -> Tensor:
        """Return where each class is predicted, shape (batch, decoder, class, y, x)."""
        if self._channels.output == "multi-label":
            return logits > 0
        most_probable = logits.argmax(dim=2, keepdim=True)
        return most_probable == torch.arange(1, logits.shape[2], device=logits.device)[:, None, None]


class ValueErrors:
    """Collects squared errors of values, and their variance."""

    def __init__(self) -> None:
        self._errors: list[Tensor] = []
        self._values: list[Tensor] = []
        self._squares = 0.0

    def add(self, logits: Tensor, truth: Truth, order: Tensor) -> None:
        """Take in a batch; `order`, shape (batch, decoder), is the layer that each decoder takes."""
        assert truth.values is not None, "a network that gives values learns from them"
        values = _in_order(truth.values, order)
        known = values.isfinite()
        errors = (logits[:, :, 0] - values)[known].cpu()
        self._errors.append(errors)
        self._squares += float((errors.double() * truth.spread).square().sum())
        self._values.append(values[known].cpu())

    def result(self) -> dict[str, float | None]:
        """Return the root of the mean squared error, and R2."""
        errors, values = torch.cat(self._errors).double(), torch.cat(self._values).double()
        if not len(errors):
            return {"rmse": None, "r2": None}
        unexplained, variance = float(errors.square().sum()), float((values - values.mean()).square().sum())
        return {
            "rmse": (self._squares / len(errors)) ** 0.5,
            "r2": 1 - unexplained / variance if variance > 0 else None,
        }


def missing_classes(batches: list[Batch], table: ClassTable, channels: Channels = CLASSES) -> tuple[str, ...]:
    """Return the names of the classes that no held-out label shows, so that no score tells about them."""
    return classes_not_in((batch.labels for batch in batches), table, channels)


def classes_not_in(labels: Iterable[LabelArray], table: ClassTable, channels: Channels) -> tuple[str, ...]:
    """Return the names of the classes that some labels, mask codes of any shape, do not show."""
    shown = {int(code) for codes in labels for code in np.unique(codes)}
    overlaps = dict(enumerate(channels.overlaps, start=BACKGROUND + 1 + len(table.names)))
    indices = {c for code in shown for c in overlaps.get(code, (code - BACKGROUND - 1,))}
    return tuple(name for index, name in enumerate(table.names) if index not in indices)


def _in_order(layers: Tensor, order: Tensor) -> Tensor:
    """Return layers, shape (batch, layer, y, x), in each sample's order of decoders."""
    return layers[torch.arange(len(layers), device=layers.device)[:, None], order.to(layers.device)]
