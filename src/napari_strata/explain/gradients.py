"""Gradients of a score, many images at a time; what all methods that follow gradients begin with."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed


def gradients(score: TargetScore, images: Tensor) -> Tensor:
    """Return the gradients of the scores of images (batch, 1, y, x), each with respect to its own pixels."""
    with undisturbed(score), torch.enable_grad():
        images = images.detach().requires_grad_()
        (found,) = torch.autograd.grad(score.cropped(images).sum(), images)
    result: Tensor = found.detach()
    return result


def batches(count: int, size: int) -> Iterator[range]:
    """Divide the numbers below `count` into ranges of at most `size`."""
    for start in range(0, count, size):
        yield range(start, min(start + size, count))


class Moments:
    """Running mean and variance of maps, by Welford's update of whole batches."""

    def __init__(self) -> None:
        self.count = 0
        self._mean = torch.zeros(())
        self._squares = torch.zeros(())

    def add(self, maps: Tensor) -> None:
        """Add maps (batch, y, x)."""
        if not self.count:
            self._mean, self._squares = torch.zeros_like(maps[0]), torch.zeros_like(maps[0])
        new = len(maps)
        total, mean = self.count + new, maps.mean(dim=0)
        change = mean - self._mean
        self._squares = (
            self._squares + (maps - mean).square().sum(dim=0) + change.square() * self.count * new / total
        )
        self._mean = self._mean + change * new / total
        self.count = total

    @property
    def mean(self) -> Tensor:
        """Mean of all maps, shape (y, x)."""
        return self._mean

    @property
    def variance(self) -> Tensor:
        """Variance of the population, shape (y, x)."""
        return self._squares / self.count

    @property
    def figures(self) -> dict[str, float]:
        """The standard error of the mean, its root mean square over pixels."""
        if self.count < 2:
            return {}
        return {"standard_error": float((self._squares / (self.count * (self.count - 1))).mean().sqrt())}


def stack(images: Sequence[Tensor]) -> Tensor:
    """Join images (1, 1, y, x) to one batch (n, 1, y, x)."""
    return torch.cat(list(images))
