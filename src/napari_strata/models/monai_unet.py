"""What the U-Nets of MONAI share behind the contract of `Network`.

Importing the networks that derive from it imports MONAI, which takes seconds.
"""

from typing import Any

from torch import Tensor, nn

from napari_strata.config import ModelConfig
from napari_strata.models.network import Network
from napari_strata.models.reach import Reach
from napari_strata.models.style import Style, restyle


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
    reach : Reach
        What one of its outputs sees.
    """

    def __init__(self, config: ModelConfig, classes: int, body: nn.Module, reach: Reach) -> None:
        style, stride = Style.of(config), 2 ** (len(config.filters) - 1)
        super().__init__(
            layers=1,
            classes=classes,
            output=config.output,
            stride=stride,
            receptive_field=reach.radius,
            least_side=style.least_side * stride,
        )
        self.body: Any = body
        restyle(self.body, style)
        self.heads = self._make_heads(config.filters[0])

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the decoder's last feature map."""
        return [self.body(image)]
