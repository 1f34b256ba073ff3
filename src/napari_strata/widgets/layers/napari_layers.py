"""Results as napari layers that lie exactly on the image they come from.

Every layer made here carries the image layer's scale, translation, rotation, shear, affine, units and axis labels,
and has its number of dimensions; its data are in the image's pixels.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.annotation.provenance import Provenance
from napari_strata.config import ClassTable, LabelClass, ModelCard
from napari_strata.types import BACKGROUND, AnyArray, FloatImage, Prediction, ValuePrediction
from napari_strata.widgets.layers.colours import class_colours
from napari_strata.widgets.layers.heat_colours import heat_limits, heat_style
from napari_strata.widgets.layers.label_birth import remember_birth
from napari_strata.widgets.layers.label_memory import label_memory
from napari_strata.widgets.layers.map_words import map_name
from napari_strata.widgets.layers.results import tag
from napari_strata.widgets.layers.targets import Chosen, Place

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer, Points

HEATMAP_OPACITY = 0.6
TARGET_COLOUR = "#00e5ff"
"""Of what marks the target of an explanation."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a result was computed from.

    Attributes
    ----------
    image : Image
        The image layer.
    pixel_size : float or None
        Its pixel size when the job began [Å/px].
    card : ModelCard
        The model's card.
    model : str
        Path of the model.
    """

    image: "Image"
    pixel_size: float | None
    card: ModelCard
    model: str

    def name(self, what: str) -> str:
        """Name a layer; lists cut names in the middle, so what it shows comes first and the image last."""
        return f"{what} - {self.card.name} - {self.image.name}"

    def tag(self, role: str, **details: Any) -> dict[str, Any]:
        """Return the metadata that say what a layer shows and what it was computed from."""
        provenance = {"model_name": self.card.name, "weights_sha256": self.card.weights_sha256}
        return tag(role, self.image, self.model, provenance | {"pixel_size": self.pixel_size}, **details)


def placement(napari_layer: "Layer") -> dict[str, Any]:
    """Return the arguments that put a layer of the same dimensions where another one is."""
    return {
        "scale": napari_layer.scale,
        "translate": napari_layer.translate,
        "rotate": napari_layer.rotate,
        "shear": napari_layer.shear,
        "affine": np.array(napari_layer.affine),
        "units": napari_layer.units,
        "axis_labels": napari_layer.axis_labels,
    }


def frame_placement(
    napari_layer: "Layer",
    frame: int,
    *,
    corner: tuple[float, float] = (0, 0),
    pixel: tuple[float, float] = (1, 1),
) -> dict[str, Any]:
    """Return the arguments that put data of shape (1, y, x) on one frame of a stack, or (y, x) on an image.

    Parameters
    ----------
    napari_layer : Layer
        The stack or the image.
    frame : int
        The frame; a single image has none.
    corner : tuple of float
        Where in the image (y, x) the centre of the first pixel of the data shall lie [px of the image].
    pixel : tuple of float
        Height and width of a pixel of the data [px of the image].
    """
    from napari.utils.transforms import Affine

    place = placement(napari_layer)
    inner = Affine(scale=place["scale"], rotate=place["rotate"], shear=place["shear"])
    first = np.array([frame, *corner])[-napari_layer.ndim :]
    place["translate"] = place["translate"] + inner.linear_matrix @ first
    place["scale"] = place["scale"] * np.array([1, *pixel])[-napari_layer.ndim :]
    return place


def mask_layers(prediction: Prediction, origin: Origin) -> "list[Labels]":
    """Make one Labels layer per crystal layer, background transparent; edited, they are labels to learn from."""
    from napari.layers import Labels
    from napari.utils.colormaps import DirectLabelColormap

    layers, group = [], uuid.uuid4().hex
    for layer, masks in enumerate(np.moveaxis(prediction.masks, 1, 0)):
        colours = class_colours(origin.card, layer)
        codes = {BACKGROUND + 1 + i: colour for i, colour in enumerate(colours)}
        layers.append(
            Labels(
                _like(origin.image, np.ascontiguousarray(masks)),
                name=origin.name(_of_layer("masks", layer, origin.card)),
                colormap=DirectLabelColormap(
                    color_dict={None: "transparent", 0: "transparent", BACKGROUND: "transparent"} | codes
                ),
                features={
                    "index": [BACKGROUND, *codes],
                    "class": ["background", *prediction.classes],
                },
                opacity=0.5,
                metadata=origin.tag("masks", layer=layer)
                | label_memory(origin.image, _class_table(origin.card, layer), layer=layer, group=group),
                **placement(origin.image),
            )
        )
        remember_birth(layers[-1], Provenance.MODEL)
    return layers


def probability_layers(prediction: Prediction, origin: Origin) -> "list[Image]":
    """Make one hidden Image layer per class and crystal layer; they add up to a coloured map."""
    from napari.layers import Image
    from napari.utils.colormaps import Colormap

    layers = []
    for layer in range(prediction.probabilities.shape[1]):
        for index, (name, colour) in enumerate(
            zip(prediction.classes, class_colours(origin.card, layer), strict=True)
        ):
            layers.append(
                Image(
                    _like(origin.image, prediction.probabilities[:, layer, index + 1]),
                    name=origin.name(_of_layer(f"P({name})", layer, origin.card)),
                    colormap=Colormap(["#000000", colour], name=f"{name} {colour}"),
                    contrast_limits=(0, 1),
                    blending="additive",
                    visible=False,
                    metadata=origin.tag("probability", layer=layer, species=name),
                    **placement(origin.image),
                )
            )
    return layers


def value_layers(prediction: ValuePrediction, origin: Origin) -> "list[Image]":
    """Make one Image layer per crystal layer of a network that gives values."""
    from napari.layers import Image

    return [
        Image(
            _like(origin.image, np.ascontiguousarray(prediction.values[:, layer])),
            name=origin.name(_of_layer("values", layer, origin.card)),
            metadata=origin.tag("values", layer=layer),
            **placement(origin.image),
        )
        for layer in range(prediction.values.shape[1])
    ]


def heatmap_layer(
    data: FloatImage, origin: Origin, chosen: Chosen, *, details: Mapping[str, Any], **tagged: Any
) -> "Image":
    """Make the Image layer of an explanation.

    Parameters
    ----------
    data : ndarray of float32, shape (y, x)
        The heatmap.
    origin : Origin
        Image and model.
    chosen : Chosen
        What was explained.
    details : mapping
        Method and parameters; ``method`` names the layer and decides what it replaces.
    **tagged
        Further details of its tag, which it must share with what it replaces.
    """
    from napari.layers import Image

    method, place = details["method"], chosen.place
    return Image(
        _like(origin.image, data[None]),
        name=heatmap_name(origin, chosen, details),
        contrast_limits=heat_limits(data, method),
        metadata=origin.tag("heatmap", method=method, **tagged) | {"explanation": dict(details)},
        **heat_style(method),
        **frame_placement(origin.image, place.frame),
    )


def heatmap_name(origin: Origin, chosen: Chosen, details: Mapping[str, Any]) -> str:
    """Return the name of the layer of an explanation; see `napari_strata.widgets.layers.map_words.map_name`."""
    place = chosen.place
    return origin.name(map_name(details, chosen.kind, (place.y, place.x), origin.card.model.layers))


def target_layer(origin: Origin, place: Place, *, diameter: float) -> "Points":
    """Make a ring around what is explained, `diameter` wide [px]."""
    from napari.layers import Points

    return Points(
        np.array([[place.frame, place.y, place.x][-origin.image.ndim :]], dtype=np.float64),
        name=origin.name("Explained"),
        size=diameter,
        face_color="transparent",
        border_color=TARGET_COLOUR,
        border_width=0.09,
        metadata=origin.tag("target"),
        **placement(origin.image),
    )


def region_layer(origin: Origin, chosen: Chosen) -> "Labels":
    """Outline the region that is explained; there is a margin, so that it is seen at the image's border, too."""
    from napari.layers import Labels
    from napari.utils.colormaps import DirectLabelColormap

    assert chosen.mask is not None, "a region has a mask"
    mask = np.pad(chosen.mask, 1).astype(np.uint8)
    labels = Labels(
        _like(origin.image, mask[None]),
        name=origin.name("Explained"),
        colormap=DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", 1: TARGET_COLOUR}),
        opacity=1.0,
        metadata=origin.tag("target"),
        **frame_placement(origin.image, chosen.place.frame, corner=(-1, -1)),
    )
    labels.contour = 1
    return labels


def _class_table(card: ModelCard, layer: int) -> ClassTable:
    """Return a model's classes in the colours of one of its crystal layers."""
    colours = class_colours(card, layer)
    return ClassTable(
        classes=tuple(
            LabelClass(name=name, color=colour) for name, colour in zip(card.classes.names, colours, strict=True)
        )
    )


def _like(image: "Layer", stack: AnyArray) -> AnyArray:
    """Give a (frame, y, x) array the number of dimensions of the image layer."""
    return stack if image.ndim == 3 else stack[0]


def _of_layer(what: str, layer: int, card: ModelCard) -> str:
    return what[:1].upper() + what[1:] if card.model.layers == 1 else f"Layer {layer} {what}"
