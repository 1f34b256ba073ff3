"""A batch as the network sees it in training: on its device, varied, from draws of its own number alone."""

from collections.abc import Sequence

import torch
from torch import Tensor

from napari_strata.config import TrainingConfig
from napari_strata.data.augmentation import augment
from napari_strata.training.patches.batches import Batch, patch_rng
from napari_strata.types import Truth

AUGMENTATION_SEED = 2
"""Tells the draws of augmentation apart from those of patches."""


def augmented(
    batch: Batch, number: int, items: Sequence[int], config: TrainingConfig, device: torch.device
) -> tuple[Tensor, Truth]:
    """Return images and truth to learn from.

    Parameters
    ----------
    batch : Batch
        Patches with their margin.
    number : int
        Number of the batch.
    items : sequence of int
        Places of the patches in it.
    config : TrainingConfig
        How patches are varied, and the seed.
    device : device
        Where that is done.

    Returns
    -------
    images : Tensor of float32, shape (batch, 1, y, x)
        Channels last in memory.
    truth : Truth
        What they show.
    """
    images, truth = batch.to(device)
    rngs = [patch_rng(config.seed + AUGMENTATION_SEED, number, item) for item in items]
    images, truth = augment(images, truth, config.augmentation, rngs=rngs, size=config.patch_size)
    return images.contiguous(memory_format=torch.channels_last), truth
