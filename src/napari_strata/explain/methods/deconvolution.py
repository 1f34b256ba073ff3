"""Deconvolution."""

from collections.abc import Iterator

from captum.attr import Deconvolution
from torch import Tensor

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.hooks import quiet_hooks, require_relu
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed


def deconvolution(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield what is led back through the network with only what speaks for the score let through its ReLUs.

    .. math:: R^{l}_p = \mathbb 1[R^{l+1}_p > 0] \, R^{l+1}_p

    for what is led back, :math:`R`, whatever the input of the ReLU was; elsewhere as in a gradient. Zeiler and
    Fergus, ECCV 2014, arXiv:1311.2901; computed by captum's ``Deconvolution``. Close to an edge detector: see its
    sanity check before believing it (Adebayo et al., arXiv:1810.03292). One forward and one backward pass.

    Shape (y, x), of both signs, not scaled.

    Raises
    ------
    MethodError
        If the network has no ReLU, or one that works in place.
    """
    require_relu(score.network, "Deconvolution")
    with undisturbed(score), quiet_hooks():
        found: Tensor = Deconvolution(score).attribute(scene.image.clone().requires_grad_())
    yield Attribution(found[0, 0].detach())


def passes(_scene: Scene) -> int:
    """Return the passes through the network: forward and back."""
    return 2
