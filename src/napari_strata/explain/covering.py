"""Scores of an image with parts of it covered by the baseline."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_strata.explain.attribution import Attribution
from napari_strata.explain.gradients import batches
from napari_strata.explain.scene import Scene
from napari_strata.explain.score import TargetScore
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.models.cropped import Box

_Place = tuple[int, int, int]
"""Level of a square, and where it begins (y, x)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of a scene that are covered one after the other; masks of all at once would fill the memory.

    Attributes
    ----------
    count : int
        How many there are.
    mask : callable
        From a number below it to a mask of shape (y, x), true in that part.
    first : int
        So many of them look at the whole scene already, if only coarsely.
    idle : Tensor, shape (y, x), or None
        In how many more parts each pixel is which change no score, so that nobody covers them.
    """

    count: int
    mask: Callable[[int], Tensor]
    first: int = 1
    idle: Tensor | None = None


def cover(score: TargetScore, scene: Scene, parts: Parts) -> Iterator[Attribution]:
    """Yield, for every pixel, the mean fall of the score over the parts that cover it.

    Pixels that no part has covered yet show the value of the nearest one that is; those that none covers at all
    show 0 in the end.

    Parameters
    ----------
    score : TargetScore
        What is explained.
    scene : Scene
        Image and baseline.
    parts : Parts
        What is covered, one after the other.
    """
    before = float(scores(score, scene.image)[0])
    total, count = (torch.zeros(scene.shape, device=scene.image.device) for _ in range(2))
    if parts.idle is not None:
        count += parts.idle.to(count)
    for numbers in batches(parts.count, scene.config.batch):
        masks = torch.stack([parts.mask(number) for number in numbers]).to(scene.image.device)
        falls = before - scores(score, covered(scene, masks))
        total += (falls[:, None, None] * masks).sum(dim=0)
        count += masks.sum(dim=0)
        done = numbers.stop / parts.count
        found = torch.where(count > 0, total / count.clamp(min=1), torch.zeros(()).to(total))
        covers = numbers.stop >= parts.first
        yield Attribution(found if done == 1 else filled(found, count > 0), done, covers=covers)


def covered(scene: Scene, masks: Tensor) -> Tensor:
    """Return the image with the baseline where masks (batch, y, x) are true, shape (batch, 1, y, x)."""
    assert scene.baseline is not None, "the catalogue says that it is needed"
    return torch.where(masks[:, None], scene.baseline, scene.image)


def scores(score: TargetScore, images: Tensor) -> Tensor:
    """Return the scores of images (batch, 1, y, x), shape (batch,)."""
    with undisturbed(score), torch.no_grad():
        found: Tensor = score.cropped(images)
    return found


def squares(scene: Scene) -> Parts:
    """Return squares with the side ``window`` at every multiple of ``stride``, far apart at first.

    Multiples are counted in the whole image, so that a window has the squares of the whole that reach into it;
    those that reach beyond the border are cut off there. Those that hold nothing the score depends on are idle.
    """
    side, stride = scene.pixels(scene.config.window), scene.pixels(scene.config.stride)
    rows, columns = (
        _starts(origin, length, side, stride) for origin, length in zip(scene.origin, scene.shape, strict=True)
    )
    places = sorted((max(coarse, other), y, x) for coarse, y in rows for other, x in columns)
    idle = torch.zeros(scene.shape)
    if scene.seen is not None:
        places, others = _divided(places, side, scene.seen)
        for _, y, x in others:
            idle[_within(y, x, side)] += 1
    first = sum(level == places[0][0] for level, *_ in places)
    return Parts(len(places), lambda number: _square(scene.shape, *places[number][1:], side), first, idle)


def filled(map_: Tensor, known: Tensor) -> Tensor:
    """Give every pixel that is not known the value of the nearest known one."""
    from scipy import ndimage

    rows, columns = ndimage.distance_transform_edt(
        ~known.cpu().numpy(), return_distances=False, return_indices=True
    )
    nearest: Tensor = map_[torch.from_numpy(rows), torch.from_numpy(columns)]
    return nearest


def _starts(origin: int, length: int, side: int, stride: int) -> list[tuple[int, int]]:
    """Return (level, start in the window) of squares along one axis; level 0 is one in eight, 3 every second."""
    first, last = max((origin - side) // stride + 1, 0), (origin + length - 1) // stride
    return [
        (next(level for level in range(4) if index % (8 >> level) == 0), index * stride - origin)
        for index in range(first, last + 1)
    ]


def _divided(places: list[_Place], side: int, seen: Box) -> tuple[list[_Place], list[_Place]]:
    """Return the squares with a pixel in a box, and the others."""
    parts: tuple[list[_Place], list[_Place]] = ([], [])
    for place in places:
        _, y, x = place
        meets = seen.top < y + side and y < seen.bottom and seen.left < x + side and x < seen.right
        parts[not meets].append(place)
    return parts


def _square(shape: tuple[int, int], y: int, x: int, side: int) -> Tensor:
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[_within(y, x, side)] = True
    return mask


def _within(y: int, x: int, side: int) -> tuple[slice, slice]:
    return slice(max(y, 0), y + side), slice(max(x, 0), x + side)
