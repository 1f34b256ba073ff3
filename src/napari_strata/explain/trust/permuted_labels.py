"""A short training on labels that do not belong to the image."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_strata.errors import LabelsError, MethodError
from napari_strata.explain.score import TargetScore
from napari_strata.explain.trust.random_weights import copy_of, redraw_all
from napari_strata.explain.trust.subject import Labels
from napari_strata.models.network import Network
from napari_strata.types import BACKGROUND, NOT_LABELLED, FloatImage

PATCH, PATCHES, BATCH = 64, 16, 4
"""Side of a patch on the network's grid [px], how many are learned, and how many in a step."""
RATE = 2e-3
ALMOST = 0.999
"""The most that can be done before the figures are there."""
UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """How far a training on permuted labels is.

    Attributes
    ----------
    score : TargetScore
        The same question, asked of the network that learns.
    done : float
        Part of the steps that is done.
    figures : mapping of str to number
        What came of it; empty before the end.
    """

    score: TargetScore
    done: float
    figures: Mapping[str, float] = field(default_factory=dict)


def train_on_permuted(
    score: TargetScore, labels: Labels, *, steps: int, rng: np.random.Generator
) -> Iterator[Learned]:
    r"""Train a copy of a network, from random weights, on masks that were exchanged among patches.

    `PATCHES` patches of `PATCH` px are cut from the image at random. Each gets the mask of another one, for good,
    so that masks look as they should and tell nothing of the image: all that can be learned is by heart. AdamW
    with a rate of 2e-3 and batches of `BATCH` patches minimises the cross-entropy of the labelled pixels, layer k
    by decoder k. There is no dropout, no augmentation, no validation.

    Yields
    ------
    Learned
        After each step, and each patch that is predicted to see how well they were learned; the last one is in
        eval mode and has the figures.

    Raises
    ------
    LabelsError, MethodError
        As `cut_patches`.
    """
    network = score.network
    images, targets = cut_patches(labels, network, rng)
    learner = copy_of(score)
    redraw_all(learner, rng)
    device = next(network.parameters()).device
    images, targets = images.to(device), targets.to(device)
    losses: list[float] = []
    optimizer = torch.optim.AdamW(learner.network.requires_grad_(True).parameters(), lr=RATE)
    for step in range(steps):
        chosen = torch.from_numpy(rng.choice(len(images), min(BATCH, len(images)), replace=False)).to(device)
        losses.append(_step(learner.network, optimizer, images[chosen], targets[chosen]))
        yield Learned(learner, min((step + 1) / steps, ALMOST))
    learner.eval().requires_grad_(False)
    found: list[Tensor] = []
    for image in images:
        yield Learned(learner, ALMOST)
        found.append(_predicted(learner.network, image))
    fit = _fit(torch.stack(found), targets)
    yield Learned(learner, 1.0, {"steps": steps, "loss_before": losses[0], "loss_after": losses[-1], **fit})


def cut_patches(labels: Labels, network: Network, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return patches of the image (n, 1, y, x), and the exchanged masks (n, layer, y, x) as class indices.

    Raises
    ------
    LabelsError
        If fewer than two patches can be cut that hold labels, or the labels have another number of layers.
    MethodError
        If the network gives values.
    """
    if network.output == "values":
        raise MethodError(
            "Labels can be permuted for networks of classes only; this one gives values.",
            remedy="Judge it without labels.",
        )
    if len(labels.codes) != network.layers:
        raise LabelsError(
            f"The labels have {len(labels.codes)} layers, the model has {network.layers}.",
            remedy="Give one mask for each crystal layer of the model.",
        )
    shape = labels.grid.shape
    sides = [min(PATCH, length // network.stride * network.stride) for length in shape]
    images: list[FloatImage] = []
    masks: list[NDArray[np.int64]] = []
    for _ in range(10 * PATCHES if min(sides) > 0 else 0):
        y, x = (int(rng.integers(0, length - side + 1)) for length, side in zip(shape, sides, strict=True))
        cut = np.s_[y : y + sides[0], x : x + sides[1]]
        if (labels.codes[:, *cut] != NOT_LABELLED).any() and len(images) < PATCHES:
            images.append(labels.grid[cut])
            masks.append(_indices(labels.codes[:, *cut], network.classes))
    if len(images) < 2 or not any((one != masks[0]).any() for one in masks):
        raise LabelsError(
            "The labels do not hold two patches that differ, so there is nothing to permute.",
            remedy="Label more of the image, or judge without labels.",
        )
    order = rng.permutation(len(masks))
    exchanged: list[NDArray[np.int64]] = [masks[0]] * len(masks)
    for number, other in zip(order, np.roll(order, 1), strict=True):
        exchanged[int(number)] = masks[int(other)]
    return torch.from_numpy(np.stack(images))[:, None], torch.from_numpy(np.stack(exchanged))


def _indices(codes: NDArray[np.uint8], classes: int) -> NDArray[np.int64]:
    """Turn mask codes into class indices, background 0; `UNKNOWN` where nobody labelled."""
    if codes.max() > BACKGROUND + classes:
        raise LabelsError(
            f"The labels have the code {codes.max()}, the model's codes end at {BACKGROUND + classes}.",
            remedy="Give labels with the classes of this model.",
        )
    return np.where(codes == NOT_LABELLED, UNKNOWN, codes.astype(np.int64) - BACKGROUND)


def _step(network: Network, optimizer: torch.optim.Optimizer, images: Tensor, targets: Tensor) -> float:
    network.train()
    for module in network.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d):
            module.eval()  # it draws from the global random numbers
    with torch.enable_grad():
        loss = _loss(network(images), targets, network)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach())


def _loss(logits: Tensor, targets: Tensor, network: Network) -> Tensor:
    if network.output == "classes":
        return nn.functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index=UNKNOWN)
    known = (targets != UNKNOWN)[:, :, None].expand_as(logits)
    wanted = torch.stack([targets == index for index in range(1, network.classes + 1)], dim=2)
    return nn.functional.binary_cross_entropy_with_logits(logits[known], wanted.to(logits)[known])


def _predicted(network: Network, image: Tensor) -> Tensor:
    """Return the most probable classes of an image (1, y, x), shape (layer, y, x)."""
    with torch.no_grad():
        found: Tensor = network.probabilities(network(image[None])).argmax(dim=2)[0]
    return found


def _fit(found: Tensor, targets: Tensor) -> dict[str, float]:
    """Return which part of the labels is predicted, and which part the most frequent one is."""
    known = targets != UNKNOWN
    right = (found == targets)[known].double().mean()
    chance = torch.bincount(targets[known]).max() / known.sum()
    return {"right": float(right), "chance": float(chance)}
