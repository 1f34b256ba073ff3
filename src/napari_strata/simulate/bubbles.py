"""Bubbles in a liquid cell, as a stack of frames: bright rims on a background that no threshold takes off."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_strata.types import BACKGROUND, FloatImage, LabelArray

COUNTS = 25.0
"""Mean counts per pixel of the background."""
RIM, INSIDE, BACKGROUND_RANGE = 0.55, 0.06, 0.5
"""Brightness of a rim, darkness of its inside, and range of the background, relative to the mean background."""


@dataclass(frozen=True, slots=True)
class BubbleStack:
    """Frames and their truth.

    Attributes
    ----------
    images : ndarray of float32, shape (frame, y, x)
        Electron counts.
    labels : ndarray of uint8, shape (frame, y, x)
        1 background, 2 bubble, its rim included.
    """

    images: FloatImage
    labels: LabelArray


def simulate_bubbles(*, frames: int, size: int, bubbles: int, rng: np.random.Generator) -> BubbleStack:
    """Simulate bubbles that drift, grow and shrink.

    Parameters
    ----------
    frames : int
        Number of frames.
    size : int
        Side of a frame [px].
    bubbles : int
        Number of bubbles.
    rng : Generator
        Source of every draw; the same state gives the same stack.
    """
    centres = rng.uniform(0, size, (bubbles, 2)) + _walk(rng, frames, (bubbles, 2), size / 150)
    radii = rng.uniform(size / 30, size / 12, bubbles) * np.exp(_walk(rng, frames, (bubbles,), 0.03))
    strengths = rng.uniform(0.6, 1.0, bubbles)
    light = 1 + BACKGROUND_RANGE * (_smooth(rng, size, size / 6) + 0.5 * _smooth(rng, size, size / 40)) / 3
    drawn = [_draw(*frame, strengths, size) for frame in zip(centres, radii, strict=True)]
    clean = np.stack([light + brightness for brightness, _ in drawn])
    labels = np.stack([BACKGROUND + inside for _, inside in drawn]).astype(np.uint8)
    return BubbleStack(rng.poisson(COUNTS * np.clip(clean, 0.05, None)).astype(np.float32), labels)


def _walk(rng: np.random.Generator, frames: int, shape: tuple[int, ...], step: float) -> NDArray[np.float64]:
    """Return random walks with inertia, shape (frame, *shape)."""
    velocity = ndimage.gaussian_filter1d(rng.normal(0, step, (frames, *shape)), 2, axis=0) * 2
    return np.cumsum(velocity, axis=0)


def _smooth(rng: np.random.Generator, size: int, width: float) -> NDArray[np.float64]:
    """Return a smooth random field of mean 0 and standard deviation 1."""
    field = ndimage.gaussian_filter(rng.normal(size=(size, size)), width, mode="wrap")
    smooth: NDArray[np.float64] = (field - field.mean()) / field.std()
    return smooth


def _draw(
    centres: NDArray[np.float64], radii: NDArray[np.float64], strengths: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the brightness that the bubbles of one frame add, and where they are."""
    y, x = np.mgrid[:size, :size]
    brightness, inside = np.zeros((size, size)), np.zeros((size, size), bool)
    for (cy, cx), radius, strength in zip(centres, radii, strengths, strict=True):
        depth = radius - np.hypot(y - cy, x - cx)
        rim = np.exp(-0.5 * (depth / (0.07 * radius + 1)) ** 2)
        brightness += strength * (RIM * rim - INSIDE / (1 + np.exp(-np.clip(depth, -50, 50))))
        inside |= depth > -0.07 * radius - 1
    return brightness, inside
