"""The frames that a training learns from, and may be taught anew while it runs."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import TrainingConfig
from napari_strata.config.loss import LossConfig
from napari_strata.config.optimization import CorrectionsConfig
from napari_strata.data.grid import to_network_grid
from napari_strata.data.images import check_image
from napari_strata.data.patches import cut_image, cut_labels, cut_maps, patch_origin
from napari_strata.errors import LabelsError
from napari_strata.losses.border_weights import Joined
from napari_strata.requests import Correction
from napari_strata.training.patches.batches import Patch, Place
from napari_strata.training.patches.learned_frame import LearnedFrame, Repainted
from napari_strata.training.patches.recent import RecentCorrections
from napari_strata.types import BACKGROUND, FloatImage, LabelArray


class LearnedFrames:
    """Frames by their number in the stack that is painted on, with what was corrected lately.

    Parameters
    ----------
    layers, classes : int
        Crystal layers and foreground classes of the network.
    patch_size : int
        Side of a patch [px].
    margin : int
        By how much more is cut out on every side, as augmentation needs it [px].
    pixel_size : float or None
        Pixel size of the network's grid [Å/px]; None keeps that of the frames.
    receptive_field : int
        Radius of the network's receptive field [px].
    recent : RecentCorrections, optional
        How often what was painted just now is shown.
    loss : LossConfig, optional
        How background between close objects is weighed.
    joined : tuple of tuple of int
        Codes of classes that overlap, see `napari_strata.training.patches.overlaps`.
    """

    def __init__(
        self,
        *,
        layers: int,
        classes: int,
        patch_size: int,
        pixel_size: float | None,
        receptive_field: int,
        recent: RecentCorrections | None = None,
        margin: int = 0,
        loss: LossConfig = LossConfig(),  # noqa: B008 (frozen)
        joined: Joined = (),
    ) -> None:
        self._loss, self._joined = loss, joined
        self._layers = layers
        self._largest = BACKGROUND + classes
        self._patch_size = patch_size
        self._margin = margin
        self._pixel_size = pixel_size
        self._receptive_field = receptive_field
        self._frames: dict[int, LearnedFrame] = {}
        self._drawn: list[int] = []
        self.recent = recent or RecentCorrections(CorrectionsConfig(), TrainingConfig().steps_per_epoch)

    def __len__(self) -> int:
        return len(self._frames)

    def __contains__(self, frame: int) -> bool:
        return frame in self._frames

    def __getitem__(self, frame: int) -> LearnedFrame:
        return self._frames[frame]

    def __iter__(self) -> Iterator[LearnedFrame]:
        return (frame for _, frame in sorted(self._frames.items()))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the frames, in order."""
        return tuple(sorted(self._frames))

    def add(
        self, number: int, image: FloatImage, labels: LabelArray, held_out: NDArray[np.bool_] | None = None
    ) -> None:
        """Add a frame that is not there yet.

        Parameters
        ----------
        number : int
            Its number.
        image : ndarray of float32, shape (y, x)
            The frame on the network's grid, normalised by itself.
        labels : ndarray of uint8, shape (layer, y', x')
            Its mask codes on its own grid; copied.
        held_out : ndarray of bool, shape (y, x), optional
            Pixels that are validated on.
        """
        self._frames[number] = LearnedFrame(
            image,
            labels.copy(),
            patch_size=self._patch_size,
            receptive_field=self._receptive_field,
            held_out=held_out,
            loss=self._loss,
            joined=self._joined,
        )
        self._look_for_labels()

    @property
    def has_labels(self) -> bool:
        """Whether there is anything to learn from."""
        return bool(self._drawn)

    def patch(self, rng: np.random.Generator) -> Patch:
        """Draw a patch; every frame and, within it, every class is equally likely to be centred on.

        Where all labels were erased it shows the first frame, without labels.
        """
        if not self._drawn:
            return self._cut(min(self._frames), np.zeros((1, 2), np.intp), rng)
        number = self._drawn[int(rng.integers(len(self._drawn)))]
        frame = self._frames[number]
        codes = frame.census.codes
        code = codes[int(rng.integers(len(codes)))]
        pixel = frame.census.pixel(code, int(rng.integers(frame.census.number(code))))
        return self._cut(number, pixel[None], rng)

    def recent_patch(self, step: int, rng: np.random.Generator) -> Patch | None:
        """Draw a patch that shows a recent correction, or None where another one is to be drawn."""
        drawn = self.recent.draw(step, rng)
        return None if drawn is None else self._cut(*drawn, rng)

    def correct(self, correction: Correction, step: int) -> Repainted | None:
        """Learn what was painted from a step on, see `napari_strata.training.patches.batches.PatchSource`."""
        self._check_codes(correction)
        if correction.frame not in self._frames and not correction.codes.any():
            return None
        frame = self._frame_for(correction)
        repainted = frame.repaint(correction.layer, correction.y, correction.x, correction.codes)
        if repainted is not None:
            self.recent.add(correction.frame, repainted.pixels, frame.learned, step)
            self._look_for_labels()
        return repainted

    def _cut(self, number: int, pixels: NDArray[np.intp], rng: np.random.Generator) -> Patch:
        frame = self._frames[number]
        y, x = patch_origin(pixels, frame.image.shape, self._patch_size, rng)
        square = y - self._margin, x - self._margin, self._patch_size + 2 * self._margin
        place = Place(number, y - frame.corner[0], x - frame.corner[1])
        weights = None if frame.weights is None else cut_maps(frame.weights, *square, beyond=1)
        image, labels = cut_image(frame.image, *square), cut_labels(frame.learned, *square)
        return Patch(image, labels, weights, place=place)

    def _look_for_labels(self) -> None:
        self._drawn = [number for number, frame in sorted(self._frames.items()) if frame.census.codes]

    def _frame_for(self, correction: Correction) -> LearnedFrame:
        """Return the frame of a correction, which is added if it is new."""
        number, shape = correction.frame, None
        if number in self._frames:
            shape = self._frames[number].own_shape
        elif correction.pixels is not None:
            shape = correction.pixels.shape
        if shape is None:
            raise LabelsError(
                f"Slice {number} was painted on, but the training does not know its image.",
                remedy="Train again to learn from it.",
            )
        _check_place(correction, (shape[0], shape[1]))
        if number not in self._frames:
            assert correction.pixels is not None
            [pixels] = check_image(correction.pixels[None], f"Slice {number}")
            grid = to_network_grid(pixels, correction.pixel_size, self._pixel_size)
            self.add(number, grid, np.zeros((self._layers, *pixels.shape), np.uint8))
        return self._frames[number]

    def _check_codes(self, correction: Correction) -> None:
        largest = int(correction.codes.max(initial=0))
        if largest > self._largest:
            raise LabelsError(
                f"A class was painted (code {largest}) that this network does not know; that is not learned now.",
                remedy="Stop, and train again: a new training begins with all classes of the table.",
            )
        if not 0 <= correction.layer < self._layers:
            raise LabelsError(
                f"Crystal layer {correction.layer} was painted; the network has {self._layers}.",
                remedy="Train again with as many layers as the labels have.",
            )


def _check_place(correction: Correction, shape: tuple[int, int]) -> None:
    height, width = correction.codes.shape
    ends = correction.y + height, correction.x + width
    if min(correction.y, correction.x) < 0 or ends[0] > shape[0] or ends[1] > shape[1]:
        raise LabelsError(
            f"Labels at ({correction.y}, {correction.x}) of {height} x {width} px lie outside the image of "
            f"{shape[0]} x {shape[1]} px.",
            remedy="Make labels for this image in the Label dock.",
        )
