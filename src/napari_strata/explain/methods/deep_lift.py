"""DeepLIFT."""

from collections.abc import Iterator

from captum.attr import DeepLift
from torch import Tensor

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.completeness import completeness
from napari_strata.explain.hooks import quiet_hooks, without_notes
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed


def deep_lift(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the contributions of the differences from the baseline.

    .. math:: M_p = (I_p - B_p) \, m_p, \qquad m = \text{multipliers } \frac{\Delta S}{\Delta I}
        \text{ by the rescale rule}

    Shrikumar, Greenside and Kundaje, ICML 2017, arXiv:1704.02685; computed by captum's ``DeepLift``: the gradient
    of every activation is replaced by the ratio of its differences between image and baseline. The map sums to
    :math:`S(I) - S(B)`; by how much it misses that is the figure ``delta``. One forward and one backward pass of
    image and baseline together.

    Shape (y, x), of both signs, not scaled [log-odds].
    """
    assert scene.baseline is not None, "the catalogue says that it is needed"
    with undisturbed(score), quiet_hooks(), without_notes(score):
        found: Tensor = DeepLift(score).attribute(scene.image.clone().requires_grad_(), scene.baseline)
    map_ = found[0, 0].detach()
    yield Attribution(map_, figures=completeness(score, scene.image, scene.baseline, map_))


def passes(_scene: Scene) -> int:
    """Return the passes through the network: forward and back of two images, and two for the check of the sum."""
    return 6
