"""Feature maps inside a network: which there are, what they show, and what they mean for a score."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from napari_strata.config import ExplainConfig
from napari_strata.errors import MethodError
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.models.network import FeatureMap, Network


def find_feature_map(network: Network, name: str, default: FeatureMap) -> FeatureMap:
    """Return the feature map of a name, or the default where the name is empty.

    Raises
    ------
    MethodError
        If the network has none of that name; the remedy lists those it has.
    """
    return named_feature_map(network, name) if name else default


def named_feature_map(network: Network, name: str) -> FeatureMap:
    """Return the feature map of a name.

    Raises
    ------
    MethodError
        If the network has none of that name; the remedy lists those it has.
    """
    named = network.feature_maps()
    if name not in named:
        raise MethodError(f"The network has no feature map {name!r}.", remedy=f"It has: {'; '.join(named)}.")
    return named[name]


def name_of_feature_map(network: Network, decoder: int, config: ExplainConfig) -> str | None:
    """Return the name of the feature map that a method looks at; None for a method that looks at none.

    Parameters
    ----------
    network : Network
        The network.
    decoder : int
        The decoder whose score is explained; its coarsest feature map is the default.
    config : ExplainConfig
        Method and settings.
    """
    facts = METHODS[config.method]
    if "feature_map" not in facts.settings:
        return None
    if config.feature_map:
        return config.feature_map
    if facts.of_gates:
        return next(iter(network.attention_gates()), None)
    block = network.coarsest(decoder).block
    return next(name for name, one in network.feature_maps().items() if one.block is block)


def activations(network: Network, where: FeatureMap, image: Tensor) -> Tensor:
    """Return what a feature map shows of an image (1, 1, y, x), shape (1, channel, y', x')."""
    with undisturbed(network), torch.no_grad(), caught(where.block) as shown:
        network(image)
    return shown[0].detach()


def with_gradients(score: TargetScore, where: FeatureMap, image: Tensor) -> tuple[Tensor, Tensor]:
    """Return what a feature map shows, and the score's gradient with respect to it, both (1, channel, y', x')."""
    with undisturbed(score), torch.enable_grad(), caught(where.block) as shown:
        # Gradients are wanted of the feature map, and weights are frozen: so the image asks for them.
        value = score(image.detach().requires_grad_()).sum()
        (gradient,) = torch.autograd.grad(value, shown[0])
    return shown[0].detach(), gradient.detach()


@contextmanager
def caught(block: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what a module gives while the context lasts."""
    shown: list[Tensor] = []
    handle = block.register_forward_hook(lambda _module, _inputs, output: shown.append(output))
    try:
        yield shown
    finally:
        handle.remove()
