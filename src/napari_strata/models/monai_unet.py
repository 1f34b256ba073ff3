"""What the U-Nets of MONAI share behind the contract of `Network`.

Importing the networks that derive from it imports MONAI, which takes seconds.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from napari_strata.config import ModelConfig
from napari_strata.models.network import FeatureMap, Network
from napari_strata.models.reach import Reach
from napari_strata.models.style import Style, restyle


@dataclass(frozen=True, slots=True)
class Reaches:
    """What the feature maps of the encoder and of the decoder see, finest level first."""

    encoder: Sequence[Reach]
    decoder: Sequence[Reach]


class MonaiUNet(Network):
    """A U-Net of one layer whose levels are halved by convolutions of stride 2.

    Parameters
    ----------
    config : ModelConfig
        Filters, activation, norm and output.
    classes : int
        Foreground classes.
    body : Module
        MONAI's network without a head; it gives as many features as the finest level has.
    reaches : Reaches
        What its feature maps see.
    """

    def __init__(self, config: ModelConfig, classes: int, body: nn.Module, reaches: Reaches) -> None:
        style, stride = Style.of(config), 2 ** (len(config.filters) - 1)
        super().__init__(
            layers=1,
            classes=classes,
            output=config.output,
            stride=stride,
            receptive_field=reaches.decoder[0].radius,
            least_side=style.least_side * stride,
        )
        self.body: Any = body
        self._reaches = reaches
        restyle(self.body, style)
        self.heads = self._make_heads(config.filters[0])

    def coarsest(self, layer: int) -> FeatureMap:
        """Return the decoder's feature map of the level above the bottleneck."""
        return self._place(self.decoder_parts()[-1], self._reaches.decoder[-1])

    def decoder_block(self, layer: int) -> nn.Module:
        """Return what gives the decoder's feature map of the finest level."""
        return self.decoder_parts()[0]

    def feature_maps(self) -> Mapping[str, FeatureMap]:
        """Return the feature maps of all levels, the encoder's first; level 1 is the finest."""
        down = zip(self.encoder_parts(), self._reaches.encoder, strict=True)
        up = zip(self.decoder_parts(), self._reaches.decoder, strict=True)
        named = {f"encoder, level {i}": self._place(*one) for i, one in enumerate(down, start=1)}
        placed = [(f"decoder 0, level {i}", self._place(*one)) for i, one in enumerate(up, start=1)]
        return named | dict(reversed(placed))

    @abstractmethod
    def decoder_parts(self) -> Sequence[nn.Module]:
        """Return the modules that give the decoder's feature maps, finest level first."""

    def _place(self, block: nn.Module, reach: Reach) -> FeatureMap:
        """Place a feature map whose pixels lie on pixels 0, n, 2 n ... of the image."""
        return FeatureMap(block, reach.pixel, -(reach.pixel - 1) / 2, reach)

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the decoder's last feature map."""
        return [self.body(image)]
