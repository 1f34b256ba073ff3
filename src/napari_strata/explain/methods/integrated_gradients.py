"""Integrated Gradients."""

from collections.abc import Iterator

import numpy as np
import torch

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.completeness import completeness
from napari_strata.explain.gradients import batches, gradients
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def integrated_gradients(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the gradients integrated on the straight way from the baseline to the image.

    .. math:: M_p = (I_p - B_p) \int_0^1 \frac{\partial S}{\partial I_p}\bigl(B + t (I - B)\bigr) \, \mathrm dt

    Sundararajan, Taly and Yan, ICML 2017, arXiv:1703.01365. The map sums to :math:`S(I) - S(B)`; by how much it
    misses that is the figure ``delta``. The integral is a Gauss-Legendre sum of ``steps`` nodes, as in captum's
    ``IntegratedGradients``, which says nothing before its end; here nodes from all over the way come first, and
    their sum is scaled to the whole. As many forward and backward passes as steps.

    Shape (y, x), of both signs, not scaled [log-odds].
    """
    assert scene.baseline is not None, "the catalogue says that it is needed"
    steps, difference = scene.config.steps, scene.image - scene.baseline
    nodes, weights = (torch.from_numpy(a).to(difference) for a in np.polynomial.legendre.leggauss(steps))
    nodes, weights = (nodes + 1) / 2, weights / 2
    order = spread(steps)
    total = torch.zeros_like(scene.image)
    share = 0.0
    for numbers in batches(steps, scene.config.batch):
        chosen = [order[number] for number in numbers]
        on_way = scene.baseline + nodes[chosen, None, None, None] * difference
        total += (weights[chosen, None, None, None] * gradients(score, on_way)).sum(dim=0, keepdim=True)
        share += float(weights[chosen].sum())
        found, done = (difference * total / share)[0, 0], numbers.stop / steps
        figures = completeness(score, scene.image, scene.baseline, found) if done == 1 else {}
        yield Attribution(found, done, figures)


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward and back for every step, and two for the check of the sum."""
    return 2 * scene.config.steps + 2


def spread(count: int) -> list[int]:
    """Return the numbers below `count` in an order whose beginnings lie evenly: van der Corput's."""
    digits = max(count - 1, 1).bit_length()
    mirrored = (int(f"{number:0{digits}b}"[::-1], 2) for number in range(2**digits))
    return [number for number in mirrored if number < count]
