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
from napari_strata.widgets.layers.label_memory import label_memory, remember_birth
from napari_strata.widgets.layers.results import tag
from napari_strata.widgets.layers.targets import Chosen, Place

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer, Points

HEATMAP_OPACITY = 0.6


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


def frame_placement(napari_layer: "Layer", frame: int) -> dict[str, Any]:
    """Return the arguments that put data of shape (1, y, x) on one frame of a stack, or (y, x) on an image."""
    place = placement(napari_layer)
    if napari_layer.ndim == 3:
        from napari.utils.transforms import Affine

        inner = Affine(scale=place["scale"], rotate=place["rotate"], shear=place["shear"])
        place["translate"] = place["translate"] + inner.linear_matrix @ np.array([frame, 0, 0])
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


def heatmap_layer(data: FloatImage, origin: Origin, chosen: Chosen, *, details: Mapping[str, Any]) -> "Image":
    """Make the Image layer of an explanation.

    Parameters
    ----------
    data : ndarray of float32, shape (y, x)
        The heatmap, at least 0.
    origin : Origin
        Image and model.
    chosen : Chosen
        What was explained.
    details : mapping
        Method and parameters; ``method`` names the layer and decides what it replaces.
    """
    from napari.layers import Image

    method, place = details["method"], chosen.place
    what = f"{method} of {chosen.kind} at {place.y:.0f}, {place.x:.0f}"
    return Image(
        _like(origin.image, data[None]),
        name=origin.name(_of_layer(what, chosen.layer, origin.card)),
        colormap="inferno",
        contrast_limits=(0, _bright_end(data)),
        blending="additive",
        opacity=HEATMAP_OPACITY,
        metadata=origin.tag("heatmap", method=method) | {"explanation": dict(details)},
        **frame_placement(origin.image, place.frame),
    )


def target_layer(origin: Origin, place: Place, *, diameter: float) -> "Points":
    """Make a ring around what is explained, `diameter` wide [px]."""
    from napari.layers import Points

    return Points(
        np.array([[place.frame, place.y, place.x][-origin.image.ndim :]], dtype=np.float64),
        name=origin.name("Explained"),
        size=diameter,
        face_color="transparent",
        border_color="#00e5ff",
        border_width=0.09,
        metadata=origin.tag("target"),
        **placement(origin.image),
    )


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


def _bright_end(data: FloatImage) -> float:
    """Return the heat to show brightest, such that a few hottest pixels do not darken all others."""
    highest = float(data.max())
    return float(np.quantile(data[data > 0.01 * highest], 0.98)) if highest > 0 else 1.0


def _of_layer(what: str, layer: int, card: ModelCard) -> str:
    return what[:1].upper() + what[1:] if card.model.layers == 1 else f"Layer {layer} {what}"
