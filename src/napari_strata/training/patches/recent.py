r"""What was painted just now is drawn more often than the rest, and less so from epoch to epoch.

With the age :math:`a_i` of the i-th correction in epochs and the half-life :math:`h`, a patch shows a recent
correction with the probability :math:`p = s \max_i 2^{-a_i / h}`, s being the share; which one, with a probability
in proportion to :math:`2^{-a_i / h}`. So many corrections do not push all else out, and old ones make way for new
ones. It depends on the corrections and the step alone, never on what was drawn before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.optimization import CorrectionsConfig
from napari_strata.types import LabelArray

MOST_PIXELS = 4096
"""Pixels of a correction that are kept to be centred on, evenly spread; a slice may have millions."""
NEGLIGIBLE = 1e-6
"""Corrections whose weight has fallen so low are no longer drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """One correction.

    Attributes
    ----------
    frame : int
        Frame, as in `napari_strata.requests.Correction`.
    pixels : ndarray of int, shape (n, 2)
        (y, x) of pixels that changed and are labelled, on the padded frame.
    step : int
        First step that learns from it.
    """

    frame: int
    pixels: NDArray[np.intp]
    step: int


class RecentCorrections:
    """Draws pixels of recent corrections.

    Parameters
    ----------
    config : CorrectionsConfig
        Share and half-life.
    steps_per_epoch : int
        Length of an epoch.
    """

    def __init__(self, config: CorrectionsConfig, steps_per_epoch: int) -> None:
        self._config = config
        self._steps_per_epoch = steps_per_epoch
        self._all: list[Recent] = []

    def add(self, frame: int, pixels: NDArray[np.intp], learned: LabelArray, step: int) -> None:
        """Note a correction.

        Parameters
        ----------
        frame : int
            Its frame.
        pixels : ndarray of int, shape (n, 2)
            What it changed to something labelled.
        learned : ndarray of uint8, shape (layer, y, x)
            The labels of that frame now: what has been erased of earlier corrections is forgotten.
        step : int
            First step that learns from it.
        """
        self._all = [one if one.frame != frame else _still_labelled(one, learned) for one in self._all]
        self._all.append(Recent(frame, pixels[:: -(-len(pixels) // MOST_PIXELS) or 1], step))
        self._all = [one for one in self._all if len(one.pixels)]

    def probability(self, step: int) -> float:
        """Return which part of the patches of a step shows a recent correction, 0 to the share."""
        weights = self._weights(step)
        return self._config.share * float(weights.max(initial=0.0))

    def draw(self, step: int, rng: np.random.Generator) -> tuple[int, NDArray[np.intp]] | None:
        """Return a frame and a recently corrected pixel of it, shape (1, 2), or None for any other patch.

        Nothing is drawn from `rng` while there is no correction.
        """
        weights = self._weights(step)
        if not weights.any() or rng.random() >= self.probability(step):
            return None
        chosen = self._all[int(rng.choice(len(weights), p=weights / weights.sum()))]
        return chosen.frame, chosen.pixels[rng.integers(len(chosen.pixels))][None]

    def _weights(self, step: int) -> NDArray[np.float64]:
        """Return 2^(-age / half-life) of every correction, 0 of those to come and of very old ones."""
        ages = (step - np.array([one.step for one in self._all], float)) / self._steps_per_epoch
        weights = np.exp2(-np.maximum(ages, 0) / self._config.half_life)
        weights[(ages < 0) | (weights < NEGLIGIBLE)] = 0
        return weights


def _still_labelled(one: Recent, learned: LabelArray) -> Recent:
    labelled = learned[:, one.pixels[:, 0], one.pixels[:, 1]].any(axis=0)
    return Recent(one.frame, one.pixels[labelled], one.step)
