"""A map, and what of it is the same for every threshold: a slider asks for it again and again."""

import numpy as np

from napari_strata.config.proposal import ProposalConfig, Side
from napari_strata.explain.proposals.map_lines import Lines, Sides, lines_at, sides_of
from napari_strata.explain.proposals.map_threshold import level_of, ranked
from napari_strata.types import FloatImage


class MeasuredMap:
    """Measures a map of a large image, which takes most of a second, once.

    Parameters
    ----------
    heatmap : ndarray of float32, shape (y, x)
        The map, which nobody changes.
    """

    def __init__(self, heatmap: FloatImage) -> None:
        self._heatmap = heatmap
        self._rising: dict[Side, FloatImage] = {}
        self._sides: dict[Side, Sides] = {}

    def level(self, config: ProposalConfig) -> float:
        """Return the strength at the threshold."""
        return level_of(self._rising_of(config.side), config)

    def above(self, config: ProposalConfig) -> tuple[int, int]:
        """Return how many pixels are above the threshold, and how many there are."""
        rising = self._rising_of(config.side)
        return int(rising.size - np.searchsorted(rising, level_of(rising, config))), self._heatmap.size

    def lines(self, config: ProposalConfig, count: int) -> Lines:
        """Return so many lines of equal strength from the threshold up."""
        if config.side not in self._sides:
            self._sides[config.side] = sides_of(self._heatmap, config.side)
        return lines_at(self._sides[config.side], self.level(config), count)

    def _rising_of(self, side: Side) -> FloatImage:
        if side not in self._rising:
            self._rising[side] = ranked(self._heatmap, side)
        return self._rising[side]
