"""One encoder, and one decoder and head for each crystal layer."""

from collections.abc import Sequence

from torch import Tensor, nn

from napari_strata.config import ModelConfig
from napari_strata.config.model import Output, Padding
from napari_strata.models.blocks import Decoder, Encoder, Pyramid, reach_of_decoder
from napari_strata.models.network import FeatureMap, Network
from napari_strata.models.reach import Reach
from napari_strata.models.style import Style

LEAST_VALID = 4
"""Side of the smallest output of unpadded convolutions, at every level [px]."""


class EncoderDecoder(Network):
    """One encoder feeds every decoder through the bottleneck and the skip connections.

    A U-Net (Ronneberger et al., MICCAI 2015) has one decoder, a Gomb-Net (arXiv:2502.09791) one per crystal layer.

    With ``padding="valid"`` convolutions are unpadded as in the paper of 2015: what they lose at the sides,
    ``6 * stride - 4`` pixels, is given to the image beforehand by mirroring it (the overlap-tile strategy), and
    skip connections are cut to what is left. Where an image is too small to be mirrored that far its border is
    repeated.

    Parameters
    ----------
    encoder : Pyramid
        Gives the features of every level, and says how far they see (`reaches`).
    filters : sequence of int
        Feature maps of each level, finest first.
    layers, classes, output
        As in `Network`.
    style : Style
        Activation and normalisation of the decoders.
    padding : {"same", "valid"}
        Of all convolutions, those of the encoder included.
    """

    def __init__(
        self,
        encoder: Pyramid,
        filters: Sequence[int],
        *,
        layers: int,
        classes: int,
        output: Output = "classes",
        style: Style = Style(),  # noqa: B008 (frozen)
        padding: Padding = "same",
    ) -> None:
        stride = 2 ** (len(filters) - 1)
        super().__init__(
            layers=layers,
            classes=classes,
            output=output,
            stride=stride,
            receptive_field=reach_of_decoder(encoder.reaches).radius,
            least_side=style.least_side * stride,
        )
        self._padding = padding
        self._reaches = tuple(encoder.reaches)
        self.encoder = encoder
        self.decoders = nn.ModuleList(Decoder(filters, style=style, padding=padding) for _ in range(layers))
        self.heads = self._make_heads(filters[0])

    def pad(self, image: Tensor) -> Tensor:
        """Return the image padded so that the decoders' last feature maps cover it."""
        if self._padding == "same":
            return super().pad(image)
        margin = 6 * self.stride - 4
        for axis in (-2, -1):
            covered = -(-max(0, image.shape[axis] - LEAST_VALID) // self.stride) * self.stride + LEAST_VALID
            image = _mirrored(image, axis, margin, covered - image.shape[axis] + margin)
        return image

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the last feature map of every decoder, shape (batch, filters[0], y, x)."""
        shared = self.encoder(image)
        return [decoder(shared) for decoder in self.decoders]

    def decoder_block(self, layer: int) -> nn.Module:
        """Return the last double convolution of a decoder."""
        return self._decoder(layer).blocks[-1]

    def coarsest(self, layer: int) -> FeatureMap:
        """Return the first double convolution of a decoder, one level above the bottleneck."""
        return self._decoded(layer, len(self._decoder(layer).blocks))

    def encoder_parts(self) -> list[nn.Module]:
        """Return the encoder."""
        return [self.encoder]

    def feature_maps(self) -> dict[str, FeatureMap]:
        """Return the double convolutions of all levels, the encoder's first."""
        levels = len(self._decoder(0).blocks)
        named = {f"encoder, level {i + 1}": self._encoded(i + 1) for i in range(levels + 1)}
        for layer in range(self.layers):
            for level in range(levels, 0, -1):
                named[f"decoder {layer}, level {level}"] = self._decoded(layer, level)
        return named

    def _encoded(self, level: int) -> FeatureMap:
        reach, pixel = self._reaches[level - 1], 2 ** (level - 1)
        # Unpadded convolutions lose 2 px at every level of what `pad` has added.
        lost = 0 if self._padding == "same" else 2 * (2 * pixel - 1)
        return self._placed(self.encoder.levels()[level - 1], reach, reach.origin, lost)

    def _decoded(self, layer: int, level: int) -> FeatureMap:
        """Return a level of a decoder; it lies where the encoder's features do with which it is joined."""
        blocks = self._decoder(layer).blocks
        reach, pixel = self._reaches[-1], 2 ** (level - 1)
        for skip in reversed(self._reaches[level - 1 : -1]):
            reach = reach.doubled().joined(skip).convolved(2)
        lost = 0 if self._padding == "same" else 6 * self.stride - 2 - 2 * pixel
        return self._placed(blocks[len(blocks) - level], reach, self._reaches[level - 1].origin, lost)

    def _placed(self, block: nn.Module, reach: Reach, origin: float, lost: int) -> FeatureMap:
        """Place a feature map that begins `lost` pixels behind the beginning of the padded image."""
        before = (0 if self._padding == "same" else 6 * self.stride - 4) - lost
        return FeatureMap(block, reach.pixel, origin - before, reach, before)

    def _decoder(self, layer: int) -> Decoder:
        decoder = self.decoders[layer]
        assert isinstance(decoder, Decoder)
        return decoder


def encoder_decoder(config: ModelConfig, classes: int) -> EncoderDecoder:
    """Build what settings name, with double convolutions and max pooling in the encoder."""
    style = Style.of(config)
    encoder = Encoder(config.filters, config.dropout, style=style, padding=config.padding)
    return EncoderDecoder(
        encoder,
        config.filters,
        layers=config.layers,
        classes=classes,
        output=config.output,
        style=style,
        padding=config.padding,
    )


def _mirrored(image: Tensor, axis: int, before: int, after: int) -> Tensor:
    """Mirror an image (batch, channel, y, x) at both ends of an axis, or repeat its border if it is too small."""
    mode = "reflect" if max(before, after) < image.shape[axis] else "replicate"
    sides = (before, after, 0, 0) if axis == -1 else (0, 0, before, after)
    return nn.functional.pad(image, sides, mode=mode)
