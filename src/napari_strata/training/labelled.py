"""Batches from images that somebody labelled, wholly or by a few strokes."""

import numpy as np

from napari_strata.annotation.checks import check_painted
from napari_strata.config import ClassTable
from napari_strata.data.grid import resample_labels, to_network_grid
from napari_strata.data.patches import pad_to, patch_origin, validation_windows
from napari_strata.data.split import split_labels
from napari_strata.requests import Correction
from napari_strata.training.batches import Batch, Patch, patch_rng
from napari_strata.types import BACKGROUND, FloatImage, ImageStack, LabelArray

CORE = 256
"""Side of the part of a held-out window whose labels count [px]."""
CORE_STEP = 64
"""Windows begin at multiples of this, itself a multiple of every network's stride [px]."""
WINDOWS_PER_SLICE = 8
"""Windows to validate on per held-out slice, so that a validation takes seconds, not minutes."""


class LabelledSource:
    """Random patches around labelled pixels; slices or strokes far from them are held out.

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
    ) -> None:
        self._patch_size = patch_size
        self._seed = seed
        frames = _labelled_frames(images, labels, pixel_size)
        check_painted(*(codes for _, codes in frames), table=table, name="the labels on the network's grid")
        split = split_labels(
            [codes for _, codes in frames],
            fraction=validation_fraction,
            receptive_field=receptive_field,
            rng=np.random.default_rng(seed),
        )
        slices = "1 labelled slice" if len(frames) == 1 else f"{len(frames)} labelled slices"
        self.description = f"{slices}, {split.description}"
        self._held_out = [
            batch
            for (image, _), codes in zip(frames, split.validation, strict=True)
            for batch in _windows(image, codes, receptive_field)
        ]
        training = zip(frames, split.training, strict=True)
        self._frames = [pad_to(image, codes, patch_size) for (image, _), codes in training if codes.any()]
        self._labelled = [_pixels_by_class(codes) for _, codes in self._frames]

    def patch(self, step: int, item: int) -> Patch:
        """Return a patch; every frame and, within it, every class is equally likely to be centred on."""
        rng = patch_rng(self._seed, step, item)
        frame = int(rng.integers(len(self._frames)))
        image, labels = self._frames[frame]
        pixels = self._labelled[frame][rng.integers(len(self._labelled[frame]))]
        y, x = patch_origin(pixels, image.shape, self._patch_size, rng)
        window = np.s_[..., y : y + self._patch_size, x : x + self._patch_size]
        return Patch(image[window], labels[window])

    def held_out(self) -> list[Batch]:
        """Return windows of the held-out slices, each a batch of one, with all that its labelled pixels see."""
        return self._held_out

    def correct(self, correction: Correction, step: int) -> None:
        """Learn what was painted from a step on."""
        raise NotImplementedError


def _labelled_frames(
    images: tuple[ImageStack, ...], labels: tuple[LabelArray, ...], pixel_size: float | None
) -> list[tuple[FloatImage, LabelArray]]:
    """Return (image, labels) on the network's grid of every frame with a labelled pixel."""
    frames = []
    for stack, codes in zip(images, labels, strict=True):
        for image, frame_codes in zip(stack.data, codes, strict=True):
            if (frame_codes >= BACKGROUND).any():
                grid = to_network_grid(image, stack.pixel_size, pixel_size)
                frames.append((grid, resample_labels(frame_codes, (grid.shape[0], grid.shape[1]))))
    return frames


def _windows(image: FloatImage, labels: LabelArray, receptive_field: int) -> list[Batch]:
    batches = []
    halo = -(-receptive_field // CORE_STEP) * CORE_STEP
    for rows, columns, *core in validation_windows(labels, core=CORE, halo=halo, limit=WINDOWS_PER_SLICE):
        counted = np.zeros_like(labels)
        counted[:, *core] = labels[:, *core]
        batches.append(Batch(image[None, rows, columns], counted[None, :, rows, columns]))
    return batches


def _pixels_by_class(labels: LabelArray) -> list[np.ndarray]:
    """Return the (y, x) of the pixels of each code that occurs, background included."""
    return [np.argwhere((labels == code).any(axis=0)) for code in np.unique(labels) if code >= BACKGROUND]
