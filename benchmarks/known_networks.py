"""Small networks whose maps can be worked out by hand, and what they see."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from napari_strata.models.blocks import Encoder
from napari_strata.models.encoder_decoder import EncoderDecoder

WEIGHTS = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0], [2.0, 0.25, -0.5]])
IMAGE = torch.tensor([[0.5, 1.0, -1.0], [2.0, 0.25, 1.5], [-0.5, 3.0, 1.0]])[None, None]
ZERO = torch.zeros(1, 1, 3, 3)
ONE = torch.ones(1, 1)
"""The score is that of the only pixel of the output."""
SIX = torch.tensor([[0, 0, 1], [2, 3, 1], [4, 5, 5]])
"""Numbers of six superpixels."""
BRIGHT = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(5)) + 1
WHOLE = torch.full((8, 8), 1 / 64)


class Polynomial(nn.Module):
    """One output pixel: its log-odds are a function of all nine pixels of the image."""

    output = "classes"

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, image: Tensor) -> Tensor:
        """Return logits of one layer and two classes."""
        odds = self.function(image[:, 0])[:, None, None, None]
        return torch.stack([torch.zeros_like(odds), odds], dim=2)


class Rectified(nn.Module):
    """relu(sum(w x)) with a ReLU that is used once; the score is twice that."""

    output = "classes"

    def __init__(self, *, inplace: bool = False) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(1, 1, 3, bias=False)
        self.relu = nn.ReLU(inplace)
        self.last = nn.Conv2d(1, 2, 1, bias=False)
        with torch.no_grad():
            self.convolve.weight.copy_(WEIGHTS[None, None])
            self.last.weight.copy_(torch.tensor([0.0, 2.0]).reshape(2, 1, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Return logits of one layer and two classes."""
        logits: Tensor = self.last(self.relu(self.convolve(image)))
        return logits[:, None]


def linear(image: Tensor) -> Tensor:
    return (image * WEIGHTS).sum(dim=(-2, -1))


def square(image: Tensor) -> Tensor:
    return (image.square() * WEIGHTS).sum(dim=(-2, -1))


def cubic(image: Tensor) -> Tensor:
    """Return a score in which superpixels depend on each other."""
    return linear(image) ** 2 + image[:, 0, 0] * image[:, 2, 2] * image[:, 1, 0]


def coarse_network() -> EncoderDecoder:
    """Return a U-Net of three levels whose coarsest block shows 2 x the pooled image; logit = 3 x that + 5."""
    network = EncoderDecoder(Encoder((1, 1, 1), 0.0), (1, 1, 1), layers=1, classes=1).eval()
    encoder: Any = network.encoder
    decoders: Any = network.decoders
    heads: Any = network.heads
    (decoder,) = decoders
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.fill_(1)
                module.eps = 0.0
        for block in encoder.blocks:
            block[0].weight[0, 0, 1, 1] = block[3].weight[0, 0, 1, 1] = 1
        coarse, fine = decoder.blocks
        coarse[0].weight[0, 1, 1, 1] = 2  # the skip connection, pooled once
        decoder.ups[1].weight.fill_(1)
        fine[0].weight[0, 0, 1, 1] = 1
        coarse[3].weight[0, 0, 1, 1] = fine[3].weight[0, 0, 1, 1] = 1
        heads[0].weight[1] = 3
        heads[0].bias[1] = 5
    return network
