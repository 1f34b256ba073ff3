"""Between the pixels of an image and the square that a network of the Segment Anything family looks at.

Resampling by s maps x' = (x + 0.5) s - 0.5, pixel centres being whole numbers on both sides. The published code
maps by x' = x s; the two differ by up to half a pixel of the coarser side, and this one is exact.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_strata.types import AnyArray

if TYPE_CHECKING:
    import torch

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the three channels of ImageNet, with which all of the family were trained."""
DARK, BRIGHT = 0.5, 99.5
"""Percentiles of a slice that become black and white [%]."""


@dataclass(frozen=True, slots=True)
class ModelGrid:
    """Where an image lies in the network's square.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the image [px].
    side : int
        Side of the square [px].
    keeps_aspect : bool
        Whether the image is enlarged alike in both directions and padded below and on the right, as for SAM; else
        it is stretched over the square, as for SAM 2.
    """

    shape: tuple[int, int]
    side: int
    keeps_aspect: bool

    @property
    def resized(self) -> tuple[int, int]:
        """Height and width of the image in the square [px]."""
        if not self.keeps_aspect:
            return self.side, self.side
        height, width = (max(1, int(length * self.side / max(self.shape) + 0.5)) for length in self.shape)
        return height, width

    def to_model(self, positions: ArrayLike) -> NDArray[np.float64]:
        """Return where positions (..., 2) as (y, x) in the image lie in the square [px]."""
        factors = np.divide(self.resized, self.shape)
        moved: NDArray[np.float64] = (np.asarray(positions, np.float64) + 0.5) * factors - 0.5
        return moved

    def pixel_values(self, image: AnyArray) -> "torch.Tensor":
        """Return what the network looks at.

        Parameters
        ----------
        image : ndarray, shape (y, x)
            Intensities, finite, of this grid's shape.

        Returns
        -------
        Tensor of float32, shape (1, 3, side, side)
            The image stretched between two percentiles, in three equal channels, less ImageNet's mean over its
            standard deviation; 0 where there is no image.
        """
        import torch
        from torch.nn.functional import interpolate, pad

        grey = torch.from_numpy(_stretched(image))[None, None]
        height, width = self.resized
        resized = interpolate(grey, size=(height, width), mode="bilinear", align_corners=False, antialias=True)
        mean, std = (torch.tensor(values)[None, :, None, None] for values in (MEAN, STD))
        return pad((resized.expand(1, 3, -1, -1) - mean) / std, (0, self.side - width, 0, self.side - height))

    def to_image(self, logits: "torch.Tensor") -> NDArray[np.float32]:
        """Return a map on the image's own pixels.

        Parameters
        ----------
        logits : Tensor, shape (s, s)
            A map over the whole square, of any resolution.

        Returns
        -------
        ndarray of float32, shape (height, width)
            Interpolated bilinearly.
        """
        from torch.nn.functional import interpolate

        square = interpolate(
            logits.float()[None, None], size=(self.side, self.side), mode="bilinear", align_corners=False
        )
        height, width = self.resized
        part = square[..., :height, :width]
        mapped = interpolate(part, size=self.shape, mode="bilinear", align_corners=False)
        values: NDArray[np.float32] = mapped[0, 0].cpu().numpy()
        return values


def _stretched(image: AnyArray) -> NDArray[np.float32]:
    """Bring an image to 0 to 1; one without contrast is black."""
    dark, bright = np.percentile(image, (DARK, BRIGHT))
    if bright <= dark:
        dark, bright = float(image.min()), float(image.max())
    if bright <= dark:
        return np.zeros(image.shape, np.float32)
    stretched = (image.astype(np.float32) - np.float32(dark)) / np.float32(bright - dark)
    clipped: NDArray[np.float32] = np.clip(stretched, 0, 1)
    return clipped
