"""The part of a network that a few of its output pixels depend on, cropped level by level.

A window of the image that holds the whole receptive field still computes far more than is asked for: the decoders
of all layers, and at every level the whole window. The finest level of a decoder needs but a few pixels beyond
those asked for, the bottleneck a few of its own, coarse ones. What is computed here is exactly what these outputs
depend on, with the zeros beside the image where the network puts them, so that values and gradients are those of
the whole image.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

import torch
from torch import Tensor, nn

from napari_strata.models.blocks import Decoder, Encoder
from napari_strata.models.encoder_decoder import EncoderDecoder
from napari_strata.models.network import Network


@dataclass(frozen=True, slots=True)
class Box:
    """Rows and columns of a map, each from the first to one behind the last."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def around(cls, mask: Tensor) -> "Box":
        """Return the smallest box with all that is not 0 in a map of shape (y, x)."""
        rows, columns = (torch.nonzero(mask.any(dim=axis)).flatten().tolist() for axis in (1, 0))
        return cls(rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)

    @property
    def slices(self) -> tuple[slice, slice]:
        """The box as an index."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, by: int, frame: tuple[int, int]) -> "Box":
        """Return the box with more pixels on every side, but none beside the frame."""
        height, width = frame
        return Box(
            max(self.top - by, 0),
            min(self.bottom + by, height),
            max(self.left - by, 0),
            min(self.right + by, width),
        )

    def coarser(self) -> "Box":
        """Return the box of the pixels of twice the side that it meets."""
        return Box(self.top // 2, -(-self.bottom // 2), self.left // 2, -(-self.right // 2))

    def finer(self) -> "Box":
        """Return the box of the pixels of half the side that lie in it."""
        return Box(2 * self.top, 2 * self.bottom, 2 * self.left, 2 * self.right)

    def joined(self, other: "Box") -> "Box":
        """Return the smallest box that holds both."""
        return Box(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
        )

    def cut(self, part: "Box", features: Tensor) -> Tensor:
        """Return a part of what lies in this box, (..., y, x)."""
        return features[
            ..., part.top - self.top : part.bottom - self.top, part.left - self.left : part.right - self.left
        ]


def can_be_cropped(network: Network) -> TypeGuard[EncoderDecoder]:
    """Return whether `Crop` knows the network: padded double convolutions, and norms that look at one pixel."""
    if not isinstance(network, EncoderDecoder) or not isinstance(network.encoder, Encoder):
        return False
    modules = list(network.modules())
    convolutions = (m for part in (network.encoder, *network.decoders) for m in part.modules())
    return not any(isinstance(m, nn.GroupNorm | nn.InstanceNorm2d) for m in modules) and all(
        m.padding == (1, 1) for m in convolutions if isinstance(m, nn.Conv2d)
    )


class Crop:
    """What the pixels of a box need of a network, and the way from the image to them.

    Parameters
    ----------
    network : EncoderDecoder
        One that `can_be_cropped`, in eval mode.
    frame : tuple of int
        Height and width of the whole image, multiples of the network's stride [px].
    wanted : Box
        The output pixels.

    Attributes
    ----------
    wanted, frame : Box and tuple of int
        As given.
    seen : Box
        The part of the image that they depend on.
    coarsest : Box
        The part of `Network.coarsest` that they depend on [its px].
    """

    def __init__(self, network: EncoderDecoder, frame: tuple[int, int], wanted: Box) -> None:
        assert isinstance(network.encoder, Encoder), "only these are cropped"
        self._network = network
        self._encoder = network.encoder
        levels = len(network.encoder.blocks)
        self.wanted, self.frame = wanted, frame
        self._frames = [(frame[0] >> level, frame[1] >> level) for level in range(levels)]
        self._decoded, self._joined = [wanted], list[Box]()
        for size in self._frames[:-1]:
            self._joined.append(self._decoded[-1].grown(2, size))
            self._decoded.append(self._joined[-1].coarser())
        encoded = [self._decoded[-1]]
        for joined, size in zip(reversed(self._joined), reversed(self._frames[1:]), strict=True):
            encoded.insert(0, joined.joined(encoded[0].grown(2, size).finer()))
        self._encoded = encoded
        self.seen = encoded[0].grown(2, frame)
        self.coarsest = self._decoded[-2]

    def encode(self, image: Tensor) -> list[Tensor]:
        """Return what the decoders need of the encoder's features, finest level first.

        Parameters
        ----------
        image : Tensor, shape (batch, 1, y, x)
            What is `seen` of the image.
        """
        needed = [
            self._encoded[level + 1].grown(2, self._frames[level + 1]).finer()
            for level in range(len(self._encoded) - 1)
        ]
        features: list[Tensor] = []
        for level, block in enumerate(self._encoder.blocks):
            inputs, box = image, self.seen
            if level:
                inputs = self._encoder.pools[level - 1](
                    self._encoded[level - 1].cut(needed[level - 1], features[-1])
                )
                box = needed[level - 1].coarser()
            features.append(_convolve(block, inputs, box, self._frames[level], self._encoded[level]))
        features[-1] = self._encoder.dropout(features[-1])
        return features

    def begin(self, features: list[Tensor], decoder: int) -> Tensor:
        """Return the `coarsest` features of a decoder."""
        return self._decode(features, decoder, features[-1], range(len(features) - 2, len(features) - 1))

    def finish(self, features: list[Tensor], decoder: int, coarsest: Tensor) -> Tensor:
        """Return the logits of a decoder from its coarsest features, shape (batch, channel, y, x)."""
        finest = self._decode(features, decoder, coarsest, range(len(features) - 3, -1, -1))
        logits: Tensor = self._network.heads[decoder](finest)
        return logits

    def logits(self, image: Tensor, decoders: Iterable[int]) -> Tensor:
        """Return the logits of decoders in the box, shape (batch, decoder, channel, y, x)."""
        features = self.encode(image)
        return torch.stack([self.finish(features, one, self.begin(features, one)) for one in decoders], dim=1)

    def _decode(self, features: list[Tensor], decoder: int, result: Tensor, levels: range) -> Tensor:
        path = self._network.decoders[decoder]
        assert isinstance(path, Decoder), "an EncoderDecoder has no other"
        for level in levels:
            step, joined = len(features) - 2 - level, self._joined[level]
            raised = self._decoded[level + 1].finer().cut(joined, path.ups[step](result))
            skip = self._encoded[level].cut(joined, features[level])
            both = torch.cat([raised, skip], dim=1)
            result = _convolve(path.blocks[step], both, joined, self._frames[level], self._decoded[level])
        return result


def _convolve(block: nn.Module, features: Tensor, box: Box, frame: tuple[int, int], wanted: Box) -> Tensor:
    """Apply a double convolution to what lies in a box, with zeros beside the frame; return the wanted part."""
    assert isinstance(block, nn.Sequential), "double_convolution makes these"
    left, right, top, bottom = box.left == 0, box.right == frame[1], box.top == 0, box.bottom == frame[0]
    zeros = [int(at_frame) for at_frame in (left, right, top, bottom)]
    for module in block:
        if isinstance(module, nn.Conv2d):
            features = nn.functional.conv2d(nn.functional.pad(features, zeros), module.weight, module.bias)
        else:
            features = module(features)
    # inside the frame each convolution loses a pixel
    given = Box(
        box.top + 2 * (not top),
        box.bottom - 2 * (not bottom),
        box.left + 2 * (not left),
        box.right - 2 * (not right),
    )
    return given.cut(wanted, features)
