"""Attention maps of networks with attention gates."""

from collections.abc import Iterator

from napari_strata.errors import MethodError
from napari_strata.explain.attribution import Attribution
from napari_strata.explain.layers import activations
from napari_strata.explain.methods.grad_cam import on_image
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore
from napari_strata.models.network import FeatureMap, Network


def attention(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the coefficients with which an attention gate lets features pass.

    .. math:: \alpha_u = \sigma\bigl(\psi^\top \max(0, W_x x_u + W_g g_u + b_g) + b_\psi\bigr)

    with :math:`x` what is skipped, :math:`g` what comes from the coarser level, and :math:`\sigma` the logistic
    function. Oktay et al., MIDL 2018, arXiv:1804.03999, whose figures show the same; MONAI's gates normalise after
    each convolution, and work on the grid of what is skipped. It tells what the network lets pass, whatever the
    target: the score has no say in it. The gate is that of the finest level, or the one that is named. Of the
    whole image. One forward pass.

    Shape (y, x), 0 (nothing passes) to 1 (all does); coarser gates interpolated bilinearly.

    Raises
    ------
    MethodError
        If the network has no attention gates, or none of the name in the settings.
    """
    where = _find_gate(score.network, scene.config.feature_map)
    yield Attribution(on_image(activations(score.network, where, scene.image), where, scene.shape)[0, 0])


def passes(_scene: Scene) -> int:
    """Return the passes through the network: forward."""
    return 1


def _find_gate(network: Network, name: str) -> FeatureMap:
    gates = network.attention_gates()
    if not gates:
        raise MethodError(
            "The network has no attention gates.",
            remedy="Take another method, or a model whose architecture is attention-unet.",
        )
    if name and name not in gates:
        raise MethodError(
            f"The network has no attention gate {name!r}.", remedy=f"Leave it empty, or take: {'; '.join(gates)}."
        )
    return gates[name] if name else next(iter(gates.values()))
