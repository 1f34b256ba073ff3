"""Kernel SHAP over superpixels."""

from collections.abc import Iterator

import torch
from torch import Tensor

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.coalitions import in_batches, on_pixels, players, shapley_subsets
from napari_strata.explain.covering import covered, scores
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def kernel_shap(score: TargetScore, scene: Scene) -> Iterator[Attribution]:
    r"""Yield the Shapley values of superpixels.

    .. math:: M_p = \varphi_{k(p)}, \qquad \varphi_k = \sum_{A \not\ni k} \frac{|A|! \, (n - |A| - 1)!}{n!}
        \bigl(S(A \cup \{k\}) - S(A)\bigr)

    where :math:`S(A)` is the score with the baseline everywhere but in the superpixels of :math:`A`. Lundberg and
    Lee, NeurIPS 2017, arXiv:1705.07874: the least squares of :math:`S(A) - S(\emptyset) = \sum_{k \in A}
    \varphi_k` with the Shapley kernel, under the condition that all of them sum to :math:`S(I) - S(B)`. With
    no more subsets than ``subsets`` all are tried and the values are exact; else subsets are drawn from the
    kernel, each with its complement (Covert and Lee, AISTATS 2021, arXiv:2012.01536), and ``standard_error``
    is the root mean square uncertainty of the values; with fewer than two pairs for each superpixel nothing
    is known of it, and it is left out: take larger superpixels or more subsets. ``baseline_score`` is
    :math:`S(B)`. captum's ``KernelShap`` is never exact and knows no uncertainty. The players are the superpixels
    of the window on which the score can depend; all others have the value 0, so exact values are those of the
    whole image. As many forward passes as subsets.

    Shape (y, x), of both signs, not scaled [log-odds per superpixel].
    """
    count = players(scene)
    everything, nothing = torch.zeros((2, *scene.shape), dtype=torch.bool)[:, None].to(scene.image.device)
    ends = scores(score, covered(scene, torch.cat([everything, ~nothing]))).double().cpu()
    whole, empty = float(ends[0]), float(ends[1])
    told = {"baseline_score": empty}
    if count == 1:
        yield Attribution(on_pixels(scene, torch.tensor([whole - empty])), figures={**told, "standard_error": 0.0})
        return
    subsets, weights, exact = shapley_subsets(count, scene.config.subsets, scene.generator())
    for present, found, done in in_batches(score, scene, subsets):
        if done < 1 and len(found) < 2 * count:
            continue
        values, error = _fit(present.double(), found - empty, weights[: len(found)], whole - empty)
        known = exact or len(found) >= 4 * count
        figures = {"standard_error": 0.0 if exact else error} if known else {}
        yield Attribution(on_pixels(scene, values), done, {**told, **figures})


def passes(scene: Scene) -> int:
    """Return the passes through the network: forward for every subset, the image and the baseline."""
    return len(shapley_subsets(players(scene), scene.config.subsets, scene.generator())[0]) + 2


def _fit(present: Tensor, gains: Tensor, weights: Tensor, total: float) -> tuple[Tensor, float]:
    """Return the Shapley values, whose sum is `total`, and the root mean square of their standard errors."""
    # The last value is what is left of the total, so that the condition holds.
    last = present[:, -1:]
    z, y = present[:, :-1] - last, gains - total * last[:, 0]
    normal = z.T @ (weights[:, None] * z)
    inverse = torch.linalg.pinv(normal, hermitian=True)
    values = inverse @ (z.T @ (weights * y))
    # Sandwich estimate, as a linear model that is not true has residuals of its own for every subset. What a
    # subset and its complement have in common cancels, so pairs are counted, less those that the fit uses up.
    pulls = (weights * (y - z @ values))[:, None] * z
    pairs = pulls[: len(pulls) // 2 * 2].reshape(-1, 2, z.shape[1]).sum(dim=1)
    free = len(pairs) / max(len(pairs) - z.shape[1], 1)
    spread = free * inverse @ (pairs.T @ pairs) @ inverse
    variances = torch.cat([spread.diagonal(), spread.sum()[None]])
    return torch.cat([values, (total - values.sum())[None]]), float(variances.mean().clamp(min=0).sqrt())
