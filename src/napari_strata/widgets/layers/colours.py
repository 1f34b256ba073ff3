"""One hue per crystal layer, one shade per class; told apart on grey images and by colour-blind readers."""

import colorsys

from napari_strata.config import ClassTable, ModelCard
from napari_strata.types import LAYER_COLOURS

HUES = LAYER_COLOURS
"""Colours of crystal layers 0, 1, ...; lighter than those of the class table because they lie on dark images."""


def class_colours(card: ModelCard, layer: int) -> tuple[str, ...]:
    """Return the colour of each class in one crystal layer of a model's results."""
    return label_colours(card.classes, card.model.layers, layer)


def label_colours(classes: ClassTable, layers: int, layer: int) -> tuple[str, ...]:
    """Return the colour of each class in one of some crystal layers.

    A model of one layer has the colours of its class table, as the user painted them; in a model of several, each
    class is a shade of its layer's hue, from the hue itself to one nearly as light as white.
    """
    table = classes.classes
    if layers == 1:
        return tuple(entry.color for entry in table)
    return tuple(_lighten(HUES[layer], 0.7 * index / len(table)) for index in range(len(table)))


def _lighten(colour: str, part: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    mixed = colorsys.hls_to_rgb(hue, light + (1 - light) * part, saturation)
    return "#" + "".join(f"{round(255 * value):02x}" for value in mixed)
