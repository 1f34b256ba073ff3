"""Networks whose weights are drawn anew, as copies: the network that is explained is never touched."""

import copy
import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from napari_strata.explain.score import TargetScore


@dataclass(frozen=True, slots=True)
class Stage:
    """Modules that are made random together.

    Attributes
    ----------
    name : str
        The first and the last of them, as in the network.
    modules : tuple of str
        Their names in the score.
    """

    name: str
    modules: tuple[str, ...]


def copy_of(score: TargetScore) -> TargetScore:
    """Return a copy of a score with a network of its own, in eval mode, its weights frozen."""
    copied = copy.deepcopy(score)
    copied.eval().requires_grad_(False)
    return copied


def find_stages(score: TargetScore, image: Tensor, count: int) -> tuple[Stage, ...]:
    """Divide a network into stages, the top first: the heads alone, then what was computed before.

    A convolution and the norms behind it stay together. Modules without any influence on this score, such as
    those of other decoders, belong to no stage.

    Parameters
    ----------
    score : TargetScore
        What is explained.
    image : Tensor, shape (1, 1, y, x)
        The window.
    count : int
        How many stages, if there are so many convolutions.
    """
    units: list[list[str]] = []
    for name in _influential(score, image):
        module = score.get_submodule(name)
        if not units or any(weight.dim() > 1 for weight in module.parameters(recurse=False)):
            units.append([])
        units[-1].append(name)
    top_down = units[::-1]
    if not top_down:
        return ()
    rest = min(count - 1, len(top_down) - 1)
    if rest == 0:
        return (_stage(top_down),)
    groups = np.array_split(np.arange(1, len(top_down)), rest)
    return (_stage(top_down[:1]), *(_stage([top_down[i] for i in group]) for group in groups))


def redraw(score: TargetScore, modules: Sequence[str], rng: np.random.Generator) -> None:
    r"""Give modules new weights, as torch draws them before a training.

    Weights of convolutions and linear maps are uniform within :math:`1 / \sqrt{n}` of n inputs, and so are their
    biases; norms become the identity; any other weights are permuted. No global random numbers are drawn.
    """
    for name in modules:
        module = score.get_submodule(name)
        if isinstance(module, nn.BatchNorm2d | nn.GroupNorm | nn.InstanceNorm2d | nn.LayerNorm):
            module.reset_parameters()  # draws nothing
            continue
        weight = getattr(module, "weight", None)
        for own in module.parameters(recurse=False):
            with torch.no_grad():
                own.copy_(_redrawn(own, weight, rng))


def redraw_all(score: TargetScore, rng: np.random.Generator) -> None:
    """Give all modules of the network new weights."""
    names = [f"network.{name}" if name else "network" for name, _ in score.network.named_modules()]
    redraw(score, names, rng)


def _influential(score: TargetScore, image: Tensor) -> list[str]:
    """Return the names of modules with weights that have an influence on the score, in the order of their work."""
    trial = copy_of(score)
    order: dict[str, None] = {}
    with ExitStack() as stack:
        for name, module in trial.named_modules():
            if next(module.parameters(recurse=False), None) is not None:
                hook = module.register_forward_hook(lambda *_, name=name: order.setdefault(name))
                stack.callback(hook.remove)
        trial.network.requires_grad_(True)
        with torch.enable_grad():
            value = trial(image).sum()
    owned = [(name, weight) for name in order for weight in trial.get_submodule(name).parameters(recurse=False)]
    if not owned:
        return []
    found = torch.autograd.grad(value, [weight for _, weight in owned], allow_unused=True)
    felt = {name for (name, _), slope in zip(owned, found, strict=True) if slope is not None and bool(slope.any())}
    return [name for name in order if name in felt]


def _stage(units: Sequence[Sequence[str]]) -> Stage:
    first, last = (unit[0].removeprefix("network.") for unit in (units[0], units[-1]))
    return Stage(first if first == last else f"{first} to {last}", tuple(name for unit in units for name in unit))


def _redrawn(own: Tensor, weight: object, rng: np.random.Generator) -> Tensor:
    if not (isinstance(weight, Tensor) and weight.dim() > 1):
        return _permuted(own, rng)
    bound = 1 / math.sqrt(max(weight[0].numel(), 1))
    return torch.from_numpy(rng.uniform(-bound, bound, tuple(own.shape))).to(own)


def _permuted(own: Tensor, rng: np.random.Generator) -> Tensor:
    order = torch.from_numpy(rng.permutation(own.numel())).to(own.device)
    return own.flatten()[order].reshape(own.shape)
