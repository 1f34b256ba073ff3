"""Occlusion."""

from collections.abc import Iterator

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.covering import cover, squares
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def occlusion(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield how much the score falls when a square is covered, wherever it is.

    .. math:: M_p = \frac{1}{|W_p|} \sum_{w \in W_p} \bigl(S(I) - S(I \text{ with the baseline in } w)\bigr)

    with :math:`W_p` the squares that cover pixel :math:`p`. Zeiler and Fergus, ECCV 2014, arXiv:1311.2901; the
    same as captum's ``Occlusion``, which says nothing before its end. Squares have the side ``window`` and begin
    at multiples of ``stride``; the first ones lie far apart, so that a coarse map comes at once. As many forward
    passes as squares that hold a pixel on which the score depends; the others change nothing, and only count.

    Shape (y, x), of both signs, not scaled [log-odds]; 0 outside the receptive field, even if a square reaches out
    of it.
    """
    yield from cover(score, scene, squares(scene))


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward for every square that matters, and for the image."""
    return 1 + squares(scene).count
