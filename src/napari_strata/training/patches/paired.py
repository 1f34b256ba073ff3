"""Patches of images and of the values that a network should make of them."""

from dataclasses import dataclass, replace

import numpy as np

from napari_strata.config.paired import Units
from napari_strata.data.grid import grid_and_scale, resample_values
from napari_strata.data.patches import cut_image, cut_maps, validation_windows
from napari_strata.data.scale import Scale
from napari_strata.errors import ImageError, LabelsError
from napari_strata.requests import Correction
from napari_strata.training.patches.batches import Batch, Patch, Place, patch_rng
from napari_strata.training.patches.corrections import LearnedFrames
from napari_strata.training.patches.labelled import CORE, CORE_STEP, WINDOWS_PER_SLICE
from napari_strata.types import BACKGROUND, NOT_LABELLED, FloatImage, ImageStack

LEAST_STRIP = 16
"""Rows of a single image that are held out, at least; with fewer left over nothing is [px]."""
TRIES = 100
"""Draws of a patch until it shows a known value."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A frame and its values on the network's grid, both as the network sees them.

    Attributes
    ----------
    image : ndarray of float32, shape (y, x)
        Normalised intensities.
    values : ndarray of float32, shape (layer, y, x)
        Scaled values, NaN where they are unknown or not to be used.
    spread : float
        What a difference of 1 of them is in the units of the target.
    """

    image: FloatImage
    values: FloatImage
    spread: float


class PairedSource:
    """Random patches of images with values; whole frames, or the lower end of a single one, are held out.

    Parameters
    ----------
    images : sequence of ImageStack
        Checked images.
    targets : sequence of ndarray of float32, shape (frame, layer, y, x) each
        Checked values, in the order of `images`.
    units : str
        "image": values are scaled as their image is, "own": all by their common mean and standard deviation.
    patch_size : int
        Side of a patch on the network's grid [px].
    pixel_size : float or None
        Pixel size of the network's grid [Å/px]; None keeps that of the images.
    receptive_field : int
        Radius of the network's receptive field [px].
    validation_fraction : float
        Part of the frames, or of the rows of a single one, to hold out.
    seed : int
        Seed of the split and of every patch.
    margin : int
        By how much more is cut out on every side of a patch, as augmentation needs it [px].

    Attributes
    ----------
    scale : Scale or None
        That of the values in units of their own.
    frames : LearnedFrames
        None: nobody can paint values.
    """

    def __init__(
        self,
        images: tuple[ImageStack, ...],
        targets: tuple[FloatImage, ...],
        *,
        units: Units,
        patch_size: int,
        pixel_size: float | None,
        receptive_field: int,
        validation_fraction: float,
        seed: int,
        margin: int = 0,
    ) -> None:
        self.scale = _common_scale(targets) if units == "own" else None
        self.frames = LearnedFrames(
            layers=targets[0].shape[1],
            classes=1,
            patch_size=patch_size,
            pixel_size=pixel_size,
            receptive_field=receptive_field,
        )
        self._patch_size, self._margin, self._seed = patch_size, margin, seed
        pairs = [
            _pair(image, values, stack.pixel_size, pixel_size, self.scale)
            for stack, target in zip(images, targets, strict=True)
            for image, values in zip(stack.data, target, strict=True)
        ]
        split = _split_frames if len(pairs) > 1 else _split_rows
        self._pairs, held_out, how = split(pairs, validation_fraction, receptive_field, seed)
        self._held_out = [batch for pair in held_out for batch in _windows(pair, receptive_field)]
        self.description = f"{len(pairs)} image{'s' if len(pairs) > 1 else ''} and their targets, {how}"

    def patch(self, step: int, item: int) -> Patch:
        """Return a patch of any frame; every place is equally likely, as long as a value is known in it."""
        rng = patch_rng(self._seed, step, item)
        number = int(rng.integers(len(self._pairs)))
        pair = self._pairs[number]
        for _ in range(TRIES):
            y, x = (int(rng.integers(max(1, side - self._patch_size + 1))) for side in pair.image.shape)
            square = y - self._margin, x - self._margin, self._patch_size + 2 * self._margin
            values = cut_maps(pair.values, *square, beyond=np.nan)
            if np.isfinite(values).any():
                break
        return Patch(cut_image(pair.image, *square), _known(values), values=values, place=Place(number, y, x))

    @property
    def holds_out(self) -> bool:
        """Whether anything is held out."""
        return bool(self._held_out)

    def held_out(self) -> list[Batch]:
        """Return windows of the held-out frames, each a batch of one, with all that their values depend on."""
        return self._held_out

    def correct(self, correction: Correction, step: int) -> None:
        """Refuse: labels are no values."""
        raise LabelsError(
            "The network learns values from images, not labels.",
            remedy="Train one with the output classes to have what is painted learned.",
        )


def _common_scale(targets: tuple[FloatImage, ...]) -> Scale:
    known = np.concatenate([values[np.isfinite(values)].ravel() for values in targets]).astype(np.float64)
    spread = float(known.std())
    if spread == 0:
        raise ImageError(
            f"All values of the targets are {known[0]:g}.",
            remedy="Choose targets that differ from pixel to pixel.",
        )
    return Scale(float(known.mean()), spread)


def _pair(
    image: FloatImage, values: FloatImage, pixel_size: float | None, target: float | None, scale: Scale | None
) -> Pair:
    grid, own = grid_and_scale(image, pixel_size, target)
    resampled = resample_values(values, (grid.shape[0], grid.shape[1]))
    scale = scale or own
    return Pair(grid, scale.apply(resampled), scale.spread)


def _split_frames(
    pairs: list[Pair], fraction: float, _receptive_field: int, seed: int
) -> tuple[list[Pair], list[Pair], str]:
    """Hold out whole frames, at least one unless the fraction is 0."""
    if fraction == 0:
        return pairs, [], "no held-out data"
    count = min(len(pairs) - 1, max(1, round(fraction * len(pairs))))
    chosen = set(np.random.default_rng(seed).permutation(len(pairs))[:count].tolist())
    rest = [pair for i, pair in enumerate(pairs) if i not in chosen]
    return rest, [pairs[i] for i in sorted(chosen)], f"{count} of them held out"


def _split_rows(
    pairs: list[Pair], fraction: float, receptive_field: int, _seed: int
) -> tuple[list[Pair], list[Pair], str]:
    """Hold out the lower rows of a single frame, beyond the reach of every row that is learned from."""
    [pair] = pairs
    height = len(pair.image)
    rows = round(fraction * height)
    if rows < LEAST_STRIP or height - rows - receptive_field < LEAST_STRIP:
        return pairs, [], "no held-out data"
    upper, lower = pair.values.copy(), pair.values.copy()
    upper[:, height - rows - receptive_field :] = np.nan
    lower[:, : height - rows] = np.nan
    how = f"of which the {rows} lowest rows are held out"
    return [replace(pair, values=upper)], [replace(pair, values=lower)], how


def _windows(pair: Pair, receptive_field: int) -> list[Batch]:
    """Cut a held-out frame into parts of which a validation takes seconds."""
    known = _known(pair.values)
    halo = -(-receptive_field // CORE_STEP) * CORE_STEP
    batches = []
    for rows, columns, *core in validation_windows(known, core=CORE, halo=halo, limit=WINDOWS_PER_SLICE):
        counted = np.full_like(pair.values, np.nan)
        counted[:, *core] = pair.values[:, *core]
        values = counted[None, :, rows, columns]
        image = pair.image[None, rows, columns]
        batches.append(Batch(image, _known(values), values=values, spread=pair.spread))
    return batches


def _known(values: FloatImage) -> np.ndarray:
    """Return labels that tell where values are known."""
    return np.where(np.isfinite(values), BACKGROUND, NOT_LABELLED).astype(np.uint8)
