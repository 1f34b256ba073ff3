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
    """A frame and its values on the network's grid.

    Attributes
    ----------
    image : ndarray of float32, shape (y, x)
        Normalised intensities.
    values : ndarray of float32, shape (layer, y, x)
        Values, NaN where they are unknown or not to be used.
    scale : Scale
        How the network sees the values; that of the image's intensities unless they have units of their own.
    """

    image: FloatImage
    values: FloatImage
    scale: Scale

    @property
    def known(self) -> np.ndarray:
        """The values that are known."""
        return self.values[np.isfinite(self.values)]

    def scaled(self, common: Scale | None) -> "Pair":
        """Return it with its values as the network sees them."""
        scale = common or self.scale
        return replace(self, values=scale.apply(self.values), scale=scale)


class PairedSource:
    """Random patches of images with values; whole frames, or the lower end of a single one, are held out.

    Parameters
    ----------
    images : sequence of ImageStack
        Checked images.
    targets : sequence of ndarray of float32, shape (frame, layer, y, x) each
        Checked values, in the order of `images`.
    units : str
        "image": values are scaled as their image is, "own": all by mean and standard deviation of those that are
        learned from.
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

    Raises
    ------
    ImageError
        If no value is left on the network's grid, or all that are learned from in units of their own are the same.

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
        self.frames = LearnedFrames(
            layers=targets[0].shape[1],
            classes=1,
            patch_size=patch_size,
            pixel_size=pixel_size,
            receptive_field=receptive_field,
        )
        self._patch_size, self._margin, self._seed = patch_size, margin, seed
        pairs = _known_pairs(images, targets, pixel_size)
        split = _split_frames if len(pairs) > 1 else _split_rows
        learned, held_out, how = split(pairs, validation_fraction, receptive_field, seed)
        self.scale = _common_scale(learned) if units == "own" else None
        self._pairs = [pair.scaled(self.scale) for pair in learned]
        windows = (_windows(pair.scaled(self.scale), receptive_field) for pair in held_out)
        self._held_out = [batch for batches in windows for batch in batches]
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


def _known_pairs(
    images: tuple[ImageStack, ...], targets: tuple[FloatImage, ...], pixel_size: float | None
) -> list[Pair]:
    """Return the frames of which a value is known."""
    pairs = [
        _pair(image, values, stack.pixel_size, pixel_size)
        for stack, target in zip(images, targets, strict=True)
        for image, values in zip(stack.data, target, strict=True)
    ]
    known = [pair for pair in pairs if len(pair.known)]
    if not known:
        raise ImageError(
            "On the network's grid no value of the targets is known.", remedy="Choose targets with fewer gaps."
        )
    return known


def _common_scale(learned: list[Pair]) -> Scale:
    known = np.concatenate([pair.known for pair in learned]).astype(np.float64)
    spread = float(known.std())
    if spread == 0:
        raise ImageError(
            f"All values of the targets that are learned from are {known[0]:g}.",
            remedy="Choose targets that differ from pixel to pixel.",
        )
    return Scale(float(known.mean()), spread)


def _pair(image: FloatImage, values: FloatImage, pixel_size: float | None, target: float | None) -> Pair:
    grid, scale = grid_and_scale(image, pixel_size, target)
    return Pair(grid, resample_values(values, (grid.shape[0], grid.shape[1])), scale)


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
    learned, held_out = replace(pair, values=upper), replace(pair, values=lower)
    if not len(learned.known) or not len(held_out.known):
        return pairs, [], "no held-out data"
    return [learned], [held_out], f"of which the {rows} lowest rows are held out"


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
        batches.append(Batch(image, _known(values), values=values, spread=pair.scale.spread))
    return batches


def _known(values: FloatImage) -> np.ndarray:
    """Return labels that tell where values are known."""
    return np.where(np.isfinite(values), BACKGROUND, NOT_LABELLED).astype(np.uint8)
