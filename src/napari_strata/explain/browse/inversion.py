"""What a feature map keeps of the image."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_strata.config.inside import InsideConfig
from napari_strata.errors import MethodError
from napari_strata.explain.browse.reaching import compute_to, features_at
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
    done : float
        Part of the steps that are done, 0 to 1.
    """

    image: Tensor
    error: float
    done: float


def invert(network: Network, where: FeatureMap, image: Tensor, config: InsideConfig) -> Iterator[Inverted]:
    r"""Yield images, ever sharper, whose activations come close to those of an image.

    .. math::
        x^* = \arg\min_x \frac{\lVert\Phi(x) - \Phi(x_0)\rVert^2}{\lVert\Phi(x_0)\rVert^2}
              + \frac{\lambda_\alpha}{N} \sum_p \left|\frac{x_p}{B}\right|^6
              + \frac{\lambda_V}{N} \sum_p \bigl((x_{p+\hat y} - x_p)^2 + (x_{p+\hat x} - x_p)^2\bigr)

    with the activations :math:`\Phi`, N pixels, and :math:`B = \max |x_0|`. Mahendran and Vedaldi, CVPR 2015,
    arXiv:1412.0035, with :math:`\alpha = 6` and :math:`\beta = 2`. Deviations: Adam takes the steps, whose length
    falls to 0 along a cosine, where they take gradient descent with momentum; and both regularisers are means over
    pixels, so that their weights mean the same for every size. It begins with noise, the same for the same seed.
    One forward and one backward pass up to the feature map for each step.

    Parameters
    ----------
    network : Network
        The network.
    where : FeatureMap
        The feature map.
    image : Tensor, shape (1, 1, y, x)
        The normalised image; only its activations, its size and B are used.
    config : InsideConfig
        ``steps``, ``rate``, ``smoothness`` (:math:`\lambda_V`), ``norm`` (:math:`\lambda_\alpha`) and ``seed``.

    Raises
    ------
    MethodError
        If all activations are 0.
    """
    wanted = features_at(network, where, image)
    size = wanted.square().sum()
    if not float(size) > 0:
        raise MethodError(
            "All activations of this feature map are 0, so they tell nothing of the image.",
            remedy="Choose another feature map.",
        )
    bound = image.abs().max()
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(config.seed))
    made = (0.1 * noise).to(image).requires_grad_()
    optimizer = torch.optim.Adam([made], lr=config.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    for step in range(1, config.steps + 1):
        with undisturbed(network), torch.enable_grad():
            distance = (compute_to(network, where, made) - wanted).square().sum() / size
            cost = distance + config.norm * (made / bound).abs().pow(POWER).mean()
            cost = cost + config.smoothness * total_variation(made)
            (made.grad,) = torch.autograd.grad(cost, made)
        optimizer.step()
        schedule.step()
        if step % TOLD_EVERY == 0 or step == config.steps:
            shown = made.detach()
            error = (features_at(network, where, shown) - wanted).square().sum() / size
            yield Inverted(shown[0, 0].clone(), float(error.sqrt()), step / config.steps)


def total_variation(image: Tensor) -> Tensor:
    """Return the squared differences of neighbours along y and along x, by pixel; image (1, 1, y, x)."""
    down, right = image.diff(dim=-2).square().sum(), image.diff(dim=-1).square().sum()
    return (down + right) / image.numel()
