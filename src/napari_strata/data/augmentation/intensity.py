"""Changes of grey values, each of one patch, shape (y, x), float32.

All keep the shape; noise comes from a generator of the patch's own on its device.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from napari_strata.data.augmentation.waves import SmoothField

SQUARES = 8
"""Grey squares have this part of a patch as their side."""


def blur(image: Tensor, sigma: float, radius: int) -> Tensor:
    """Convolve with a Gaussian of standard deviation `sigma` [px], cut at `radius` [px]; edges are repeated."""
    steps = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
    kernel = torch.exp(-0.5 * (steps / max(sigma, 1e-3)) ** 2)
    kernel = kernel / kernel.sum()
    wide = pad(image[None, None], (radius,) * 4, mode="replicate")
    return conv2d(conv2d(wide, kernel[None, None, :, None]), kernel[None, None, None, :])[0, 0]


def shot_noise(image: Tensor, counts: float, generator: torch.Generator) -> Tensor:
    """Count electrons where the brightest pixel expects `counts` and the darkest none.

    The variance of a pixel v becomes (v - min) (max - min) / counts.
    """
    low, high = image.min(), image.max()
    span = (high - low).clamp(min=torch.finfo(image.dtype).tiny)
    expected = ((image - low) / span).clamp(0, 1) * counts
    return low + torch.poisson(expected, generator=generator) * (span / counts)


def gaussian_noise(image: Tensor, sigma: float, generator: torch.Generator) -> Tensor:
    """Add independent normal noise of standard deviation `sigma` to every pixel."""
    noise = torch.randn(image.shape, generator=generator, device=image.device, dtype=image.dtype)
    return image + sigma * noise


def add_background(image: Tensor, field: SmoothField, amplitude: float) -> Tensor:
    """Add a smooth field of standard deviation `amplitude`, as from contamination or thickness."""
    return image + amplitude * field.on_grid(image.shape[-1], image.device)


def change_gamma(image: Tensor, exponent: float) -> Tensor:
    """Raise grey values, taken from 0 (darkest) to 1 (brightest), to a power."""
    low, high = image.min(), image.max()
    span = (high - low).clamp(min=torch.finfo(image.dtype).tiny)
    return low + span * ((image - low) / span).clamp(0, 1) ** exponent


def cover(image: Tensor, part: float, rng: np.random.Generator) -> Tensor:
    """Cover about this part with squares of the mean grey (cutout: DeVries and Taylor, arXiv:1708.04552)."""
    size = image.shape[-1]
    side = max(1, size // SQUARES)
    covered, grey = image.clone(), image.mean()
    for y, x in rng.integers(0, size - side + 1, (round(part * (size / side) ** 2), 2)).tolist():
        covered[y : y + side, x : x + side] = grey
    return covered


def standardised_like(image: Tensor, before: Tensor) -> Tensor:
    """Give an image the mean and standard deviation that it had before it was changed.

    A network sees images that were normalised with all their noise and background in them. One that has become
    constant, as by a shot noise of hardly any counts, gets that mean only.
    """
    is_constant = image.amax() == image.amin()
    spread = image.std(correction=0).clamp(min=torch.finfo(image.dtype).tiny)
    standardised = (image - image.mean()) * (before.std(correction=0) / spread) + before.mean()
    return torch.where(is_constant, before.mean(), standardised)


def radius_of(sigma: float) -> int:
    """Return where a Gaussian may be cut [px]."""
    return math.ceil(4 * sigma)
