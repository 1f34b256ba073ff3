"""Which feature maps a network has, and how large they are."""

from contextlib import ExitStack
from dataclasses import dataclass

import torch

from napari_strata.explain.layers import caught
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.models.network import Network


@dataclass(frozen=True, slots=True)
class FeatureFacts:
    """What a feature map is.

    Attributes
    ----------
    name : str
        Its name.
    channels : int
        How many maps it consists of.
    pixel : int
        Side of its pixels [px of the network's grid].
    sees : int
        Side of the receptive field of each [px of the network's grid].
    """

    name: str
    channels: int
    pixel: int
    sees: int

    @property
    def words(self) -> str:
        """What it is, in two short lines."""
        channels = "1 channel" if self.channels == 1 else f"{self.channels} channels"
        seen = f"Each sees {self.sees} x {self.sees} px of the network's grid."
        return f"{channels}, pixels of {self.pixel} px.\n{seen}"


def list_feature_maps(network: Network) -> tuple[FeatureFacts, ...]:
    """Return what feature maps a network has, in the order in which they are computed."""
    maps = network.feature_maps()
    image = torch.zeros(1, 1, network.stride, network.stride, device=next(network.parameters()).device)
    with undisturbed(network), torch.no_grad(), ExitStack() as stack:
        shown = {name: stack.enter_context(caught(where.block)) for name, where in maps.items()}
        network(image)
    return tuple(
        FeatureFacts(name, shown[name][0].shape[1], where.pixel, where.reach.before + where.reach.after + 1)
        for name, where in maps.items()
    )
