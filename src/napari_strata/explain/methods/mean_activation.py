"""Mean activation of a feature map."""

from collections.abc import Iterator

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.layers import activations, find_feature_map
from napari_strata.explain.methods.grad_cam import on_image
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def mean_activation(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the mean of all channels of a feature map.

    .. math:: M_u = \frac{1}{K} \sum_{k=1}^{K} A_{k,u}

    The weights of a class activation map (Zhou et al., CVPR 2016, arXiv:1512.04150) are all alike here, so that it
    tells where a layer of the network responds, whatever the target: the score has no say in it. The feature map
    is the coarsest one of the decoder, or the one that is named; single channels are shown by Layer activation. Of
    the whole image. One forward pass.

    Shape (y, x), not scaled, at least 0 where the activation is a ReLU, else of both signs; feature pixels
    interpolated bilinearly.

    Raises
    ------
    MethodError
        If the network has no feature map of the name in the settings.
    """
    default = score.network.coarsest(score.decoders[0])
    where = find_feature_map(score.network, scene.config.feature_map, default)
    mean = activations(score.network, where, scene.image).mean(dim=1, keepdim=True)
    yield Attribution(on_image(mean, where, scene.shape)[0, 0])


def passes(_scene: Scene) -> int:
    """Return the passes through the network: forward."""
    return 1
