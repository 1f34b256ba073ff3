"""All that a method of explanation may look at beside the score."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_strata.config import ExplainConfig
from napari_strata.models.cropped import Box


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A window of an image on the network's grid, and what methods compare it with.

    What depends on more than the window (baseline, range, superpixels, noise) is made for the whole image and then
    cut out, so that a window gives the same explanation as the whole.

    Attributes
    ----------
    image : Tensor, shape (1, 1, y, x)
        The normalised image.
    config : ExplainConfig
        The method's settings.
    pixel_size : float or None
        That of the network's grid [Å/px]; without one lengths in Å are taken in px.
    range : float
        Difference of the greatest and the least value of the whole image.
    draw_noise : callable
        From a number to noise (1, 1, y, x) with mean 0 and standard deviation 1, always the same for that number.
    origin : tuple of int
        Where the window begins in the whole image (y, x) [px].
    seen : Box or None
        The part of the window that the score depends on; None where that may be all.
    whole : tuple of int or None
        Height and width of the whole image [px]; None where the window is all of it.
    baseline : Tensor, shape (1, 1, y, x), or None
        The image without information, for methods that need one.
    superpixels : Tensor of int64, shape (y, x), or None
        Number of every pixel's superpixel, from 0 without gaps, for methods that need them.
    references : Tensor, shape (n, 1, y, x), or None
        Other parts of the image, for methods that need them.
    """

    image: Tensor
    config: ExplainConfig
    pixel_size: float | None
    range: float
    draw_noise: Callable[[int], Tensor]
    origin: tuple[int, int] = (0, 0)
    seen: Box | None = None
    whole: tuple[int, int] | None = None
    baseline: Tensor | None = None
    superpixels: Tensor | None = None
    references: Tensor | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width [px]."""
        return self.image.shape[-2], self.image.shape[-1]

    def pixels(self, length: float) -> int:
        """Return a length [Å] in whole px of the network's grid, at least 1."""
        return max(round(length / (self.pixel_size or 1.0)), 1)

    def generator(self) -> torch.Generator:
        """Return a new generator of random numbers with the seed of the settings, on the CPU."""
        return torch.Generator().manual_seed(self.config.seed)
