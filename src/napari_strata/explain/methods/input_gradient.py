"""Gradient saliency: the magnitude of the input gradient."""

from collections.abc import Iterator

from captum.attr import Saliency
from torch import Tensor

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed


def input_gradient(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the magnitude of the score's gradient with respect to every pixel.

    .. math:: M_p = \left|\frac{\partial S}{\partial I_p}\right|

    Simonyan, Vedaldi and Zisserman, ICLR workshop 2014, arXiv:1312.6034; computed by captum's ``Saliency``.
    The map says how strongly a small change of each pixel would change the score, not how much of the score
    each pixel carries. It is 0 outside the receptive field. One forward and one backward pass.

    Shape (y, x), at least 0, not scaled [1 per standard deviation of the image].
    """
    with undisturbed(score):
        gradient: Tensor = Saliency(score).attribute(scene.image.clone().requires_grad_(), abs=True)
    yield Attribution(gradient[0, 0].detach())


def passes(_scene: Scene) -> int:
    """Return the passes through the network: forward and back."""
    return 2
