"""Grad-CAM for dense networks."""

from collections.abc import Iterator

import torch
from captum.attr import LayerGradCam, LayerGradientXActivation
from torch import Tensor

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.layers import find_feature_map
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.models.network import FeatureMap, Network

NEGLIGIBLE = 1e-6
"""Contributions below this part of the largest are rounding errors of the convolutions."""


def grad_cam(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the gradient-weighted class activation map of the decoder's coarsest feature map.

    .. math::
        M_u = R_u \max\left(0, \sum_k \alpha_k A_{k,u}\right), \qquad
        \alpha_k = \frac{1}{Z} \sum_v \frac{\partial S}{\partial A_{k,v}}

    with the feature maps :math:`A_k` of `Network.coarsest` and the number :math:`Z` of feature pixels on the whole
    image, also where only a window of it is computed. Selvaraju et al., ICCV 2017, arXiv:1610.02391; for
    segmentation Vinogradova, Dibrov and Myers, AAAI 2020, arXiv:2002.11434: with the target of a pixel, a region
    or a whole class this is Seg-Grad-CAM, whose score sums the logits of the target's pixels. Computed by captum's
    ``LayerGradCam``. Seg-Grad-CAM's authors find the bottleneck of a U-Net most informative, but all decoders
    share it; here it is the first block after it. The finest block says nothing: a 1 x 1 convolution away from the
    logits, its map is that of the logits, whatever the target. Deviations:

    - :math:`R_u` is 1 where a feature pixel contributes to the score
      (:math:`A_{k,u} \, \partial S / \partial A_{k,u} \ne 0` for some :math:`k`) and 0 elsewhere. The weights
      :math:`\alpha_k` hold for the whole image, so without it the map of one atom of a crystal lights up at
      every atom, though features out of reach have no influence on it. For a target that all features reach,
      :math:`R = 1`.
    - Where two decoders are compared, it is the first one's block.

    The feature map is this one, or the one that the settings name.

    Shape (y, x), at least 0, not scaled [log-odds per feature pixel]; feature pixels interpolated bilinearly. Two
    forward and two backward passes.

    Raises
    ------
    MethodError
        If the network has no feature map of the name in the settings.
    """
    default = score.network.coarsest(score.decoders[0])
    where = find_feature_map(score.network, scene.config.feature_map, default)
    image = scene.image.clone().requires_grad_()
    with undisturbed(score):
        of_means: Tensor = LayerGradCam(score, where.block).attribute(image, relu_attributions=True).detach()
        contributions: Tensor = LayerGradientXActivation(score, where.block).attribute(image).detach()
    size = contributions.abs().sum(dim=1, keepdim=True)
    reached = size > NEGLIGIBLE * size.max()
    # captum takes the mean over the window; beyond it all gradients are 0
    cam = of_means * reached * of_means[0, 0].numel() / feature_pixels(score.network, where, scene)
    yield Attribution(on_image(cam, where, scene.shape)[0, 0])


def passes(_scene: Scene) -> int:
    """Return the passes through the network: forward and back, twice."""
    return 4


def feature_pixels(network: Network, where: FeatureMap, scene: Scene) -> int:
    """Return how many pixels of a feature map lie on the whole image, what pads it to the stride included."""
    height, width = (
        -(-side // network.stride) * network.stride // where.pixel for side in scene.whole or scene.shape
    )
    return height * width


def on_image(map_: Tensor, where: FeatureMap, shape: tuple[int, int]) -> Tensor:
    """Interpolate a feature map bilinearly on the image's pixels.

    Parameters
    ----------
    map_ : Tensor, shape (batch, channel, y, x)
        The feature map, or what was computed from it.
    where : FeatureMap
        Where it lies.
    shape : tuple of int
        Height and width of the image [px].
    """
    rows, columns = (_weights(side, own, where).to(map_) for side, own in zip(shape, map_.shape[-2:], strict=True))
    return rows @ map_ @ columns.T


def _weights(side: int, own: int, where: FeatureMap) -> Tensor:
    """Return what each of `own` feature pixels counts at each of `side` pixels of the image, shape (side, own)."""
    at = ((torch.arange(side) - where.first) / where.pixel).clamp(0, own - 1)
    return (1 - (at[:, None] - torch.arange(own)).abs()).clamp(min=0)
