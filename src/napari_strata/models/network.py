"""What every network of the project is: an encoder, one decoder per crystal layer, one head each."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_strata.models.blocks import Decoder, Encoder


class Network(nn.Module):
    """Encoder-decoder network for dense prediction with one or more decoders.

    One encoder feeds every decoder through the bottleneck and the skip connections. A U-Net (Ronneberger et al.,
    MICCAI 2015) has one decoder, a Gomb-Net (arXiv:2502.09791) one per crystal layer.

    Parameters
    ----------
    layers : int
        Crystal layers, one decoder and one head each.
    classes : int
        Foreground classes of each layer; the heads have one output more, for background.
    filters : sequence of int
        Feature maps of each level, finest first.
    dropout : float
        Part of the bottleneck's features dropped in training.
    channels : int
        Channels of the images; those that the jobs work on are grey and have one.

    Attributes
    ----------
    layers, classes : int
        As above.
    stride : int
        Side of the coarsest pixel in input pixels; inputs are padded to a multiple of it inside.
    receptive_field : int
        No input pixel farther away than this, along y or x, influences an output pixel [px].
    """

    def __init__(
        self, *, layers: int, classes: int, filters: Sequence[int], dropout: float, channels: int = 1
    ) -> None:
        super().__init__()
        self.layers = layers
        self.classes = classes
        self.stride = 2 ** (len(filters) - 1)
        self.receptive_field = _receptive_field(len(filters))
        self.encoder = Encoder(filters, dropout, channels=channels)
        self.decoders = nn.ModuleList(Decoder(filters) for _ in range(layers))
        self.heads = nn.ModuleList(nn.Conv2d(filters[0], classes + 1, 1) for _ in range(layers))

    def forward(self, image: Tensor) -> Tensor:
        """Return logits.

        Parameters
        ----------
        image : Tensor, shape (batch, channel, y, x)
            Normalised images, sides of any length.

        Returns
        -------
        Tensor, shape (batch, layer, class, y, x)
            Logits; a softmax over ``class`` gives probabilities, class 0 being background.
        """
        height, width = image.shape[-2:]
        padding = (0, -width % self.stride, 0, -height % self.stride)
        features = self.encoder(nn.functional.pad(image, padding, mode="replicate"))
        maps = [head(decoder(features)) for decoder, head in zip(self.decoders, self.heads, strict=True)]
        return torch.stack(maps, dim=1)[..., :height, :width]

    def decoder_block(self, layer: int) -> nn.Module:
        """Return the module whose output is the last feature map of a layer's decoder, at full resolution."""
        decoder = self.decoders[layer]
        assert isinstance(decoder, Decoder)
        return decoder.blocks[-1]


def _receptive_field(levels: int) -> int:
    """Return the radius of the receptive field of a network of `levels` levels [px].

    Two 3 x 3 convolutions at level l reach 2 * 2^l pixels, once on the way down and once up (the deepest level
    only once); each pooling and its transposed convolution add the side of the pooled pixel less one.
    """
    convolutions = sum((2 << level) * (1 if level == levels - 1 else 2) for level in range(levels))
    return convolutions + (1 << (levels - 1)) - 1
