"""SmoothGrad."""

from collections.abc import Iterator

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.gradients import Moments, batches, gradients, stack
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def smooth_grad(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the magnitude of the mean of the gradients at noisy copies of the image.

    .. math:: M_p = \left|\frac{1}{n} \sum_{i=1}^{n}
        \frac{\partial S}{\partial I_p}(I + \sigma \varepsilon_i)\right|,
        \qquad \varepsilon_i \sim \mathcal N(0, 1)

    Smilkov et al., arXiv:1706.03825, whose noise is also given as a part of the range of the image: :math:`\sigma`
    is ``noise`` times the range, :math:`n` is ``samples``. captum's ``NoiseTunnel`` says nothing before its end
    and draws from the generator of everybody; here every copy has noise of its own number, the same in a window as
    in the whole image. As many forward and backward passes as samples.

    Shape (y, x), at least 0, not scaled [1 per standard deviation of the image].
    """
    sigma, moments = scene.config.noise * scene.range, Moments()
    for numbers in batches(scene.config.samples, scene.config.batch):
        noisy = scene.image + sigma * stack([scene.draw_noise(number) for number in numbers])
        moments.add(gradients(score, noisy)[:, 0])
        yield Attribution(moments.mean.abs(), numbers.stop / scene.config.samples, moments.figures)


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward and back for every copy."""
    return 2 * scene.config.samples
