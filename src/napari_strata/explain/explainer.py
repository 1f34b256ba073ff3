"""From a trained network, an image and a target to a heatmap on the image's grid."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_strata.config import ExplainMethod
from napari_strata.data.grid import from_network_grid, to_network_grid
from napari_strata.errors import TargetError
from napari_strata.explain.decoder import find_decoder
from napari_strata.explain.heatmap import Heatmap
from napari_strata.explain.methods import METHODS
from napari_strata.explain.score import Output, TargetScore
from napari_strata.explain.targets import (
    AtomTarget,
    Target,
    atom_weights,
    centre,
    describe,
    pixel_weights,
    to_grid,
)
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.explain.window import Window, window_around
from napari_strata.io.calibration import require
from napari_strata.models.network import Network
from napari_strata.models.registry import LoadedModel
from napari_strata.types import FloatImage, ImageStack

if TYPE_CHECKING:
    from pandas import DataFrame


def explain_target(
    model: LoadedModel,
    image: ImageStack,
    *,
    layer: int,
    target: Target,
    species: str | None,
    atoms: "DataFrame | None",
    method: ExplainMethod,
) -> Heatmap:
    """Compute the heatmap of one target.

    Only the window that the target depends on is computed; the map is 0 outside.

    Parameters
    ----------
    model : LoadedModel
        The network, on the device that computes, and its card.
    image : ImageStack
        One checked frame.
    layer : int
        Crystal layer of the prediction.
    target : Target
        A checked target; an atom target lies on its atom and has a radius.
    species : str or None
        Class to explain; None takes the most probable class in the target.
    atoms : DataFrame or None
        Predicted atoms of this frame; they tell which decoder drew the layer near the target. Without them it
        is the decoder with the layer's number.
    method : ExplainMethod
        Attribution method.

    Raises
    ------
    TargetError
        If the model has no class of that name.
    CalibrationError
        If the network, or an atom target, needs a pixel size and the image has none.
    """
    network, frame = model.network, image.data[0]
    shape = (frame.shape[0], frame.shape[1])
    grid = to_network_grid(frame, image.pixel_size, model.card.model.pixel_size)
    weights = _weights(target, image, (grid.shape[0], grid.shape[1]))
    window = window_around(weights, network)
    device = next(network.parameters()).device
    part, part_weights = (torch.from_numpy(a[window].copy()).to(device) for a in (grid, weights))
    inputs = part[None, None]
    decoder = layer
    if atoms is not None:
        near, at = _in_window(atoms, network.layers, centre(target), shape, grid.shape, window)
        decoder = find_decoder(network, inputs, near, target=at, layer=layer)
    index = _class_index(model, inputs, part_weights, decoder, species)
    score = TargetScore(network, Output(decoder, index), part_weights)
    with undisturbed(score), torch.no_grad():
        value = float(score(inputs))
    whole = np.zeros_like(grid)
    whole[window] = METHODS[method](score, inputs).cpu().numpy()
    metadata: dict[str, Any] = {
        "method": method,
        "target": dict(describe(target)),
        "layer": layer,
        "decoder": decoder,
        "class": model.card.classes.names[index - 1],
        "position": list(centre(target)),
        "score": value,
        "model": model.card.name,
        "weights_sha256": model.card.weights_sha256,
        "image": image.name,
        "pixel_size_A": image.pixel_size,
    }
    return Heatmap(from_network_grid(whole[None], shape)[0], metadata)


def _weights(target: Target, image: ImageStack, grid: tuple[int, int]) -> FloatImage:
    shape = (image.data.shape[1], image.data.shape[2])
    if not isinstance(target, AtomTarget):
        return pixel_weights(target, shape, grid)
    assert target.radius is not None
    pixel_size = require(image.pixel_size, name=image.name)
    return atom_weights(target, shape, grid, pixel_size=pixel_size, radius=target.radius)


def _in_window(
    atoms: "DataFrame",
    layers: int,
    target: tuple[float, float],
    shape: tuple[int, int],
    grid: tuple[int, ...],
    window: Window,
) -> tuple[list[NDArray[np.float64]], tuple[float, float]]:
    """Return the positions of each layer's atoms, and of the target, in the window [px of the network's grid]."""
    origin = np.array([axis.start for axis in window])
    own = (grid[0], grid[1])
    tables = (atoms.loc[atoms["layer"] == layer, ["y_px", "x_px"]].to_numpy(np.float64) for layer in range(layers))
    y, x = to_grid(np.array([target]), shape, own)[0] - origin
    return [to_grid(positions, shape, own) - origin for positions in tables], (float(y), float(x))


def _class_index(
    model: LoadedModel, inputs: torch.Tensor, weights: torch.Tensor, decoder: int, species: str | None
) -> int:
    names = model.card.classes.names
    if species is not None:
        if species not in names:
            raise TargetError(
                f"The model {model.card.name} knows no class {species}.",
                remedy=f"Its classes are {', '.join(names)}; locate the atoms anew with this model.",
            )
        return names.index(species) + 1
    return _most_probable(model.network, inputs, weights, decoder)


def _most_probable(network: Network, inputs: torch.Tensor, weights: torch.Tensor, decoder: int) -> int:
    with undisturbed(network), torch.no_grad():
        probabilities = network(inputs).softmax(dim=2)[0, decoder]
    return int((probabilities * weights).sum(dim=(-2, -1))[1:].argmax()) + 1
