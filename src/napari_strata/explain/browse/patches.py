"""Where in images a channel of a feature map is highest, and what it sees there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_strata.errors import MethodError
from napari_strata.explain.browse.feature_stack import FeatureStack
from napari_strata.types import AnyArray, FloatImage


@dataclass(frozen=True, slots=True)
class Patch:
    """A place where a channel is high.

    Attributes
    ----------
    frame : int
        Frame of the stack, from 0.
    y, x : float
        Centre of the feature pixel [px of the image].
    value : float
        The activation.
    top, bottom, left, right : float
        Outer edges of what the feature pixel sees, its receptive field, in coordinates in which (0, 0) is the
        centre of the first pixel [px of the image]; those of the image where it sees beyond.
    """

    frame: int
    y: float
    x: float
    value: float
    top: float
    bottom: float
    left: float
    right: float

    def cut(self, frame: AnyArray) -> AnyArray:
        """Return the pixels of its frame, shape (y, x), that lie in it, at least in part."""
        rows, columns = (
            slice(max(int(np.floor(low + 0.5 + _ROUNDING)), 0), int(np.ceil(high + 0.5 - _ROUNDING)))
            for low, high in ((self.top, self.bottom), (self.left, self.right))
        )
        return frame[rows, columns]


_ROUNDING = 1e-6
"""Edges that lie on the border of two pixels may miss it by so much [px]."""


def best_patches(stack: FeatureStack, channel: int, shape: tuple[int, int], number: int) -> tuple[Patch, ...]:
    """Return the places of one frame where a channel is highest, highest first.

    What they see does not overlap, so a unit that sees much has few.

    Parameters
    ----------
    stack : FeatureStack
        The feature map of the frame.
    channel : int
        Channel, from 0.
    shape : (int, int)
        Height and width of the frame [px].
    number : int
        At most so many.

    Raises
    ------
    MethodError
        If there is no such channel.
    """
    check_channel(channel, len(stack.data), stack.name)
    left = stack.data[channel].astype(np.float64)
    low = left.min()
    reach = stack.where.reach
    apart = -(-(reach.before + reach.after + 1) // stack.where.pixel)
    found: list[Patch] = []
    while len(found) < number:
        row, column = (int(i) for i in np.unravel_index(left.argmax(), left.shape))
        if not left[row, column] > low:
            break
        found.append(_patch(stack, (row, column), float(left[row, column]), shape))
        left[max(row - apart + 1, 0) : row + apart, max(column - apart + 1, 0) : column + apart] = -np.inf
    return tuple(found)


def check_channel(channel: int, channels: int, name: str) -> None:
    """Check that a feature map has a channel.

    Raises
    ------
    MethodError
        If it has not.
    """
    if not 0 <= channel < channels:
        raise MethodError(
            f"The feature map {name!r} has no channel {channel}.",
            remedy=f"Choose a channel from 0 to {channels - 1}.",
        )


def highest(patches: Sequence[Patch], number: int) -> tuple[Patch, ...]:
    """Return the highest patches of several frames, highest first."""
    return tuple(sorted(patches, key=lambda patch: -patch.value)[:number])


def describe_patches(patches: Sequence[Patch]) -> list[dict[str, Any]]:
    """Return patches ready for JSON."""
    return [
        {
            "frame": patch.frame,
            "y_px": patch.y,
            "x_px": patch.x,
            "value": patch.value,
            "sees_px": {side: getattr(patch, side) for side in ("top", "bottom", "left", "right")},
        }
        for patch in patches
    ]


def _patch(stack: FeatureStack, index: tuple[int, int], value: float, shape: tuple[int, int]) -> Patch:
    y, x = stack.place.at(index)
    edges = []
    for own, start, ratio, side in zip(index, stack.start, stack.grid, shape, strict=True):
        first, last = stack.where.seen(start + own)
        edges += [max(first / ratio, 0.0) - 0.5, min((last + 1) / ratio, float(side)) - 0.5]
    return Patch(stack.frame, y, x, value, *edges)


def in_grey(patches: Sequence[Patch], images: Sequence[AnyArray]) -> tuple[FloatImage, ...]:
    """Return what patches see as grey values from 0 to 1.

    Patches of one frame share a scale, from their darkest to their brightest pixel; frames may differ by more.

    Parameters
    ----------
    patches : sequence of Patch
        The patches.
    images : sequence of ndarray, shape (y, x)
        What they see, finite.

    Returns
    -------
    tuple of ndarray of float32, shape (y, x)
        0 everywhere in patches of a frame in which all pixels are alike.
    """
    limits: dict[int, tuple[float, float]] = {}
    for patch, image in zip(patches, images, strict=True):
        low, high = limits.get(patch.frame, (np.inf, -np.inf))
        limits[patch.frame] = min(low, float(image.min())), max(high, float(image.max()))
    grey = []
    for patch, image in zip(patches, images, strict=True):
        low, high = limits[patch.frame]
        grey.append(((image.astype(np.float64) - low) / ((high - low) or 1.0)).astype(np.float32))
    return tuple(grey)


def patch_sheet(images: Sequence[AnyArray]) -> FloatImage:
    """Lay cut-out patches beside each other in rows, each on the middle of its cell, NaN between.

    Parameters
    ----------
    images : sequence of ndarray, shape (y, x)
        At least one.
    """
    height, width = (max(image.shape[axis] for image in images) + 2 for axis in (0, 1))
    columns = int(np.ceil(np.sqrt(len(images))))
    rows = -(-len(images) // columns)
    sheet = np.full((rows * height, columns * width), np.nan, np.float32)
    for number, image in enumerate(images):
        y = number // columns * height + (height - image.shape[0]) // 2
        x = number % columns * width + (width - image.shape[1]) // 2
        sheet[y : y + image.shape[0], x : x + image.shape[1]] = image
    return sheet
