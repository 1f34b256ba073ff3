"""Activation of one channel of a feature map."""

from collections.abc import Iterator

from napari_strata.errors import MethodError
from napari_strata.explain.attribution import Attribution
from napari_strata.explain.layers import activations, find_feature_map, with_gradients
from napari_strata.explain.methods.grad_cam import on_image
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def layer_activation(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield what one channel of a feature map shows.

    .. math:: M_u = A_{k,u}, \qquad k = \arg\max_{k'} \sum_v A_{k',v} \frac{\partial S}{\partial A_{k',v}}

    so to first order the channel that says most for the score, unless ``channel`` names one; it is the figure
    ``channel``. What captum's ``LayerActivation`` gives of all channels; the choice is Grad-CAM's weighting
    (Selvaraju et al., ICCV 2017, arXiv:1610.02391), before its mean over places. The map itself knows of no
    target: it shows where the channel responds in the whole image. The feature map is the coarsest one of the
    decoder, or the one that is named. One forward pass and, where the channel is chosen, one backward pass.

    Shape (y, x), not scaled, of both signs where the activation is no ReLU; feature pixels interpolated
    bilinearly.

    Raises
    ------
    MethodError
        If the network has no feature map of the name in the settings, or that has no such channel.
    """
    default = score.network.coarsest(score.decoders[0])
    where, channel = find_feature_map(score.network, scene.config.feature_map, default), scene.config.channel
    if channel is None:
        shown, gradient = with_gradients(score, where, scene.image)
        channel = int((shown * gradient).sum(dim=(-2, -1))[0].argmax())
    else:
        shown = activations(score.network, where, scene.image)
        if channel >= shown.shape[1]:
            raise MethodError(
                f"The feature map has no channel {channel}.",
                remedy=f"Choose one from 0 to {shown.shape[1] - 1}, or none, which takes the one that says most.",
            )
    map_ = on_image(shown[:, channel : channel + 1], where, scene.shape)[0, 0]
    yield Attribution(map_, figures={"channel": float(channel)})


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward, and back where the channel is chosen."""
    return 2 if scene.config.channel is None else 1
