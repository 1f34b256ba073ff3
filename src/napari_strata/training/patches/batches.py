"""What the training loop eats: patches on the network's grid with their truth, drawn without memory.

A patch depends on the seed, the step and its place in the batch alone (and on what was corrected before that
step), never on what was drawn before it. So a training that is resumed at any step, or spread over several
processes, draws what a single one would have drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from napari_strata.requests import Correction
from napari_strata.types import FloatImage, LabelArray, Truth

if TYPE_CHECKING:
    from napari_strata.training.patches.learned_frame import Repainted


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patch lies.

    Attributes
    ----------
    frame : int
        Number of the frame.
    y, x : int
        First row and column, without the margin, on the network's grid [px].
    """

    frame: int
    y: int
    x: int


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch on the network's grid, drawn larger by the margin that its augmentation needs.

    Attributes
    ----------
    image : ndarray of float32, shape (y, x)
        Normalised intensities.
    labels : ndarray of uint8, shape (layer, y, x)
        0 not labelled, 1 background, 2.. classes.
    weights, values : ndarray of float32, shape (layer, y, x), or None
        As in `napari_strata.types.Truth`.
    place : Place or None
        Where it was cut out; None for what was simulated.
    """

    image: FloatImage
    labels: LabelArray
    weights: FloatImage | None = None
    values: FloatImage | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Patches of one size.

    Attributes
    ----------
    images : ndarray of float32, shape (batch, y, x)
        Normalised intensities.
    labels : ndarray of uint8, shape (batch, layer, y, x)
        0 not labelled, 1 background, 2.. classes.
    weights, values : ndarray of float32, shape (batch, layer, y, x), or None
        As in `napari_strata.types.Truth`.
    spread : float
        What a difference of 1 of `values` is in the units of the targets.
    """

    images: FloatImage
    labels: LabelArray
    weights: FloatImage | None = None
    values: FloatImage | None = None
    spread: float = 1.0

    @classmethod
    def of(cls, patches: Sequence[Patch]) -> "Batch":
        """Stack patches; all or none of them have weights, and values.

        Raises
        ------
        ValueError
            If only some of them have.
        """
        return cls(
            np.stack([patch.image for patch in patches]),
            np.stack([patch.labels for patch in patches]),
            _stacked([patch.weights for patch in patches]),
            _stacked([patch.values for patch in patches]),
        )

    def to(self, device: torch.device) -> tuple[torch.Tensor, Truth]:
        """Return the images, shape (batch, 1, y, x), and their truth as tensors."""
        images, labels, weights, values = (
            None if array is None else torch.from_numpy(np.ascontiguousarray(array)).to(device)
            for array in (self.images, self.labels, self.weights, self.values)
        )
        assert images is not None
        assert labels is not None
        return images[:, None], Truth(labels, weights, values, self.spread)


def _stacked(maps: Sequence[FloatImage | None]) -> FloatImage | None:
    there = [one for one in maps if one is not None]
    if there and len(there) < len(maps):
        raise ValueError("only some patches of a batch have weights or values")
    return np.stack(there) if there else None


class PatchSource(Protocol):
    """Where patches come from."""

    description: str
    """In words, what is learned from."""

    def patch(self, step: int, item: int) -> Patch:
        """Return one training patch.

        Parameters
        ----------
        step : int
            Steps done before.
        item : int
            Its place in the batch.
        """

    @property
    def holds_out(self) -> bool:
        """Whether there is anything to validate on; known before it is drawn."""

    def held_out(self) -> list[Batch]:
        """Return the batches to validate on, always the same; empty where nothing can be held out."""

    def correct(self, correction: Correction, step: int) -> "Repainted | None":
        """Learn what was painted from `step` on; never called while a patch is drawn.

        Returns
        -------
        Repainted or None
            What it changed; None where it is what was known already.

        Raises
        ------
        LabelsError
            If it does not fit the image or the network.
        ImageError
            If it brings a frame that cannot be used.
        CalibrationError
            If the network needs a pixel size and that frame has none.
        """


def patch_rng(seed: int, step: int, item: int) -> np.random.Generator:
    """Return the generator of one patch."""
    return np.random.default_rng([seed, step, item])
