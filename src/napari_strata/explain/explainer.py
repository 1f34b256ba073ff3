"""From a trained network, an image and a target to a heatmap on the image's grid."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_strata.config import ExplainMethod
from napari_strata.data.grid import from_network_grid, to_network_grid
from napari_strata.errors import TargetError
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
from napari_strata.explain.view import View, find_view
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
    grid = to_network_grid(frame, image.pixel_size, model.card.model.pixel_size)
    weights = _weights(target, image, (grid.shape[0], grid.shape[1]))
    near = (
        None if atoms is None or network.layers == 1 else _on_grid(atoms, network.layers, frame.shape, grid.shape)
    )
    view = find_view(network, grid, weights, near, layer=layer)
    index = _class_index(model, view, species)
    score = TargetScore(network, Output(view.decoder, index), view.weights)
    with undisturbed(score), torch.no_grad():
        value = float(score(view.inputs))
    heat = view.whole(METHODS[method](score, view.inputs).cpu().numpy())
    metadata: dict[str, Any] = {
        "method": method,
        "target": dict(describe(target)),
        "layer": layer,
        "decoder": view.decoder,
        "turn": view.turn,
        "class": model.card.classes.names[index - 1],
        "position": list(centre(target)),
        "score": value,
        "model": model.card.name,
        "weights_sha256": model.card.weights_sha256,
        "image": image.name,
        "pixel_size_A": image.pixel_size,
    }
    return Heatmap(from_network_grid(heat[None], (frame.shape[0], frame.shape[1]))[0], metadata)


def _weights(target: Target, image: ImageStack, grid: tuple[int, int]) -> FloatImage:
    shape = (image.data.shape[1], image.data.shape[2])
    if not isinstance(target, AtomTarget):
        return pixel_weights(target, shape, grid)
    assert target.radius is not None
    pixel_size = require(image.pixel_size, name=image.name)
    return atom_weights(target, shape, grid, pixel_size=pixel_size, radius=target.radius)


def _on_grid(
    atoms: "DataFrame", layers: int, shape: tuple[int, ...], grid: tuple[int, ...]
) -> list[NDArray[np.float64]]:
    """Return the positions (y, x) of each layer's atoms [px of the network's grid]."""
    tables = (atoms.loc[atoms["layer"] == layer, ["y_px", "x_px"]].to_numpy(np.float64) for layer in range(layers))
    return [to_grid(positions, (shape[0], shape[1]), (grid[0], grid[1])) for positions in tables]


def _class_index(model: LoadedModel, view: View, species: str | None) -> int:
    names = model.card.classes.names
    if species is None:
        return _most_probable(model.network, view)
    if species not in names:
        raise TargetError(
            f"The model {model.card.name} knows no class {species}.",
            remedy=f"Its classes are {', '.join(names)}; locate the atoms anew with this model.",
        )
    return names.index(species) + 1


def _most_probable(network: Network, view: View) -> int:
    with undisturbed(network), torch.no_grad():
        probabilities = network.probabilities(network(view.inputs))[0, view.decoder]
    return int((probabilities * view.weights).sum(dim=(-2, -1))[1:].argmax()) + 1
