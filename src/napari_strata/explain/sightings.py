"""How clearly every decoder shows every atom, in every orientation: computed once for each atom.

The network looks at the atoms near a target in four orientations to tell which decoder drew which layer there.
Neighbouring targets have the same atoms near, so whoever asks about many keeps what was seen.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from napari_strata.data.turns import TURNS, box_turned, turned, turned_positions
from napari_strata.explain.decoder import CLEARLY, assign_decoders, nearest
from napari_strata.explain.window import window_around
from napari_strata.models.cropped import Box, Crop
from napari_strata.models.encoder_decoder import EncoderDecoder
from napari_strata.types import FloatImage

BLOCK = 96
"""Side of the squares in which atoms are looked at ahead of any question [px of the network's grid]."""

WIDE_BLOCK = 256
"""The same where many questions are to come: the wider, the less is computed twice along the edges."""


class Sightings:
    """Foreground probabilities at atoms, computed where they are first asked for.

    They are those of the whole image.

    Parameters
    ----------
    network : EncoderDecoder
        One that can be cropped, in eval mode, its weights frozen.
    grid : ndarray of float32, shape (y, x)
        The normalised image, padded to multiples of the stride.
    atoms : sequence of ndarray, shape (atoms, 2), or None
        Predicted positions (y, x) of each layer's atoms [px of the grid]; without them the image is not turned,
        and the decoders are those with the layers' numbers.
    for_many : bool
        Whether many targets all over the image are to come: then all atoms of a wide square are looked at
        together, which is less work in all, but not for the first answer.
    """

    def __init__(
        self,
        network: EncoderDecoder,
        grid: FloatImage,
        atoms: Sequence[NDArray[np.float64]] | None,
        *,
        for_many: bool = False,
    ) -> None:
        self._network = network
        self._grid = grid
        self._for_many = for_many
        self._layers = list(atoms) if atoms is not None else []
        self._positions = np.concatenate([np.empty((0, 2)), *self._layers])
        self._first = np.cumsum([0, *(len(layer) for layer in self._layers)])
        self._shown = np.full((len(TURNS), network.layers, len(self._positions)), np.nan, np.float32)

    @property
    def is_complete(self) -> bool:
        """Whether every atom has been looked at."""
        return not np.isnan(self._shown).any()

    def see(self, weights: FloatImage) -> tuple[int, tuple[int, ...]]:
        """Find how the network sees a target.

        Parameters
        ----------
        weights : ndarray of float32, shape (y, x)
            The target's weights on the padded grid.

        Returns
        -------
        turn : int
            The orientation in which decoders show the atoms near the target best, one of
            `napari_strata.data.turns.TURNS`.
        decoders : tuple of int
            The decoder that shows each layer there.
        """
        best, best_shown = (TURNS[0], tuple(range(self._network.layers))), -np.inf
        if not self._layers:
            return best
        near = [self._near(weights, turn) for turn in TURNS]
        needed = np.unique(np.concatenate([numbers for layers in near for numbers in layers]))
        for numbers in self._in_squares(needed) if self._for_many else [needed]:
            self._look_at(numbers)
        for turn, layers in zip(TURNS, near, strict=True):
            means = [self._shown[turn][:, numbers].mean(axis=1) if len(numbers) else 0 for numbers in layers]
            shown = np.array([np.broadcast_to(mean, self._network.layers) for mean in means], np.float64)
            decoders, sum_shown = assign_decoders(shown)
            if sum_shown > best_shown + CLEARLY:
                best, best_shown = (turn, decoders), sum_shown
        return best

    def look_ahead(self, y: float, x: float, *, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Look at some atoms that nobody has asked for, those nearest to a place of the grid first.

        Parameters
        ----------
        y, x : float
            Where the next question is likely [px of the grid].
        is_wanted : callable
            Asked between orientations; where it says no, nothing is kept.
        """
        missing = np.flatnonzero(np.isnan(self._shown).any(axis=(0, 1)))
        if not len(missing):
            return
        away = np.abs(self._positions[missing] - (y, x)).max(axis=1)
        middle = self._positions[missing[away.argmin()]]
        block = np.floor(middle / BLOCK)
        self._look_at(missing[(np.floor(self._positions[missing] / BLOCK) == block).all(axis=1)], is_wanted)

    def _near(self, weights: FloatImage, turn: int) -> list[NDArray[np.intp]]:
        """Return the numbers of the atoms of each layer that decide about a target."""
        seen = turned(weights, turn)
        window = window_around(seen, self._network)
        origin = np.array([axis.start for axis in window])
        shape = tuple(axis.stop - axis.start for axis in window)
        y, x = (axis.mean() - start for axis, start in zip(np.nonzero(seen), origin, strict=True))
        return [
            first + nearest(turned_positions(layer, len(self._grid), turn) - origin, (y, x), shape)
            for layer, first in zip(self._layers, self._first, strict=False)
        ]

    def _in_squares(self, numbers: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Return all atoms of each wide square with one of these that nobody has looked at."""
        missing = numbers[np.isnan(self._shown[..., numbers]).any(axis=(0, 1))]
        squares = np.floor(self._positions / WIDE_BLOCK)
        wanted = np.unique(squares[missing], axis=0)
        return [np.flatnonzero((squares == square).all(axis=1)) for square in wanted]

    def _look_at(self, numbers: NDArray[np.intp], is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Compute the foreground in the smallest box with those atoms that nobody has looked at."""
        numbers = numbers[np.isnan(self._shown[..., numbers]).any(axis=(0, 1))]
        if not len(numbers):
            return
        positions = self._positions[numbers]
        low = np.maximum(np.floor(positions.min(axis=0)).astype(int), 0)
        high = np.minimum(np.floor(positions.max(axis=0)).astype(int) + 2, self._grid.shape)
        box = slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))
        found = []
        for turn in TURNS:
            if not is_wanted():
                return
            corner = [axis.start for axis in box_turned(box, len(self._grid), turn)]
            at = turned_positions(positions, len(self._grid), turn) - corner
            found.append([ndimage.map_coordinates(map_, at.T, order=1) for map_ in self._foreground(box, turn)])
        self._shown[..., numbers] = found

    def _foreground(self, box: tuple[slice, slice], turn: int) -> FloatImage:
        """Return 1 minus the background of every decoder in a box, shape (decoder, y, x) of the turned box."""
        image = turned(self._grid, turn)
        rows, columns = box_turned(box, len(self._grid), turn)
        wanted = Box(rows.start, rows.stop, columns.start, columns.stop)
        crop = Crop(self._network, (image.shape[0], image.shape[1]), wanted)
        device = next(self._network.parameters()).device
        inputs = torch.from_numpy(image[crop.seen.slices].copy()).to(device)
        with torch.no_grad():
            logits = crop.logits(inputs[None, None], range(self._network.layers))
            background = self._network.probabilities(logits)[0, :, 0]
        foreground: FloatImage = 1 - background.cpu().numpy()
        return foreground
