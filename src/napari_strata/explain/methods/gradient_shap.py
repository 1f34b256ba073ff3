"""Gradient SHAP."""

from collections.abc import Iterator

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.paths import random_paths
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def gradient_shap(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield gradients at random places between the baseline and noisy copies of the image.

    .. math:: M_p = \mathbb E_{\varepsilon, t} \left[(I_p + \sigma \varepsilon_p - B_p)
        \frac{\partial S}{\partial I_p}\bigl(B + t (I + \sigma \varepsilon - B)\bigr)\right]

    with :math:`t \sim \mathcal U(0, 1)` and :math:`\varepsilon \sim \mathcal N(0, 1)`. Lundberg and Lee, NeurIPS
    2017, arXiv:1705.07874, as in captum's ``GradientShap``, which says nothing before its end and draws from the
    generator of everybody. :math:`\sigma` is ``noise`` times the range; ``standard_error`` is the map's own
    uncertainty. As many forward and backward passes as samples.

    Shape (y, x), of both signs, not scaled [log-odds].
    """
    assert scene.baseline is not None, "the catalogue says that it is needed"
    baselines = scene.baseline.expand(scene.config.samples, -1, -1, -1)
    yield from random_paths(score, scene, baselines, noise=scene.config.noise * scene.range)


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward and back for every sample."""
    return 2 * scene.config.samples
