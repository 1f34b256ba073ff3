"""Feature ablation over superpixels."""

from collections.abc import Iterator

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.covering import Parts, cover
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def feature_ablation(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield how much the score falls when a superpixel is replaced by the baseline.

    .. math:: M_p = S(I) - S(I \text{ with the baseline in the superpixel of } p)

    Zeiler and Fergus, ECCV 2014, arXiv:1311.2901, with superpixels (Achanta et al., IEEE TPAMI 34, 2274, 2012) in
    place of squares; the same as captum's ``FeatureAblation``, which says nothing before its end. As many
    forward passes as superpixels.

    Shape (y, x), of both signs, not scaled [log-odds per superpixel].
    """
    superpixels = scene.superpixels
    assert superpixels is not None, "the catalogue says that they are needed"
    yield from cover(score, scene, Parts(int(superpixels.max()) + 1, lambda number: superpixels == number))


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward for every superpixel, and for the image."""
    assert scene.superpixels is not None, "the catalogue says that they are needed"
    return int(scene.superpixels.max()) + 2
