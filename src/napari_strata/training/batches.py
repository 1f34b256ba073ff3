"""What the training loop eats: batches of normalised patches with their mask codes."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_strata.types import AnyArray, FloatImage, LabelArray


@dataclass(frozen=True, slots=True)
class Batch:
    """Patches on the network's grid.

    Attributes
    ----------
    images : ndarray of float32, shape (batch, y, x)
        Normalised intensities.
    labels : ndarray of uint8, shape (batch, layer, y, x)
        0 not labelled, 1 background, 2.. classes.
    """

    images: FloatImage
    labels: LabelArray


class BatchSource(Protocol):
    """Where batches come from."""

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """Return a random training batch of `size` patches."""

    def held_out(self) -> list[Batch]:
        """Return the batches to validate on, always the same; empty where nothing can be held out."""


def symmetric_variant(batch: Batch, rng: np.random.Generator) -> Batch:
    """Apply one of the eight symmetries of the square, a different one to every patch, and jitter the contrast."""
    images, labels = np.empty_like(batch.images), np.empty_like(batch.labels)
    for i in range(len(images)):
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
        images[i] = _turned(batch.images[i], turns, mirrored)
        labels[i] = _turned(batch.labels[i], turns, mirrored)
    gain = rng.uniform(0.9, 1.1, (len(images), 1, 1))
    offset = rng.uniform(-0.1, 0.1, (len(images), 1, 1))
    return Batch((images * gain + offset).astype(np.float32), labels)


def _turned(array: AnyArray, turns: int, mirrored: bool) -> AnyArray:
    turned = np.rot90(array, turns, axes=(-2, -1))
    return turned[..., ::-1] if mirrored else turned
