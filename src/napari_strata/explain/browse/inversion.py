"""What a feature map keeps of the image."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_strata.config.inside import InsideConfig
from napari_strata.errors import MethodError
from napari_strata.explain.browse.parts import Part, parts_of
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.models.network import FeatureMap, Network

TOLD_EVERY = 5
"""Steps between two images that are handed out."""
POWER = 6
"""Of the norm: small values cost next to nothing, those beyond the image's range very much."""


@dataclass(frozen=True, slots=True, eq=False)
class Inverted:
    """An image that was made from activations, as far as it is.

    Attributes
    ----------
    image : Tensor, shape (y, x)
        Normalised intensities.
    error : float
        Length of the difference of its activations from those given, relative to the length of those given.
    likeness : float
        Pearson correlation of its pixels with those of the image whose activations were given, -1 to 1; 0 where
        one of them is flat.
    done : float
        Part of the steps that are done, 0 to 1.
    """

    image: Tensor
    error: float
    likeness: float
    done: float


def invert(
    network: Network,
    where: FeatureMap,
    image: Tensor,
    config: InsideConfig,
    *,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Iterator[Inverted]:
    r"""Yield images, ever sharper, whose activations come close to those of an image.

    .. math::
        x^* = \arg\min_x \frac{\lVert\Phi(x) - \Phi(x_0)\rVert^2}{\lVert\Phi(x_0)\rVert^2}
              + \frac{\lambda_\alpha}{N} \sum_p \left|\frac{x_p}{B}\right|^6
              + \frac{\lambda_V}{N} \sum_p \bigl((x_{p+\hat y} - x_p)^2 + (x_{p+\hat x} - x_p)^2\bigr)

    with the activations :math:`\Phi`, N pixels, and :math:`B = \max |x_0|`. Mahendran and Vedaldi, CVPR 2015,
    arXiv:1412.0035, with :math:`\alpha = 6` and :math:`\beta = 2`. Deviations: Adam takes the steps, whose length
    falls to 0 along a cosine, where they take gradient descent with momentum; and both regularisers are means over
    pixels, so that their weights mean the same for every size. It begins with noise, the same for the same seed.
    One forward and one backward pass up to the feature map for each step, of large images part by part: the sum
    over the feature map's pixels has a gradient that is the sum of those of its parts.

    Parameters
    ----------
    network : Network
        The network.
    where : FeatureMap
        The feature map.
    image : Tensor, shape (1, 1, y, x)
        The normalised image; only its activations, its size and B are used, and `Inverted.likeness` tells how
        close the result comes to it.
    config : InsideConfig
        ``steps``, ``rate``, ``smoothness`` (:math:`\lambda_V`), ``norm`` (:math:`\lambda_\alpha`) and ``seed``.
    is_wanted : callable
        Asked before every part of a step; where it says no, nothing more is yielded.

    Raises
    ------
    MethodError
        If all activations are 0.
    """
    aim = _Aim(network, where, image)
    bound = image.abs().max()
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(config.seed))
    made = (0.1 * noise).to(image).requires_grad_()
    optimizer = torch.optim.Adam([made], lr=config.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    for step in range(1, config.steps + 1):
        with torch.enable_grad():
            cost = config.norm * (made / bound).abs().pow(POWER).mean()
            cost = cost + config.smoothness * total_variation(made)
            (made.grad,) = torch.autograd.grad(cost, made)
        if not aim.add_gradient(made, is_wanted):
            return
        optimizer.step()
        schedule.step()
        if step % TOLD_EVERY == 0 or step == config.steps:
            shown = made.detach().clone()
            yield Inverted(shown[0, 0], aim.error(shown), _likeness(shown, image), step / config.steps)


class _Aim:
    """The activations to come close to.

    Parameters
    ----------
    network : Network
        The network.
    where : FeatureMap
        The feature map.
    image : Tensor, shape (1, 1, y, x)
        The image whose activations they are.

    Raises
    ------
    MethodError
        If all activations are 0.
    """

    def __init__(self, network: Network, where: FeatureMap, image: Tensor) -> None:
        self._network, self._where = network, where
        self._parts: Sequence[Part] = parts_of(network, where, (image.shape[-2], image.shape[-1]))
        with undisturbed(network), torch.no_grad():
            self._wanted = [part.features(network, where, part.cut(image)).clone() for part in self._parts]
        self._size = sum(float(wanted.square().sum()) for wanted in self._wanted)
        if not self._size > 0:
            raise MethodError(
                "All activations of this feature map are 0, so they tell nothing of the image.",
                remedy="Choose another feature map.",
            )

    def add_gradient(self, made: Tensor, is_wanted: Callable[[], bool]) -> bool:
        """Add the gradient of the relative squared distance to ``made.grad``; return whether it is complete."""
        assert made.grad is not None, "that of the other terms"
        for part, wanted in zip(self._parts, self._wanted, strict=True):
            if not is_wanted():
                return False
            with undisturbed(self._network), torch.enable_grad():
                window = part.cut(made.detach()).clone().requires_grad_()
                shown = part.features(self._network, self._where, window)
                (gradient,) = torch.autograd.grad((shown - wanted).square().sum() / self._size, window)
            part.cut(made.grad).add_(gradient)
        return True

    def error(self, made: Tensor) -> float:
        """Return the relative distance of an image's activations."""
        with undisturbed(self._network), torch.no_grad():
            away = sum(
                float((part.features(self._network, self._where, part.cut(made)) - wanted).square().sum())
                for part, wanted in zip(self._parts, self._wanted, strict=True)
            )
        return float((away / self._size) ** 0.5)


def _likeness(one: Tensor, other: Tensor) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(one.norm() * other.norm())
    return float((one * other).sum()) / size if size > 0 else 0.0


def total_variation(image: Tensor) -> Tensor:
    """Return the squared differences of neighbours along y and along x, by pixel; image (1, 1, y, x)."""
    down, right = image.diff(dim=-2).square().sum(), image.diff(dim=-1).square().sum()
    return (down + right) / image.numel()
