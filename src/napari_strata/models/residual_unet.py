"""The residual U-Net of MONAI (after Kerfoot et al., STACOM 2018): every double convolution has a shortcut.

MONAI halves the image in its first convolution. Here a level at full resolution is put before, and a residual unit
at the coarsest level behind, so that `filters` mean what they mean for the other networks. Levels are halved by
convolutions of stride 2 and doubled by 3 x 3 transposed ones; dropout is applied to single values of every level.

Importing this module imports MONAI, which takes seconds.
"""

from collections.abc import Sequence
from typing import Any

from monai.networks.nets import UNet
from torch import nn

from napari_strata.config import ModelConfig
from napari_strata.models.monai_unet import MonaiUNet, Reaches
from napari_strata.models.reach import Reach


class ResidualUNet(MonaiUNet):
    """MONAI's U-Net of residual units behind the contract of `Network`; one layer.

    Parameters
    ----------
    config : ModelConfig
        Filters, dropout, activation, norm and output.
    classes : int
        Foreground classes.
    """

    def __init__(self, config: ModelConfig, classes: int) -> None:
        levels = len(config.filters)
        body = UNet(
            spatial_dims=2,
            in_channels=1,
            out_channels=config.filters[0],
            channels=(*config.filters, config.filters[-1]),
            strides=(1, *[2] * (levels - 1)),
            num_res_units=2,
            norm="batch",
            dropout=config.dropout,
            bias=False,
        )
        super().__init__(config, classes, body, _reaches(levels))

    def decoder_parts(self) -> Sequence[nn.Module]:
        """Return the expanding units."""
        return [up for _, up, _ in self._levels()]

    def encoder_parts(self) -> Sequence[nn.Module]:
        """Return the contracting units and the one at the bottom."""
        levels = self._levels()
        return [*(down for down, _, _ in levels), levels[-1][2]]

    def _levels(self) -> list[tuple[nn.Module, nn.Module, nn.Module]]:
        """Return the contracting and the expanding unit of each level and what is between, finest level first."""
        levels: list[tuple[nn.Module, nn.Module, nn.Module]] = []
        inner: Any = self.body.model
        while isinstance(inner, nn.Sequential):
            down, skip, up = inner
            inner = skip.submodule
            levels.append((down, up, inner))
        return levels


def _reaches(levels: int) -> Reaches:
    skips = [Reach().convolved(2)]
    while len(skips) < levels:
        skips.append(skips[-1].halved_by_convolution().convolved())
    bottom = skips[-1].convolved(2)
    expanded = [bottom]
    for skip in reversed(skips):
        reach = expanded[-1].joined(skip)
        reach = reach.convolved() if skip is skips[0] else reach.doubled_by_three()
        expanded.append(reach.convolved())
    return Reaches([*skips, bottom], expanded[:0:-1])
