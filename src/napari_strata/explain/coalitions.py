"""Superpixels as players: scores of subsets of them, the others replaced by the baseline."""

from collections.abc import Iterator

import torch
from torch import Tensor

from napari_strata.explain.covering import covered, scores
from napari_strata.explain.gradients import batches
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def players(scene: Scene) -> int:
    """Return the number of superpixels."""
    assert scene.superpixels is not None, "the catalogue says that they are needed"
    return int(scene.superpixels.max()) + 1


def in_batches(score: TargetScore, scene: Scene, subsets: Tensor) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Yield all subsets so far, their scores, and the part that is done.

    Parameters
    ----------
    score : TargetScore
        What is explained.
    scene : Scene
        Image, baseline and superpixels.
    subsets : Tensor of bool, shape (n, superpixels)
        Which superpixels are there.
    """
    assert scene.superpixels is not None, "the catalogue says that they are needed"
    found: list[Tensor] = []
    for numbers in batches(len(subsets), scene.config.batch):
        absent = ~subsets[numbers.start : numbers.stop].to(scene.image.device)
        found.append(scores(score, covered(scene, absent[:, scene.superpixels])).double().cpu())
        yield subsets[: numbers.stop], torch.cat(found), numbers.stop / len(subsets)


def on_pixels(scene: Scene, values: Tensor) -> Tensor:
    """Return the map (y, x) of the values of superpixels."""
    assert scene.superpixels is not None, "the catalogue says that they are needed"
    return values.to(scene.image)[scene.superpixels]


def shapley_subsets(count: int, most: int, generator: torch.Generator) -> tuple[Tensor, Tensor, bool]:
    """Return subsets for the Shapley kernel, their weights, and whether they are all there are.

    Parameters
    ----------
    count : int
        Number of players, at least 2.
    most : int
        Greatest number of subsets.
    generator : Generator
        For subsets that are drawn.

    Returns
    -------
    subsets : Tensor of bool, shape (n, players)
        Neither the empty one nor the whole.
    weights : Tensor of float64, shape (n,)
        Weights in the least squares: the kernel where all subsets are there, 1 where they are drawn from it.
    exact : bool
        Whether all subsets are there.
    """
    if count < 40 and 2**count - 2 <= most:
        numbers = torch.arange(1, 2**count - 1)
        subsets = (numbers[:, None] >> torch.arange(count)) & 1 == 1
        sizes = subsets.sum(dim=1).double()
        logs = torch.lgamma(sizes + 1) + torch.lgamma(count - sizes + 1) - torch.lgamma(torch.tensor(count + 1.0))
        return subsets, (count - 1) * logs.exp() / (sizes * (count - sizes)), True
    sizes = torch.arange(1, count, dtype=torch.float64)
    drawn = 1 + torch.multinomial(1 / (sizes * (count - sizes)), most // 2, replacement=True, generator=generator)
    ranks = torch.rand((most // 2, count), generator=generator).argsort(dim=1).argsort(dim=1)
    half = ranks < drawn[:, None]
    subsets = torch.stack([half, ~half], dim=1).reshape(-1, count)
    return subsets, torch.ones(len(subsets), dtype=torch.float64), False
