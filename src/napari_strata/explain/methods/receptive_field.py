"""The effective receptive field."""

from collections.abc import Iterator

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.gradients import Moments, batches, gradients, stack
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def receptive_field(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield how far a network looks, whatever the image shows.

    .. math:: M_p = \frac{1}{n} \sum_{i=1}^{n} \left|\frac{\partial S}{\partial I_p}(\varepsilon_i)\right|, \qquad
        \varepsilon_i \sim \mathcal N(0, 1)

    Luo et al., NeurIPS 2016, arXiv:1701.04128, who take the mean over random inputs, too; the magnitude is taken
    before the mean. It is a property of the network and of the target's place alone. As many forward and backward
    passes as samples.

    Shape (y, x), at least 0, not scaled [1 per standard deviation of the image].
    """
    moments = Moments()
    for numbers in batches(scene.config.samples, scene.config.batch):
        noise = stack([scene.draw_noise(number) for number in numbers])
        moments.add(gradients(score, noise)[:, 0].abs())
        yield Attribution(moments.mean, numbers.stop / scene.config.samples, moments.figures)


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward and back for every sample."""
    return 2 * scene.config.samples
