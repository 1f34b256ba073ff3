"""Gradients at random places on the ways from references to an image."""

from collections.abc import Iterator

import torch
from torch import Tensor

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.gradients import Moments, batches, gradients, stack
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore


def random_paths(score: TargetScore, scene: Scene, references: Tensor, *, noise: float) -> Iterator[Attribution]:
    """Yield the mean of difference times gradient, one random place on the way from each reference.

    Places are spread evenly: sample i of n lies at random in the i-th n-th of the way, in a random order, so that
    the mean is as exact as it can be with so many samples.

    Parameters
    ----------
    score : TargetScore
        What is explained.
    scene : Scene
        The image; its ``samples`` are the number of references.
    references : Tensor, shape (samples, 1, y, x)
        Where the ways begin.
    noise : float
        Standard deviation of the noise that is added to the image.
    """
    count, generator = scene.config.samples, scene.generator()
    places = (torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)) / count
    moments = Moments()
    for numbers in batches(count, scene.config.batch):
        chosen = list(numbers)
        images = scene.image.expand(len(chosen), -1, -1, -1)
        if noise:
            images = images + noise * stack([scene.draw_noise(number) for number in chosen])
        differences = images - references[chosen]
        on_way = references[chosen] + places[chosen, None, None, None].to(differences) * differences
        moments.add((differences * gradients(score, on_way))[:, 0])
        yield Attribution(moments.mean, numbers.stop / count, moments.figures)
