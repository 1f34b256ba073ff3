"""Simulated crystals, mixed with what somebody paints on an image of their own while the network trains."""

import numpy as np

from napari_strata.requests import Correction
from napari_strata.training.patches.batches import Batch, Patch, PatchSource
from napari_strata.training.patches.corrections import LearnedFrames
from napari_strata.training.patches.learned_frame import Repainted

KEPT = 0.1
"""Part of the other patches that show the user's image when corrections have grown old, so that the network does
not unlearn them."""
_DRAW = 3
"""Tells the draw between the two apart from those that the source of crystals makes of the same step."""


class MixedSource:
    """Patches of one source, and of the frames that were corrected.

    Until something is painted, its patches are exactly those of the source.

    Parameters
    ----------
    main : PatchSource
        Where most patches come from, and those that are validated on.
    frames : LearnedFrames
        What the user paints on, empty at first.
    seed : int
        Seed of every patch.
    """

    def __init__(self, main: PatchSource, frames: LearnedFrames, *, seed: int) -> None:
        self.description = main.description
        self.frames = frames
        self._main = main
        self._seed = seed

    def patch(self, step: int, item: int) -> Patch:
        """Return a patch of the image that shows a recent correction, sometimes an older one, or any other."""
        if self.frames.has_labels:
            rng = np.random.default_rng([self._seed, step, item, _DRAW])
            corrected = self.frames.recent_patch(step, rng)
            if corrected is None and rng.random() < KEPT:
                corrected = self.frames.patch(rng)
            if corrected is not None:
                return corrected
        return self._main.patch(step, item)

    @property
    def holds_out(self) -> bool:
        """Whether the source holds anything out."""
        return self._main.holds_out

    def held_out(self) -> list[Batch]:
        """Return what the source holds out; corrections are learned from, all of them."""
        return self._main.held_out()

    def correct(self, correction: Correction, step: int) -> Repainted | None:
        """Learn what was painted from a step on."""
        return self.frames.correct(correction, step)
