"""Scores on held-out batches, with each sample's best assignment of decoders to layers."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from napari_strata.config.loss import LossConfig
from napari_strata.losses.assignment import assignment_loss, best_assignment
from napari_strata.losses.segmentation import pairwise_cost
from napari_strata.models.mode import evaluating
from napari_strata.training.batches import Batch
from napari_strata.types import BACKGROUND, Truth


@dataclass(frozen=True, slots=True)
class Scores:
    """Loss and Dice on held-out data.

    Attributes
    ----------
    loss : float
        Mean over samples of the training loss.
    dice : float
        Mean over samples, layers and the foreground classes that occur, of ``2 |P & T| / (|P| + |T|)`` on labelled
        pixels, P being the most probable class; None where no class occurs.
    """

    loss: float
    dice: float | None


def validate(network: nn.Module, batches: list[Batch], config: LossConfig, device: torch.device) -> Scores:
    """Score a network in eval mode; its mode is restored.

    Parameters
    ----------
    network : Module
        Gives logits of shape (batch, layer, class, y, x).
    batches : list of Batch
        Held-out data, at least one batch.
    config : LossConfig
        The loss.
    device : device
        Where the network is.
    """
    losses: list[float] = []
    dices: list[float] = []
    with evaluating(network), torch.inference_mode():
        for batch in batches:
            images, truth = batch.to(device)
            logits = network(images).float()
            losses += [float(assignment_loss(logits, truth, config))] * len(images)
            dices += _dice(logits, truth, config)
    return Scores(float(np.mean(losses)), float(np.mean(dices)) if dices else None)


def _dice(logits: Tensor, truth: Truth, config: LossConfig) -> list[float]:
    """Return the Dice of each sample."""
    order = best_assignment(pairwise_cost(logits, truth, config))
    predicted = logits.argmax(dim=2) + BACKGROUND
    dices = []
    for sample_predicted, sample_labels, layers in zip(predicted, truth.labels, order, strict=True):
        labels = sample_labels[layers]
        scores = [
            _overlap(sample_predicted[layer], labels[layer], code)
            for layer in range(len(labels))
            for code in range(BACKGROUND + 1, logits.shape[2] + BACKGROUND)
            if (labels[layer] >= BACKGROUND).any()
        ]
        occurring = [score for score in scores if score is not None]
        dices += [float(np.mean(occurring))] if occurring else []
    return dices


def _overlap(predicted: Tensor, truth: Tensor, code: int) -> float | None:
    """Return the Dice of one class on labelled pixels, or None where it neither occurs nor is predicted."""
    p, t = (predicted == code) & (truth >= BACKGROUND), truth == code
    size = int(p.sum() + t.sum())
    return 2 * int((p & t).sum()) / size if size else None
