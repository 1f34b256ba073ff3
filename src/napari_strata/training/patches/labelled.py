"""Batches from images that somebody labelled, wholly or by a few strokes."""

from threading import Lock

import numpy as np

from napari_strata.annotation.checks import check_painted
from napari_strata.config import ClassTable
from napari_strata.config.loss import LossConfig
from napari_strata.data.grid import resample_labels, to_network_grid
from napari_strata.data.patches import validation_windows
from napari_strata.data.split import split_labels
from napari_strata.losses.border_weights import Joined
from napari_strata.requests import Correction
from napari_strata.training.patches.batches import Batch, Patch, patch_rng
from napari_strata.training.patches.corrections import LearnedFrames
from napari_strata.training.patches.learned_frame import LearnedFrame, Repainted
from napari_strata.training.patches.recent import RecentCorrections
from napari_strata.types import BACKGROUND, FloatImage, ImageStack, LabelArray

CORE = 256
"""Side of the part of a held-out window whose labels count [px]."""
CORE_STEP = 64
"""Windows begin at multiples of this, itself a multiple of every network's stride [px]."""
WINDOWS_PER_SLICE = 8
"""Windows to validate on per held-out slice, so that a validation takes seconds, not minutes."""


class LabelledSource:
    """Random patches around labelled pixels; slices or strokes far from them are held out.

    What is painted while the network trains is learned from, also on slices that are held out; near it nothing is
    validated on any more.

    Parameters
    ----------
    images : sequence of ImageStack
        Checked images.
    labels : sequence of ndarray of uint8, shape (frame, layer, y, x) each
        Checked mask codes, in the order of `images`.
    table : ClassTable
        What the codes mean.
    patch_size : int
        Side of a patch on the network's grid [px].
    pixel_size : float or None
        Pixel size of the network's grid [Å/px]; None keeps that of the images.
    receptive_field : int
        Radius of the network's receptive field [px].
    validation_fraction : float
        Part of the slices or strokes to hold out.
    seed : int
        Seed of the split and of every patch.
    recent : RecentCorrections, optional
        How often what was painted just now is shown.
    frames : tuple of int, optional
        Which frames of the stack that is painted on the first image holds; by default 0, 1, ...
    margin : int
        By how much more is cut out on every side of a patch, as augmentation needs it [px].
    loss : LossConfig, optional
        How background between close objects is weighed.
    joined : tuple of tuple of int
        Codes of classes that overlap, see `napari_strata.training.patches.overlaps`.

    Raises
    ------
    LabelsError
        If fewer than two codes are left on the network's grid.
    """

    def __init__(
        self,
        images: tuple[ImageStack, ...],
        labels: tuple[LabelArray, ...],
        *,
        table: ClassTable,
        patch_size: int,
        pixel_size: float | None,
        receptive_field: int,
        validation_fraction: float,
        seed: int,
        recent: RecentCorrections | None = None,
        frames: tuple[int, ...] | None = None,
        margin: int = 0,
        loss: LossConfig = LossConfig(),  # noqa: B008 (frozen)
        joined: Joined = (),
    ) -> None:
        self._seed = seed
        self._receptive_field = receptive_field
        labelled = _labelled_frames(images, labels, pixel_size, frames)
        grids = [resample_labels(codes, (grid.shape[0], grid.shape[1])) for _, grid, codes in labelled]
        check_painted(*grids, table=table, name="the labels on the network's grid")
        split = split_labels(
            grids,
            fraction=validation_fraction,
            receptive_field=receptive_field,
            rng=np.random.default_rng(seed),
        )
        slices = "1 labelled slice" if len(labelled) == 1 else f"{len(labelled)} labelled slices"
        self.description = f"{slices}, {split.description}"
        self.frames = LearnedFrames(
            layers=labels[0].shape[1],
            classes=len(table.classes),
            patch_size=patch_size,
            pixel_size=pixel_size,
            receptive_field=receptive_field,
            recent=recent,
            margin=margin,
            loss=loss,
            joined=joined,
        )
        for (number, grid, codes), held_out in zip(labelled, split.validation, strict=True):
            self.frames.add(number, grid, codes, np.asarray((held_out >= BACKGROUND).any(axis=0)))
        self._held_out = {number: self._windows(self.frames[number]) for number, _, _ in labelled}
        self._stale: set[int] = set()
        self._changing = Lock()

    def patch(self, step: int, item: int) -> Patch:
        """Return a patch that shows a recent correction or, where there is none, any labelled pixel."""
        rng = patch_rng(self._seed, step, item)
        return self.frames.recent_patch(step, rng) or self.frames.patch(rng)

    @property
    def holds_out(self) -> bool:
        """Whether there are windows of held-out labels."""
        return bool(self.held_out())

    def held_out(self) -> list[Batch]:
        """Return windows of the held-out slices, each a batch of one, with all that its labelled pixels see."""
        with self._changing:
            for number in self._stale:
                self._held_out[number] = self._windows(self.frames[number])
            self._stale = set()
            return [batch for _, batches in sorted(self._held_out.items()) for batch in batches]

    def correct(self, correction: Correction, step: int) -> Repainted | None:
        """Learn what was painted from a step on, and validate no longer near it."""
        with self._changing:  # what is validated on may be prepared in another thread
            repainted = self.frames.correct(correction, step)
            if repainted is not None and repainted.changed_held_out:
                self._stale.add(correction.frame)
            return repainted

    def _windows(self, frame: LearnedFrame) -> list[Batch]:
        batches = []
        halo = -(-self._receptive_field // CORE_STEP) * CORE_STEP
        image, labels, weights = frame.unpadded, frame.held_out, frame.held_out_weights
        for rows, columns, *core in validation_windows(labels, core=CORE, halo=halo, limit=WINDOWS_PER_SLICE):
            counted = np.zeros_like(labels)
            counted[:, *core] = labels[:, *core]
            weighed = None if weights is None else weights[None, :, rows, columns]
            batches.append(Batch(image[None, rows, columns], counted[None, :, rows, columns], weighed))
        return batches


def _labelled_frames(
    images: tuple[ImageStack, ...],
    labels: tuple[LabelArray, ...],
    pixel_size: float | None,
    frames: tuple[int, ...] | None,
) -> list[tuple[int, FloatImage, LabelArray]]:
    """Return number, image on the network's grid and mask codes of every frame with a labelled pixel.

    The frames of further images have the numbers that follow.
    """
    numbers = list(range(len(images[0].data)) if frames is None else frames)
    numbers += range(max(numbers) + 1, max(numbers) + 1 + sum(len(stack.data) for stack in images[1:]))
    pairs = (
        (stack, image, codes)
        for stack, stack_codes in zip(images, labels, strict=True)
        for image, codes in zip(stack.data, stack_codes, strict=True)
    )
    return [
        (number, to_network_grid(image, stack.pixel_size, pixel_size), codes)
        for number, (stack, image, codes) in zip(numbers, pairs, strict=True)
        if (codes >= BACKGROUND).any()
    ]
