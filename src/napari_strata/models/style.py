"""Activation and normalisation of a network."""

from dataclasses import dataclass
from math import gcd

from torch import nn

from napari_strata.config import ModelConfig
from napari_strata.config.model import Activation, Norm

GROUPS = 8
"""Groups of features of a group norm, where their number is a multiple of it."""
_ACTIVATIONS: dict[Activation, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}
_NORMS = (nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm)


@dataclass(frozen=True, slots=True)
class Style:
    """Makes the activations and normalisations of a network, each anew and none in place.

    Explanations depend on that: methods that change what an activation does to gradients need one module for each
    use, and hooks need what a module was given to stay as it was.

    Attributes
    ----------
    activation : {"relu", "gelu", "silu"}
        The activation.
    norm : {"batch", "group", "instance"}
        The normalisation; group and instance norm take mean and variance from the whole map of one image.
    """

    activation: Activation = "relu"
    norm: Norm = "batch"

    @classmethod
    def of(cls, config: ModelConfig) -> "Style":
        """Return the style that settings name."""
        return cls(config.activation, config.norm)

    def activate(self) -> nn.Module:
        """Return an activation."""
        return _ACTIVATIONS[self.activation]()

    def normalise(self, features: int) -> nn.Module:
        """Return a normalisation of so many feature maps, with a learned scale and offset."""
        if self.norm == "batch":
            return nn.BatchNorm2d(features)
        if self.norm == "group":
            return nn.GroupNorm(gcd(GROUPS, features), features)
        return nn.InstanceNorm2d(features, affine=True)

    @property
    def least_side(self) -> int:
        """Side of the smallest map whose features can be normalised, also in training [px]."""
        return 1 if self.norm == "batch" else 2


def restyle(body: nn.Module, style: Style) -> None:
    """Replace every activation and normalisation of a network that another library built, in place.

    Parameters
    ----------
    body : Module
        Network with ReLU or PReLU, and batch, instance or group norm. One module used in several places gets a
        replacement for each.
    style : Style
        What to put there.
    """
    for name, child in body.named_children():
        if isinstance(child, nn.ReLU | nn.PReLU):
            setattr(body, name, style.activate())
        elif isinstance(child, _NORMS):
            features = child.num_channels if isinstance(child, nn.GroupNorm) else child.num_features
            setattr(body, name, style.normalise(features))
        else:
            restyle(child, style)
