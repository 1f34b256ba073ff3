"""Colours and places of what shows a map in another way."""

from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.colormaps import Colormap
from napari.utils.transforms import Affine

from napari_strata.config import ProposalConfig
from napari_strata.types import AnyArray
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement

OURS = ", above the threshold"
"""End of the name of colours of which a part is transparent."""
_GAP = 0.03
"""Between the image and the map beside it, as a part of the image's width."""


def own_colormap(base: Colormap, layer: Image, colours: AnyArray) -> Colormap:
    """Return a colormap that no other layer has."""
    return Colormap(colours, name=f"{base.name} {layer.unique_id}{OURS}", display_name=f"{base.name}{OURS}")


def above_colours(base: Colormap, values: AnyArray, threshold: float, config: ProposalConfig) -> AnyArray:
    """Return colours of which those of weak values are transparent."""
    colours = np.array(base.map(np.linspace(0, 1, len(values))))
    sided = np.abs(values) if config.side == "either" else values if config.side == "for" else -values
    colours[(sided < threshold) | (sided <= 0), 3] = 0
    return colours


def as_vectors(ends: AnyArray, dimensions: int) -> AnyArray:
    """Return straight pieces as napari's vectors, shape (n, 2, dimensions): where each begins, and its way."""
    vectors = np.zeros((len(ends), 2, dimensions))
    vectors[:, 0, -2:] = ends[:, 0]
    vectors[:, 1, -2:] = ends[:, 1] - ends[:, 0]
    return vectors


def ramp(colours: tuple[str, ...], count: int) -> Any:
    """Return so many colours (RGBA) from the first to the last, shape (count, 4)."""
    return Colormap(list(colours)).map(np.linspace(0, 1, count) if count > 1 else np.array([0.0]))


def to_the_right(layer: Image) -> dict[str, Any]:
    """Return the arguments that put data of a layer's shape to the right of it."""
    place = placement(layer)
    inner = Affine(scale=place["scale"], rotate=place["rotate"], shear=place["shear"])
    step = np.zeros(layer.ndim)
    step[-1] = full_data(layer).shape[-1] * (1 + _GAP)
    place["translate"] = place["translate"] + inner.linear_matrix @ step
    return place
