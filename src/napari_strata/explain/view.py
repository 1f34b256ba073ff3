"""What the network sees when it is asked for an explanation: which part of the image, in which orientation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from napari_strata.data.turns import TURNS, box_turned_back, padded, turned, turned_back, turned_positions
from napari_strata.explain.decoder import CLEARLY, find_decoders
from napari_strata.explain.sightings import Sightings
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.explain.window import Window, window_around
from napari_strata.models.cropped import can_be_cropped
from napari_strata.models.network import Network
from napari_strata.types import AnyArray, FloatImage


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A window of the image as the network saw it when it drew a layer.

    Attributes
    ----------
    turn : int
        Orientation, one of `napari_strata.data.turns.TURNS`.
    window : tuple of slice
        Part of the turned image.
    inputs : Tensor, shape (1, 1, y, x)
        That part, normalised, on the network's device.
    weights : Tensor, shape (y, x)
        The target's weights in it.
    decoders : tuple of int
        The decoder that drew each layer near the target.
    shape : tuple of int
        Height and width of the network's grid, not turned [px].
    padded : tuple of int
        The same of the turned and padded grid [px].
    """

    turn: int
    window: Window
    inputs: torch.Tensor
    weights: torch.Tensor
    decoders: tuple[int, ...]
    shape: tuple[int, int]
    padded: tuple[int, int]

    def cut(self, map_: AnyArray) -> torch.Tensor:
        """Return the window of a map of the network's grid, shape (y, x), on the device."""
        sides = [(0, new - own) for new, own in zip(self._upright, self.shape, strict=True)]
        seen = turned(np.pad(map_, sides, mode="edge"), self.turn)
        return torch.from_numpy(seen[self.window].copy()).to(self.inputs.device)

    def whole(self, heat: FloatImage, *, folded: bool = False) -> FloatImage:
        """Put a map of the window into one of the network's grid, not turned; 0 outside.

        Folded, what the repeats of the last row and column have is theirs; else it is left out.
        """
        whole = np.zeros(self.padded, np.float32)
        whole[self.window] = heat
        whole = turned_back(whole, self.turn)
        height, width = self.shape
        if folded:
            whole[height - 1] += whole[height:].sum(axis=0)
            whole[:, width - 1] += whole[:, width:].sum(axis=1)
        return np.ascontiguousarray(whole[:height, :width])

    @property
    def upright_window(self) -> Window:
        """Rows and columns of the window on the padded grid, not turned."""
        return box_turned_back(self.window, self._upright[0], self.turn)

    @property
    def _upright(self) -> tuple[int, int]:
        """Shape of the padded grid, not turned."""
        height, width = turned_back(np.empty(self.padded, bool), self.turn).shape
        return height, width


def find_view(
    network: Network,
    grid: FloatImage,
    weights: FloatImage,
    atoms: Sequence[NDArray[np.float64]] | None,
    *,
    whole: bool = False,
    sightings: Sightings | None = None,
) -> View:
    """Find the view, among all orientations, in which decoders show the predicted atoms near the target best.

    Parameters
    ----------
    network : Network
        The network.
    grid, weights : ndarray of float32, shape (y, x)
        Normalised image on the network's grid, and the target's weights.
    atoms : sequence of ndarray, shape (atoms, 2), or None
        Predicted positions (y, x) of each layer's atoms [px of the grid]; without them the image is not turned,
        and the decoders are those with the layers' numbers.
    whole : bool
        Whether to see the whole image and not only the window that the target depends on.
    sightings : Sightings, optional
        What was seen of these atoms in this image before; it grows.
    """
    turn, decoders = _find_turn(network, grid, weights, atoms, sightings)
    window, inputs, part_weights, shape = _seen(network, grid, weights, turn, whole=whole)
    return View(turn, window, inputs, part_weights, decoders, (grid.shape[0], grid.shape[1]), shape)


def look_at(
    network: Network, grid: FloatImage, atoms: Sequence[NDArray[np.float64]] | None, *, for_many: bool = False
) -> Sightings | None:
    """Return what questions about one image share, nothing seen yet; None where there is nothing to share.

    Parameters
    ----------
    network, grid, atoms
        As in `find_view`.
    for_many : bool
        As in `Sightings`.
    """
    if atoms is None or not can_be_cropped(network):
        return None
    return Sightings(network, padded(grid, network.stride), atoms, for_many=for_many)


def _find_turn(
    network: Network,
    grid: FloatImage,
    weights: FloatImage,
    atoms: Sequence[NDArray[np.float64]] | None,
    sightings: Sightings | None,
) -> tuple[int, tuple[int, ...]]:
    """Return the orientation, and the decoder that draws each layer near the target in it."""
    best, best_shown = (TURNS[0], tuple(range(network.layers))), -np.inf
    if atoms is None:
        return best
    if (seen := sightings or look_at(network, grid, atoms)) is not None:
        with undisturbed(network):
            return seen.see(padded_weights(weights, network))
    for turn in TURNS:
        window, inputs, part_weights, _ = _seen(network, grid, weights, turn, whole=False)
        origin = np.array([axis.start for axis in window])
        height = -(-grid.shape[0] // network.stride) * network.stride
        near = [turned_positions(positions, height, turn) - origin for positions in atoms]
        y, x = np.nonzero(part_weights.cpu().numpy())
        decoders, shown = find_decoders(network, inputs, near, target=(float(y.mean()), float(x.mean())))
        if shown > best_shown + CLEARLY:
            best, best_shown = (turn, decoders), shown
    return best


def padded_weights(weights: FloatImage, network: Network) -> FloatImage:
    """Return the weights of a target on a grid that is padded to multiples of the network's stride."""
    return np.pad(weights, [(0, -side % network.stride) for side in weights.shape])


def _seen(
    network: Network, grid: FloatImage, weights: FloatImage, turn: int, *, whole: bool
) -> tuple[Window, torch.Tensor, torch.Tensor, tuple[int, int]]:
    """Return the window of a turned image, image and weights in it, and the shape of the turned image."""
    device = next(network.parameters()).device
    image = turned(padded(grid, network.stride), turn)
    seen = turned(padded_weights(weights, network), turn)
    window = (slice(0, seen.shape[0]), slice(0, seen.shape[1])) if whole else window_around(seen, network)
    inputs, part = (torch.from_numpy(a[window].copy()).to(device) for a in (image, seen))
    return window, inputs[None, None], part, (image.shape[0], image.shape[1])
