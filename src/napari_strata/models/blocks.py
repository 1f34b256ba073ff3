"""Building blocks of encoder and decoders.

Activations are `torch.nn.ReLU` modules, none in place and none used twice: guided backpropagation and
explanations on crops depend on it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def double_convolution(inputs: int, outputs: int) -> nn.Sequential:
    """Return two 3 x 3 convolutions, each with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class Encoder(nn.Module):
    """Contracting path: a double convolution per level, 2 x 2 max pooling between levels."""

    def __init__(self, filters: Sequence[int], dropout: float, *, channels: int = 1) -> None:
        super().__init__()
        widths = [channels, *filters]
        self.blocks = nn.ModuleList(double_convolution(a, b) for a, b in zip(widths, filters, strict=False))
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features of every level, finest first; shape (batch, filters, y / 2^level, x / 2^level)."""
        features: list[Tensor] = []
        for block in self.blocks:
            features.append(block(self.pool(features[-1]) if features else image))
        features[-1] = self.dropout(features[-1])
        return features


class Decoder(nn.Module):
    """Expanding path: transposed convolution, concatenation with the skip connection, double convolution."""

    def __init__(self, filters: Sequence[int]) -> None:
        super().__init__()
        steps = list(zip(filters[:0:-1], filters[-2::-1], strict=True))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, stride=2) for coarse, fine in steps)
        self.blocks = nn.ModuleList(double_convolution(2 * fine, fine) for _, fine in steps)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Return the finest feature map, shape (batch, filters[0], y, x)."""
        result = features[-1]
        for up, block, skip in zip(self.ups, self.blocks, features[-2::-1], strict=True):
            result = block(torch.cat([up(result), skip], dim=1))
        return result
