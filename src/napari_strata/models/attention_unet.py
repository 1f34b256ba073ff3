"""The attention U-Net of MONAI (Oktay et al., MIDL 2018, arXiv:1804.03999): skip connections are gated.

Levels are halved by convolutions of stride 2 and doubled by 3 x 3 transposed ones. MONAI's choice of instance norm
and PReLU behind the gates gives way to the norm and the activation that are set. Dropout is applied to single
values of every level.

Importing this module imports MONAI, which takes seconds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from monai.networks.nets import AttentionUnet
from torch import nn

from napari_strata.config import ModelConfig
from napari_strata.models.monai_unet import MonaiUNet, Reaches
from napari_strata.models.network import FeatureMap
from napari_strata.models.reach import Reach


class AttentionUNet(MonaiUNet):
    """MONAI's attention U-Net behind the contract of `Network`; one layer.

    Parameters
    ----------
    config : ModelConfig
        Filters, dropout, activation, norm and output.
    classes : int
        Foreground classes.
    """

    def __init__(self, config: ModelConfig, classes: int) -> None:
        levels = len(config.filters)
        body = AttentionUnet(
            spatial_dims=2,
            in_channels=1,
            out_channels=config.filters[0],
            channels=config.filters,
            strides=[2] * (levels - 1),
            dropout=config.dropout,
        )
        body.model[-1] = nn.Identity()  # its head; the contract has its own
        reaches, gates = _reaches(levels)
        super().__init__(config, classes, body, reaches)
        self._gates = gates

    def decoder_parts(self) -> Sequence[nn.Module]:
        """Return the convolutions that merge what was skipped with what comes from below."""
        return [level.merge for level in self._levels()]

    def attention_gates(self) -> Mapping[str, FeatureMap]:
        """Return the coefficients, 0 to 1, with which each level weights its skip connection."""
        return {
            f"attention gate, level {i}": self._place(level.attention.psi, reach)
            for i, (level, reach) in enumerate(zip(self._levels(), self._gates, strict=True), start=1)
        }

    def feature_maps(self) -> Mapping[str, FeatureMap]:
        """Return the feature maps of all levels, the encoder's first, then the gates."""
        return {**super().feature_maps(), **self.attention_gates()}

    def encoder_parts(self) -> Sequence[nn.Module]:
        """Return the double convolutions on the way down."""
        *upper, deepest = self._levels()
        return [self.body.model[0], *(level.submodule[0] for level in upper), deepest.submodule]

    def _levels(self) -> list[Any]:
        """Return MONAI's attention layers, finest first; each holds all that is coarser."""
        levels: list[Any] = [self.body.model[1]]
        while isinstance(levels[-1].submodule, nn.Sequential):
            levels.append(levels[-1].submodule[1])
        return levels


def _reaches(levels: int) -> tuple[Reaches, Sequence[Reach]]:
    """Return what the feature maps see, and what the gates see, finest level first."""
    skips = [Reach().convolved(2)]
    while len(skips) < levels:
        skips.append(skips[-1].halved_by_convolution().convolved())
    merged, gates = [skips[-1]], []
    for skip in skips[-2::-1]:
        gates.append(merged[-1].doubled_by_three().joined(skip))
        merged.append(gates[-1].convolved())
    return Reaches(skips, merged[:0:-1]), gates[::-1]
