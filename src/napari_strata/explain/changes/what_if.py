"""What the network says of an image that was changed, and what it said of the image as it is."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_strata.config import AtomsConfig
from napari_strata.config.what_if import WhatIfConfig
from napari_strata.data.grid import to_network_grid, window_after, window_from_network_grid
from napari_strata.data.turns import box_turned, padded, turned, turned_back
from napari_strata.explain.changes.cropped_score import CroppedScore, crop_score
from napari_strata.explain.changes.image_changes import Mask, change_image, footprint, grown
from napari_strata.explain.changes.outcome import Compared, Outcome, Seen, atom_stays, compare_atoms, pixels_stay
from napari_strata.explain.prepare import Prepared
from napari_strata.explain.question import Question
from napari_strata.explain.targets import AtomTarget
from napari_strata.explain.trust.shot_noise import ShotNoise, shot_noise
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.explain.window import Window, window_around
from napari_strata.models.cropped import Box, Crop, can_be_cropped
from napari_strata.models.registry import LoadedModel
from napari_strata.types import BACKGROUND, AnyArray, FloatImage, ImageStack, LabelArray, Prediction

if TYPE_CHECKING:
    from pandas import DataFrame

AROUND = 5.0
"""So far around region and target the prediction is shown [Å]."""
AROUND_PX = 24
"""The same where the pixel size is not known [px]."""
SAME = 0.5
"""An atom that moves no farther than this is the same atom [Å]."""


class WhatIf:
    """Answers for one image, one network and one question what another image would change.

    The network sees the changed image as it would see any: normalised anew, as a whole. Orientation and decoders
    are those that the question was answered with.

    Parameters
    ----------
    model : LoadedModel
        The network and its card.
    image : ImageStack
        One checked frame.
    question : Question
        A checked question.
    prepared : Prepared
        Its score and view, of this model and image.
    locating : AtomsConfig, optional
        How atoms are found in the predictions.
    dose : float or None
        Electrons counted in the image [1/Å²]; None takes the noise that the image shows.

    Attributes
    ----------
    model, stack, prepared
        As given.
    image : ndarray of float64, shape (y, x)
        The image as it is.
    noise : ShotNoise
        Its shot noise.
    score : CroppedScore
        The question's.
    before : Seen
        What the network says of it; the score is that of the map.
    """

    def __init__(
        self,
        model: LoadedModel,
        image: ImageStack,
        question: Question,
        prepared: Prepared,
        *,
        locating: AtomsConfig | None = None,
        dose: float | None = None,
    ) -> None:
        self.model, self.stack, self.prepared, self._question = model, image, prepared, question
        self._locating = (locating or AtomsConfig()).model_copy(update={"refine": "centroid", "species": "class"})
        self.image: NDArray[np.float64] = np.asarray(image.data[0], np.float64)
        self.noise: ShotNoise = shot_noise(self.image, dose=dose, pixel_size=image.pixel_size)
        self.score: CroppedScore = crop_score(prepared)
        self._on_grid: tuple[AnyArray, FloatImage] | None = None
        seen = self._see(self.image)
        self._uncorrected = seen.score
        self.before = Seen(prepared.metadata["score"], seen.probability)
        self._shown: tuple[Window, FloatImage] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image [px]."""
        return self.prepared.shape

    @property
    def scale(self) -> float:
        """Pixels per ångström, 1 where the pixel size is not known."""
        return 1 / (self.stack.pixel_size or 1.0)

    @cached_property
    def footprint(self) -> Mask:
        """The pixels that the question is about."""
        radius = self.prepared.scene.config.target_radius
        return footprint(self._question, self.shape, pixel_size=self.stack.pixel_size, radius=radius)

    def region(self, mask: Mask | None, config: WhatIfConfig) -> Mask:
        """Return the pixels that are to be changed: a drawn region or the question's own, grown."""
        return grown(self.footprint if mask is None else mask, config.grow * self.scale)

    def change(self, region: Mask, config: WhatIfConfig) -> NDArray[np.float64]:
        """Return the changed image, see `napari_strata.explain.changes.image_changes.change_image`."""
        return change_image(self.image, region, config, pixel_size=self.stack.pixel_size, noise=self.noise)

    def look_ahead(self, region: Mask) -> None:
        """Predict the image as it is around a region, which every outcome there needs."""
        self._maps_before(self._around(region))

    def see(self, changed: AnyArray) -> Seen:
        """Return what the network says of the question's target in a changed image, shape (y, x)."""
        seen = self._see(changed)
        # what little the cropped score differs from the map's is in both
        return Seen(self.before.score + (seen.score - self._uncorrected), seen.probability)

    def _see(self, image: AnyArray) -> Seen:
        network = self.model.network
        with undisturbed(network), torch.no_grad():
            logits = self.score.logits(self._inputs(image, self.score.window))
            value = float(self.score.of(logits))
            if network.output == "values":
                return Seen(value, None)
            output = self.score.terms[0].output
            of_class = network.probabilities(logits)[0, output.decoder, output.index]
            return Seen(value, float((of_class * self.score.weights).sum()))

    def outcome(
        self,
        changed: AnyArray,
        region: Mask,
        details: Mapping[str, Any],
        *,
        after: Seen | None = None,
        with_masks: bool = True,
    ) -> Outcome:
        """Compare a changed image with the image.

        Parameters
        ----------
        changed : ndarray, shape (y, x)
            The changed image.
        region : ndarray of bool, shape (y, x)
            Where it may be changed.
        details : mapping
            What was done, for the metadata.
        after : Seen, optional
            What the network says of the changed image, where that is known.
        with_masks : bool
            Whether to look at the prediction around region and target, too, and not only at the score.
        """
        window, after = self._around(region), after or self.see(changed)
        compared = self._compare(changed, window) if with_masks else Compared()
        told = {
            "score_before": self.before.score,
            "score": after.score,
            "probability_before": self.before.probability,
            "probability": after.probability,
            "changed_class_px": compared.pixels,
            "vanished": compared.vanished,
            "appeared": compared.appeared,
            "renamed": compared.renamed,
            "target_stays": compared.stays,
            "target_words": compared.target_words,
            "region_px": int(region.sum()),
        }
        return Outcome(
            window,
            np.asarray(changed, np.float32)[window],
            self.before,
            after,
            {**self.prepared.metadata, "what_if": {**details, **told}},
            compared.masks,
            compared.pixels,
            compared.vanished,
            compared.appeared,
            compared.renamed,
            compared.stays,
            compared.target_words,
        )

    def _compare(self, changed: AnyArray, window: Window) -> Compared:
        before, after = self._maps_before(window), self._maps(changed, window)
        if before is None or after is None:
            return Compared()
        masks, old_masks = _codes(after), _codes(before)
        pixels = int((masks != old_masks).sum())
        asked, pixel_size = self.footprint[window], self.stack.pixel_size
        if pixel_size is None:
            return Compared(masks, pixels, None, None, None, *pixels_stay(old_masks[asked], masks[asked]))
        old, new = self._locate(before), self._locate(after)
        told, target = None, self._question.target
        if isinstance(target, AtomTarget):
            place = (target.y - window[0].start) * pixel_size, (target.x - window[1].start) * pixel_size
            told = atom_stays(old, new, place, within=SAME)
        told = told or pixels_stay(old_masks[asked], masks[asked])
        return Compared(masks, pixels, *compare_atoms(old, new, within=SAME), *told)

    def _inputs(self, image: AnyArray, window: Window) -> torch.Tensor:
        """Return what the network sees of a window of the turned and padded grid, shape (1, 1, y, x)."""
        if self._on_grid is None or self._on_grid[0] is not image:
            grid = to_network_grid(image, self.stack.pixel_size, self.model.card.model.pixel_size)
            # kept: score, prediction and slope are asked of the same image, and a large one takes its time
            self._on_grid = image, turned(padded(grid, self.model.network.stride), self.prepared.view.turn)
        seen = self._on_grid[1][window].copy()
        return torch.from_numpy(seen).to(self.prepared.view.inputs.device)[None, None]

    def _around(self, region: Mask) -> Window:
        """Return the part of the image around region and target."""
        pixel_size = self.stack.pixel_size
        more = AROUND_PX if pixel_size is None else round(AROUND / pixel_size)
        rows, columns = (
            slice(max(int(axis.min()) - more, 0), min(int(axis.max()) + more + 1, side))
            for axis, side in zip(np.nonzero(region | self.footprint), self.shape, strict=True)
        )
        return rows, columns

    def _maps_before(self, window: Window) -> FloatImage | None:
        """Return the maps of the image as it is, kept for the next change there."""
        if self._shown is None or self._shown[0] != window:
            maps = self._maps(self.image, window)
            if maps is None:
                return None
            self._shown = window, maps
        return self._shown[1]

    def _maps(self, image: AnyArray, window: Window) -> FloatImage | None:
        """Return the probabilities (class, y, x) of the target's layer in a window of the image."""
        network, view = self.model.network, self.prepared.view
        if network.output == "values":
            return None
        more = 2 + round(view.shape[0] / self.shape[0])  # interpolation reaches no farther
        box = window_after(window, self.shape, view.shape, grow=more)
        height = -(-view.shape[0] // network.stride) * network.stride
        box_seen, decoder = box_turned(box, height, view.turn), view.decoders[self._question.layer]
        with undisturbed(network), torch.no_grad():
            logits = self._logits(image, box_seen, decoder)
            maps = network.probabilities(logits)[0, 0].cpu().numpy()
        return self._on_image(turned_back(maps, view.turn), box, window)

    def _logits(self, image: AnyArray, box: Window, decoder: int) -> torch.Tensor:
        """Return the logits of one decoder in a box of the turned and padded grid, (1, 1, channel, y, x)."""
        network, frame = self.model.network, self.prepared.view.padded
        if can_be_cropped(network):
            crop = Crop(network, frame, Box(box[0].start, box[0].stop, box[1].start, box[1].stop))
            return crop.logits(self._inputs(image, crop.seen.slices), (decoder,))
        wanted = np.zeros(frame, np.float32)
        wanted[box] = 1
        part = window_around(wanted, network)
        inner = tuple(slice(b.start - p.start, b.stop - p.start) for b, p in zip(box, part, strict=True))
        logits: torch.Tensor = network(self._inputs(image, part))
        return logits[:, decoder : decoder + 1, :, inner[0], inner[1]]

    def _on_image(self, maps: FloatImage, box: Window, window: Window) -> FloatImage:
        """Resample maps (class, y, x) of a box of the grid to the image's pixels of a window."""
        whole = [
            window_from_network_grid(np.ascontiguousarray(one), box, self.prepared.view.shape, self.shape)
            for one in maps
        ]
        (first_row, first_column) = (axis.start for axis in whole[0][1])
        inner = tuple(
            slice(axis.start - first, axis.stop - first)
            for axis, first in zip(window, (first_row, first_column), strict=True)
        )
        return np.stack([one[inner[0], inner[1]] for one, _ in whole])

    def _locate(self, maps: FloatImage) -> "DataFrame":
        from napari_strata.atoms.locate import locate_atoms

        stack = self.stack
        prediction = Prediction(maps[None, None], self.model.card.classes.names, stack.pixel_size, stack.name)
        return locate_atoms(prediction, self._locating)


def _codes(maps: FloatImage) -> LabelArray:
    codes: LabelArray = (maps.argmax(axis=0) + BACKGROUND).astype(np.uint8)
    return codes
