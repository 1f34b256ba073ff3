"""Expected Gradients."""

from collections.abc import Iterator

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.paths import random_paths
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def expected_gradients(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield Integrated Gradients, averaged over references from the data.

    .. math:: M_p = \mathbb E_{R, t} \left[(I_p - R_p)
        \frac{\partial S}{\partial I_p}\bigl(R + t (I - R)\bigr)\right], \qquad t \sim \mathcal U(0, 1)

    Erion et al., Nature Machine Intelligence 3, 620 (2021), arXiv:1906.10670. References :math:`R` are other parts
    of the same image, since a model's training data do not come with it. The map sums, on average, to the score
    less the mean score of the references; ``standard_error`` is its own uncertainty. As many forward and backward
    passes as samples.

    Shape (y, x), of both signs, not scaled [log-odds].
    """
    assert scene.references is not None, "the catalogue says that they are needed"
    yield from random_paths(score, scene, scene.references, noise=0.0)


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward and back for every sample."""
    return 2 * scene.config.samples
