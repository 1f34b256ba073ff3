"""Gradient times input."""

from collections.abc import Iterator

from captum.attr import InputXGradient
from torch import Tensor

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed


def gradient_x_input(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the gradient times the normalised image.

    .. math:: M_p = I_p \frac{\partial S}{\partial I_p}

    Shrikumar et al., arXiv:1605.01713; computed by captum's ``InputXGradient``. In the normalised image 0 is the
    mean, so the map tells to first order how much of the score each pixel carries by being brighter or darker than
    that; for a network that is linear in the image it sums to the score less that of a flat image. One forward and
    one backward pass.

    Shape (y, x), of both signs, not scaled [log-odds].
    """
    with undisturbed(score):
        found: Tensor = InputXGradient(score).attribute(scene.image.clone().requires_grad_())
    yield Attribution(found[0, 0].detach())


def passes(_scene: Scene) -> int:
    """Return the passes through the network: forward and back."""
    return 2
