"""Random changes of training patches on the training device, image and truth together."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from napari_strata.config.augmentation import AugmentationConfig
from napari_strata.data.augmentation.changes import Changes, draw_changes
from napari_strata.data.augmentation.intensity import (
    add_background,
    blur,
    change_gamma,
    cover,
    gaussian_noise,
    radius_of,
    shot_noise,
    standardised_like,
)
from napari_strata.data.augmentation.resampling import resample, turn, turn_truth
from napari_strata.data.augmentation.warp import is_resampled
from napari_strata.types import Truth


def augment(
    images: Tensor,
    truth: Truth,
    config: AugmentationConfig,
    *,
    rngs: Sequence[np.random.Generator],
    size: int | None = None,
) -> tuple[Tensor, Truth]:
    """Vary every patch of a batch, each from a generator of its own.

    A patch becomes the same whatever else is in the batch.

    Parameters
    ----------
    images : Tensor of float32, shape (batch, 1, y, x)
        Normalised patches, square, drawn larger by `warp.margin` on every side.
    truth : Truth
        What they show.
    config : AugmentationConfig
        Which changes, by how much.
    rngs : sequence of Generator
        One for each patch.
    size : int, optional
        Side of the patches that the network sees, cut out of the centre [px]; by default as they come.

    Returns
    -------
    images : Tensor of float32, shape (batch, 1, size, size)
    truth : Truth
    """
    drawn = images.shape[-1]
    changes = [draw_changes(config, rng, size=size or drawn, drawn=drawn) for rng in rngs]
    warps = [one.warp for one in changes]
    if is_resampled(config):
        images, truth = resample(images, truth, warps)
    else:
        images, truth = turn(images, warps), turn_truth(truth, warps)
    if _changes_each(config):
        varied = [_vary(image[0], one, config) for image, one in zip(images, changes, strict=True)]
        images = torch.stack(varied)[:, None]
    return _recontrast(images, changes), truth


def _changes_each(config: AugmentationConfig) -> bool:
    """Return whether grey values change by more than a factor and a summand."""
    return any(
        (config.blur, config.background, config.poisson_noise, config.gaussian_noise, config.gamma, config.dropout)
    )


def _vary(image: Tensor, changes: Changes, config: AugmentationConfig) -> Tensor:
    """Change the grey values of one patch in the order in which a microscope does."""
    generator = torch.Generator(image.device).manual_seed(changes.seed)
    before = image
    if config.blur:
        image = blur(image, changes.blur, radius_of(config.blur))
    if changes.field is not None:
        image = add_background(image, changes.field, changes.background)
    if config.poisson_noise:
        image = shot_noise(image, changes.counts, generator)
    if config.gaussian_noise:
        image = gaussian_noise(image, changes.noise, generator)
    if config.gamma:
        image = change_gamma(image, changes.exponent)
    image = standardised_like(image, before)
    return cover(image, changes.covered, np.random.default_rng(changes.seed)) if config.dropout else image


def _recontrast(images: Tensor, changes: Sequence[Changes]) -> Tensor:
    gain, offset = (
        images.new_tensor(one).reshape(-1, 1, 1, 1)
        for one in ([change.gain for change in changes], [change.offset for change in changes])
    )
    return images * gain + offset
