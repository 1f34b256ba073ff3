"""Grad-CAM++."""

from collections.abc import Iterator

import torch

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.layers import find_feature_map, with_gradients
from napari_strata.explain.methods.grad_cam import NEGLIGIBLE, on_image
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def grad_cam_plus_plus(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the class activation map whose weights count every place by how much it adds.

    .. math:: M_u = R_u \max\left(0, \sum_k w_k A_{k,u}\right), \qquad
        w_k = \sum_v \frac{g_{k,v}^2}{2 g_{k,v}^2 + g_{k,v}^3 \sum_{v'} R_{v'} A_{k,v'}} \max(0, g_{k,v})

    with the feature maps :math:`A_k` and the gradients :math:`g_{k,v} = \partial S / \partial A_{k,v}`.
    Chattopadhay et al., WACV 2018, arXiv:1710.11063, as for a class score whose exponential is explained.
    Deviations: as in Grad-CAM, :math:`R_u` is 1 where a feature pixel contributes to the score and 0 elsewhere,
    here also in the sum under the fraction, so that a window gives the same map as the whole image. The feature
    map is the coarsest one of the decoder, or the one that is named. captum has no Grad-CAM++. One forward and one
    backward pass.

    Shape (y, x), at least 0, not scaled; feature pixels interpolated bilinearly.

    Raises
    ------
    MethodError
        If the network has no feature map of the name in the settings.
    """
    default = score.network.coarsest(score.decoders[0])
    where = find_feature_map(score.network, scene.config.feature_map, default)
    shown, gradient = with_gradients(score, where, scene.image)
    contributions = (shown * gradient).abs().sum(dim=1, keepdim=True)
    reached = contributions > NEGLIGIBLE * contributions.max()
    sums = (shown * reached).sum(dim=(-2, -1), keepdim=True)
    square = gradient.square()
    below = 2 * square + square * gradient * sums
    alpha = torch.where(below != 0, square / torch.where(below != 0, below, torch.ones_like(below)), 0.0)
    weights = (alpha * gradient.relu()).sum(dim=(-2, -1), keepdim=True)
    cam = (weights * shown).sum(dim=1, keepdim=True).relu() * reached
    yield Attribution(on_image(cam, where, scene.shape)[0, 0])


def passes(_scene: Scene) -> int:
    """Return the passes through the network: forward and back."""
    return 2
