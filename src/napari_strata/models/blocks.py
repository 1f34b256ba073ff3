"""Building blocks of encoder and decoders of a U-Net."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_strata.config.model import Padding
from napari_strata.models.reach import Reach
from napari_strata.models.style import Style


def double_convolution(inputs: int, outputs: int, style: Style, padding: Padding) -> nn.Sequential:
    """Return two 3 x 3 convolutions, each normalised and activated; unpadded ones lose 2 pixels at every side."""
    border = 1 if padding == "same" else 0
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=border, bias=False),
        style.normalise(outputs),
        style.activate(),
        nn.Conv2d(outputs, outputs, 3, padding=border, bias=False),
        style.normalise(outputs),
        style.activate(),
    )


class Pyramid(nn.Module, ABC):
    """A contracting path: from an image to a list of the features of every level, finest first.

    Attributes
    ----------
    reaches : list of Reach
        How far the features of every level see, finest first.
    """

    reaches: list[Reach]

    @abstractmethod
    def levels(self) -> Sequence[nn.Module]:
        """Return the modules that give the features of every level, finest first."""


class Encoder(Pyramid):
    """Contracting path of a U-Net: a double convolution per level, 2 x 2 max pooling between levels."""

    def __init__(
        self,
        filters: Sequence[int],
        dropout: float,
        *,
        channels: int = 1,
        style: Style = Style(),  # noqa: B008 (frozen)
        padding: Padding = "same",
    ) -> None:
        super().__init__()
        widths = [channels, *filters]
        self.blocks = nn.ModuleList(
            double_convolution(a, b, style, padding) for a, b in zip(widths, filters, strict=False)
        )
        # One for each level: DeepLIFT follows every module's input and output, once each.
        self.pools = nn.ModuleList(nn.MaxPool2d(2) for _ in filters[1:])
        self.dropout = nn.Dropout2d(dropout)
        self.reaches = [Reach().convolved(2)]
        while len(self.reaches) < len(filters):
            self.reaches.append(self.reaches[-1].halved().convolved(2))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features of every level, finest first; shape (batch, filters, y / 2^level, x / 2^level)."""
        features: list[Tensor] = []
        for level, block in enumerate(self.blocks):
            features.append(block(self.pools[level - 1](features[-1]) if level else image))
        features[-1] = self.dropout(features[-1])
        return features

    def levels(self) -> Sequence[nn.Module]:
        """Return the double convolutions."""
        return list(self.blocks)


class Decoder(nn.Module):
    """Expanding path: transposed convolution, concatenation with the skip connection, double convolution."""

    def __init__(
        self,
        filters: Sequence[int],
        *,
        style: Style = Style(),  # noqa: B008 (frozen)
        padding: Padding = "same",
    ) -> None:
        super().__init__()
        steps = list(zip(filters[:0:-1], filters[-2::-1], strict=True))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, stride=2) for coarse, fine in steps)
        self.blocks = nn.ModuleList(double_convolution(2 * fine, fine, style, padding) for _, fine in steps)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Return the finest feature map, shape (batch, filters[0], y, x)."""
        result = features[-1]
        for up, block, skip in zip(self.ups, self.blocks, features[-2::-1], strict=True):
            raised = up(result)
            result = block(torch.cat([raised, _middle(skip, raised)], dim=1))
        return result


def reach_of_decoder(reaches: Sequence[Reach]) -> Reach:
    """Return how far a `Decoder` sees on the features of an encoder, whose reaches are given finest first."""
    reach = reaches[-1]
    for skip in reaches[-2::-1]:
        reach = reach.doubled().joined(skip).convolved(2)
    return reach


def _middle(skip: Tensor, raised: Tensor) -> Tensor:
    """Cut a skip connection to the size of what it joins; unpadded convolutions leave that smaller."""
    height, width = raised.shape[-2:]
    y, x = (skip.shape[-2] - height) // 2, (skip.shape[-1] - width) // 2
    return skip[..., y : y + height, x : x + width]
