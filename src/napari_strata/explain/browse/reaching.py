"""Computing a network as far as one feature map."""

import torch
from torch import Tensor, nn

from napari_strata.explain.undisturbed import undisturbed
from napari_strata.models.network import FeatureMap, Network


class _Reached(Exception):
    """Raised by a hook to leave a network whose rest nobody needs."""

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.features = features


def features_at(network: Network, where: FeatureMap, image: Tensor) -> Tensor:
    """Return what a feature map shows of an image (1, 1, y, x), shape (1, channel, y', x')."""
    with undisturbed(network), torch.no_grad():
        return compute_to(network, where, image).detach()


def compute_to(network: Network, where: FeatureMap, image: Tensor) -> Tensor:
    """Compute a network in its present mode up to a feature map, with gradients where they are enabled.

    What comes after is not computed, which spares most of the time where an early feature map is computed again
    and again.
    """

    def leave(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        raise _Reached(output)

    handle = where.block.register_forward_hook(leave)
    try:
        network(image)
    except _Reached as reached:
        return reached.features
    finally:
        handle.remove()
    raise AssertionError("every feature map of a network is computed")
