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
    from scipy.optimize import linear_sum_assignment

    foreground = _foreground(network, image)
    near = [_nearest(positions, target, foreground.shape[-2:]) for positions in atoms]
    shown = np.array([[_mean_at(map_, positions) for map_ in foreground] for positions in near])
    # a hair in favour of the layer's own decoder decides between equals
    layers, decoders = linear_sum_assignment(shown + 1e-6 * np.eye(len(shown)), maximize=True)
    return tuple(int(decoder) for decoder in decoders), float(shown[layers, decoders].sum())


def _foreground(network: Network, image: torch.Tensor) -> FloatImage:
    with undisturbed(network), torch.no_grad():
        background = network.probabilities(network(image))[0, :, 0]
    foreground: FloatImage = 1 - background.cpu().numpy()
    return foreground


def _nearest(
    positions: NDArray[np.float64], target: tuple[float, float], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    inside = positions[((positions >= 0) & (positions <= np.array(shape) - 1)).all(axis=1)]
    return inside[np.argsort(np.hypot(*(inside - target).T))[:NEIGHBOURS]]


def _mean_at(foreground: FloatImage, positions: NDArray[np.float64]) -> float:
    if not len(positions):
        return 0.0
    return float(ndimage.map_coordinates(foreground, positions.T, order=1).mean())
