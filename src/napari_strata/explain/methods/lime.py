"""LIME over superpixels."""

from collections.abc import Iterator

import torch

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.coalitions import in_batches, on_pixels, players
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore

WIDTH = 0.25
"""Width of the kernel of nearness, as in the authors' program for images."""
RIDGE = 1.0
"""Weight of the squares of the coefficients, as there."""


def lime(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the coefficients of a linear model of the score near the image.

    .. math:: M_p = \beta_{k(p)}, \qquad
        \beta = \arg\min_\beta \sum_i e^{-D_i^2 / w^2} \Bigl(S_i - \beta_0 - \sum_k \beta_k z_{ik}\Bigr)^2
        + \lambda \lVert \beta \rVert^2

    Random superpixels (:math:`z_{ik} = 0`) are replaced by the baseline; :math:`D` is the cosine distance of
    :math:`z_i` from the whole image. Ribeiro, Singh and Guestrin, KDD 2016, arXiv:1602.04938, with kernel and
    ridge regression of the authors' program. captum's ``Lime`` needs scikit-learn, says nothing before its
    end and draws from the generator of everybody. ``r_squared`` is how much of the scores' variance the
    linear model explains, near 1 if it may be believed; where there are no more subsets than superpixels any
    model would, and it is left out. The superpixels are those of the window on which the score can depend;
    with more of them LIME would give another map, as nearness counts all. As many forward passes as subsets.

    Shape (y, x), of both signs, not scaled [log-odds per superpixel].
    """
    count = players(scene)
    drawn = torch.rand((scene.config.subsets, count), generator=scene.generator()) < 0.5
    drawn[0] = True
    for present, scores, done in in_batches(score, scene, drawn):
        if len(scores) <= 1:
            continue
        beta, r_squared = _fit(present.double(), scores)
        figures = {"r_squared": r_squared} if len(scores) > count + 1 else {}
        yield Attribution(on_pixels(scene, beta), done, figures)


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward for every subset."""
    return scene.config.subsets


def _fit(present: torch.Tensor, scores: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Return the coefficients of the superpixels, and the part of the weighted variance that they explain."""
    cosine = present.sum(dim=1).sqrt() / present.shape[1] ** 0.5
    weights = torch.exp(-(((1 - cosine) / WIDTH) ** 2))
    weights = weights / weights.sum() * len(weights)
    mean_z, mean_s = (weights @ present) / weights.sum(), (weights @ scores) / weights.sum()
    z, s = present - mean_z, scores - mean_s
    normal = z.T @ (weights[:, None] * z) + RIDGE * torch.eye(present.shape[1], dtype=z.dtype)
    beta = torch.linalg.solve(normal, z.T @ (weights * s))
    variance = float((weights * s.square()).sum())
    left = float((weights * (s - z @ beta).square()).sum())
    return beta, 1 - left / variance if variance else 1.0
