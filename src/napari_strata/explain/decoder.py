"""Which decoder drew which crystal layer near a target.

A prediction is put right where decoders swapped their layers, so layer 0 of a prediction may come from decoder 1
in a part of the image. An explanation asks the decoder that really drew the atoms at hand.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from napari_strata.explain.undisturbed import undisturbed
from napari_strata.models.network import Network
from napari_strata.types import FloatImage

NEIGHBOURS = 12
"""So many atoms of each layer around the target decide."""
CLEARLY = 1e-3
"""Atoms must be shown better by so much to prefer another orientation, of as many as there are layers."""


def find_decoders(
    network: Network,
    image: torch.Tensor,
    atoms: Sequence[NDArray[np.float64]],
    *,
    target: tuple[float, float],
) -> tuple[tuple[int, ...], float]:
    """Find the decoders whose own maps show the atoms of each layer near the target.

    Decoders are assigned to layers so that the foreground probability at the layers' atoms is as great as it can
    be, summed over layers.

    Parameters
    ----------
    network : Network
        The network.
    image : Tensor, shape (1, 1, y, x)
        Window of the normalised image on the network's grid.
    atoms : sequence of ndarray, shape (atoms, 2)
        Positions (y, x) of each layer's atoms in the window [px]; those outside do not count.
    target : tuple of float
        Position (y, x) of the target in the window [px].

    Returns
    -------
    decoders : tuple of int
        The decoder of each layer; its own number where there is no atom to go by.
    shown : float
        Foreground probability at the layers' atoms, each in its decoder's map, summed over layers.
    """
    foreground = _foreground(network, image)
    near = [positions[nearest(positions, target, foreground.shape[-2:])] for positions in atoms]
    return assign_decoders(np.array([[_mean_at(map_, positions) for map_ in foreground] for positions in near]))


def assign_decoders(shown: NDArray[np.float64]) -> tuple[tuple[int, ...], float]:
    """Assign decoders to layers, as `find_decoders` does.

    Parameters
    ----------
    shown : ndarray, shape (layer, decoder)
        Mean foreground probability of each decoder at the atoms of each layer.
    """
    from scipy.optimize import linear_sum_assignment

    # a hair in favour of the layer's own decoder decides between equals
    layers, decoders = linear_sum_assignment(shown + 1e-6 * np.eye(len(shown)), maximize=True)
    return tuple(int(decoder) for decoder in decoders), float(shown[layers, decoders].sum())


def _foreground(network: Network, image: torch.Tensor) -> FloatImage:
    with undisturbed(network), torch.no_grad():
        background = network.probabilities(network(image))[0, :, 0]
    foreground: FloatImage = 1 - background.cpu().numpy()
    return foreground


def nearest(
    positions: NDArray[np.float64], target: tuple[float, float], shape: tuple[int, ...]
) -> NDArray[np.intp]:
    """Return which atoms decide: the numbers of those nearest to a target, of all inside a window of a shape."""
    inside = np.flatnonzero(((positions >= 0) & (positions <= np.array(shape) - 1)).all(axis=1))
    return inside[np.argsort(np.hypot(*(positions[inside] - target).T))[:NEIGHBOURS]]


def _mean_at(foreground: FloatImage, positions: NDArray[np.float64]) -> float:
    if not len(positions):
        return 0.0
    return float(ndimage.map_coordinates(foreground, positions.T, order=1).mean())
