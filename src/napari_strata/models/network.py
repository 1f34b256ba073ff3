"""What every network of the project is, whatever it is made of."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from napari_strata.config.model import Output
from napari_strata.models.outputs import channels, maps, probabilities
from napari_strata.models.reach import Reach


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """A module inside a network, and where the feature map that it gives lies on the image.

    Attributes
    ----------
    block : Module
        Gives the feature map.
    pixel : int
        Side of its pixels [px of the image].
    origin : float
        Outer edge of its first pixel, along y and x, from that of the image's first pixel; at most 0 [px of the
        image]. Below 0 where convolutions are unpadded, and where one of stride 2 halves: its pixels lie on every
        second pixel, not between two.
    reach : Reach
        What its pixel i sees, beside pixel ``i * pixel`` of the image, or of the padded image that begins where
        `before_image` says.
    before_image : int
        By so much the padded image, in which `reach` counts, begins before the image [px].
    """

    block: nn.Module
    pixel: int
    origin: float
    reach: Reach = Reach()  # noqa: RUF009 (frozen)
    before_image: int = 0

    @property
    def first(self) -> float:
        """Where the centre of its first pixel lies, from that of the image's first pixel [px of the image]."""
        return self.origin + (self.pixel - 1) / 2

    def seen(self, index: int) -> tuple[int, int]:
        """Return the first and the last pixel of the image that pixel `index` sees along an axis."""
        at = index * self.pixel - self.before_image
        return at - self.reach.before, at + self.reach.after


class Network(nn.Module, ABC):
    """A network for dense prediction with one or more crystal layers.

    Parameters
    ----------
    layers : int
        Crystal layers, one mask each.
    classes : int
        Foreground classes of each layer.
    output : {"classes", "multi-label", "values"}
        What the channels mean, see `napari_strata.models.outputs`.
    stride : int
        Side of the coarsest pixel in input pixels.
    receptive_field : int
        No input pixel farther away than this, along y or x, influences an output pixel [px].
    least_side : int
        Inputs with shorter sides are padded to this inside [px].

    Attributes
    ----------
    layers, classes, output, stride, receptive_field
        As above. Group and instance norm take mean and variance from all that the network sees at once; beyond
        these two numbers they, too, see no farther than `receptive_field`.
    heads : ModuleList
        A 1 x 1 convolution for each layer; made by the subclass.
    """

    heads: nn.ModuleList

    def __init__(
        self,
        *,
        layers: int,
        classes: int,
        output: Output,
        stride: int,
        receptive_field: int,
        least_side: int = 1,
    ) -> None:
        super().__init__()
        self.layers = layers
        self.classes = classes
        self.output: Output = output
        self.stride = stride
        self.receptive_field = receptive_field
        self._least_side = least_side
        self._frozen: tuple[nn.BatchNorm2d, ...] = ()

    @property
    def maps(self) -> int:
        """How many maps `probabilities` gives for each layer."""
        return maps(self.output, self.classes)

    def forward(self, image: Tensor) -> Tensor:
        """Return logits.

        Parameters
        ----------
        image : Tensor, shape (batch, channel, y, x)
            Normalised images, sides of any length.

        Returns
        -------
        Tensor, shape (batch, layer, channel, y, x)
            Logits; `probabilities` says what they mean.
        """
        height, width = image.shape[-2:]
        features = self.features(self.pad(image))
        logits = [head(each) for head, each in zip(self.heads, features, strict=True)]
        return torch.stack(logits, dim=1)[..., :height, :width]

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return what logits say, shape (batch, layer, map, y, x)."""
        return probabilities(logits, self.output)

    def pad(self, image: Tensor) -> Tensor:
        """Return the image with sides that are multiples of the stride, its last pixels repeated."""
        bottom, right = (self._missing(side) for side in image.shape[-2:])
        return nn.functional.pad(image, (0, right, 0, bottom), mode="replicate")

    @abstractmethod
    def features(self, image: Tensor) -> Sequence[Tensor]:
        """Return the last feature map of each layer for a padded image; they begin where the image begins."""

    @abstractmethod
    def decoder_block(self, layer: int) -> nn.Module:
        """Return the module whose output is the last feature map of a layer's decoder, at full resolution."""

    @abstractmethod
    def coarsest(self, layer: int) -> FeatureMap:
        """Return the coarsest feature map that belongs to one layer's decoder alone."""

    @abstractmethod
    def encoder_parts(self) -> Sequence[nn.Module]:
        """Return the modules that all layers share, finest level first."""

    @abstractmethod
    def feature_maps(self) -> Mapping[str, FeatureMap]:
        """Return the feature maps that can be looked at, by name, in the order in which they are computed.

        Level 1 is the finest; the coarsest of the encoder is the bottleneck.
        """

    def attention_gates(self) -> Mapping[str, FeatureMap]:
        """Return the maps, of one channel each, by which gates weight what passes; finest first, or none."""
        return {}

    def freeze_encoder(self) -> None:
        """Leave the encoder as it is from now on: no gradients, and batch norm with the statistics it has."""
        parts = tuple(self.encoder_parts())
        for part in parts:
            part.requires_grad_(False)
        self._frozen = tuple(m for part in parts for m in part.modules() if isinstance(m, nn.BatchNorm2d))
        for norm in self._frozen:
            norm.track_running_stats = False  # so that who computes statistics anew does not begin with these
        self.train(self.training)

    def train(self, mode: bool = True) -> "Network":
        """Enter training or eval mode; the batch norm of a frozen encoder stays in eval mode."""
        super().train(mode)
        for norm in self._frozen:
            norm.eval()
        return self

    def _missing(self, side: int) -> int:
        """Return how many pixels a side lacks."""
        return max(self._least_side - side, -side % self.stride)

    def _make_heads(self, features: int) -> nn.ModuleList:
        outputs = channels(self.output, self.classes)
        return nn.ModuleList(nn.Conv2d(features, outputs, 1) for _ in range(self.layers))
