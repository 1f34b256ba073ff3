"""Random changes of training patches on the training device, image and truth together."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from napari_strata.config.augmentation import AugmentationConfig
from napari_strata.types import Truth


def augment(
    images: Tensor, truth: Truth, config: AugmentationConfig, *, rngs: Sequence[np.random.Generator]
) -> tuple[Tensor, Truth]:
    """Vary every patch of a batch, each from a generator of its own.

    Parameters
    ----------
    images : Tensor of float32, shape (batch, 1, y, x)
        Normalised patches, square.
    truth : Truth
        What they show.
    config : AugmentationConfig
        Which changes, by how much.
    rngs : sequence of Generator
        One for each patch.
    """
    turned = [_symmetry(rng) if config.symmetries else (0, False) for rng in rngs]
    images, labels = _turn(images, turned), _turn(truth.labels, turned)
    weights = None if truth.weights is None else _turn(truth.weights, turned)
    values = None if truth.values is None else _turn(truth.values, turned)
    return _recontrast(images, config, rngs), Truth(labels, weights, values)


def _symmetry(rng: np.random.Generator) -> tuple[int, bool]:
    return int(rng.integers(4)), bool(rng.integers(2))


def _turn(tensor: Tensor, turned: Sequence[tuple[int, bool]]) -> Tensor:
    results = []
    for sample, (turns, mirrored) in zip(tensor, turned, strict=True):
        rotated = torch.rot90(sample, turns, dims=(-2, -1))
        results.append(rotated.flip(-1) if mirrored else rotated)
    return torch.stack(results)


def _recontrast(images: Tensor, config: AugmentationConfig, rngs: Sequence[np.random.Generator]) -> Tensor:
    gain = [1 + config.contrast * rng.uniform(-1, 1) for rng in rngs]
    offset = [config.brightness * rng.uniform(-1, 1) for rng in rngs]
    shape = (-1, 1, 1, 1)
    return images * images.new_tensor(gain).reshape(shape) + images.new_tensor(offset).reshape(shape)
