"""What methods that change the gradients of activations need of a network, and of captum."""

import contextlib
import warnings
from collections.abc import Iterator

from torch import nn

from napari_strata.errors import MethodError


@contextlib.contextmanager
def quiet_hooks() -> Iterator[None]:
    """Keep captum from warning that it sets hooks; it takes them away itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Setting (forward|backward)", category=UserWarning)
        yield


@contextlib.contextmanager
def without_notes(network: nn.Module) -> Iterator[None]:
    """Take away the activations that captum's DeepLIFT notes at modules, which it leaves there if it fails."""
    before = {module: set(vars(module)) for module in network.modules()}
    try:
        yield
    finally:
        for module, names in before.items():
            for name in set(vars(module)) - names:
                delattr(module, name)


def require_relu(network: nn.Module, method: str) -> None:
    """Check that a network's activations are ReLUs that keep their input.

    Raises
    ------
    MethodError
        If there is none, or one that works in place and so leaves nothing to change.
    """
    found = [module for module in network.modules() if isinstance(module, nn.ReLU)]
    if not found:
        raise MethodError(
            f"{method} changes the gradients of ReLUs, and this network has none.",
            remedy="Choose another method, or train a network with the activation relu.",
        )
    if any(module.inplace for module in found):
        raise MethodError(
            f"{method} changes the gradients of ReLUs, and this network has one that works in place.",
            remedy="Set inplace=False in its ReLUs; networks of this package have none in place.",
        )
