"""A U-Net on a ResNet of 18 layers (He et al., CVPR 2016, arXiv:1512.03385), which MONAI builds, untrained.

Deviations from the ResNet: its first two halvings are left out, since atoms are a few pixels wide, so that its
four stages are the four levels of the U-Net; the number of feature maps is a setting. Where a stage halves, a
1 x 1 convolution is the shortcut (option B of the paper). The decoder is that of the U-Net.

Importing this module imports MONAI, which takes seconds.
"""

from collections.abc import Sequence
from typing import Any

from monai.networks.nets.resnet import ResNet, ResNetBlock
from torch import Tensor, nn

from napari_strata.config import ModelConfig
from napari_strata.models.blocks import Pyramid
from napari_strata.models.encoder_decoder import EncoderDecoder
from napari_strata.models.reach import Reach
from napari_strata.models.style import Style, restyle

BLOCKS = 2
"""Residual blocks of each of the four stages, of two 3 x 3 convolutions each."""
STEM = 7
"""Side of the first convolution's kernel [px]."""


class _Block(ResNetBlock):  # type: ignore[misc]
    """MONAI's residual block with an activation for each of its two uses, and the sum not in place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last_act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        inner = self.bn2(self.conv2(self.act(self.bn1(self.conv1(x)))))
        result: Tensor = self.last_act(inner + shortcut)
        return result


class ResNetEncoder(Pyramid):
    """The four stages of a ResNet.

    Parameters
    ----------
    filters : sequence of int
        Feature maps of the four stages.
    dropout : float
        Part of the deepest features dropped in training.
    style : Style
        Activation and normalisation.
    """

    def __init__(self, filters: Sequence[int], dropout: float, style: Style) -> None:
        super().__init__()
        self.resnet = ResNet(
            _Block,
            [BLOCKS] * len(filters),
            list(filters),
            spatial_dims=2,
            n_input_channels=1,
            conv1_t_size=STEM,
            conv1_t_stride=1,
            no_max_pool=True,
            feed_forward=False,
            bias_downsample=False,
        )
        restyle(self.resnet, style)
        self.dropout = nn.Dropout2d(dropout)
        self.reaches = [Reach().convolved(kernel=STEM).convolved(2 * BLOCKS)]
        while len(self.reaches) < len(filters):
            self.reaches.append(self.reaches[-1].halved_by_convolution().convolved(2 * BLOCKS - 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features of every stage, finest first."""
        net = self.resnet
        seen = net.act(net.bn1(net.conv1(image)))
        features = []
        for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
            seen = stage(seen)
            features.append(seen)
        features[-1] = self.dropout(features[-1])
        return features

    def levels(self) -> Sequence[nn.Module]:
        """Return the stages."""
        return [self.resnet.layer1, self.resnet.layer2, self.resnet.layer3, self.resnet.layer4]


def resnet_unet(config: ModelConfig, classes: int) -> EncoderDecoder:
    """Build a U-Net with a ResNet encoder; logits of shape (batch, 1, channel, y, x)."""
    style = Style.of(config)
    return EncoderDecoder(
        ResNetEncoder(config.filters, config.dropout, style),
        config.filters,
        layers=config.layers,
        classes=classes,
        output=config.output,
        style=style,
    )
