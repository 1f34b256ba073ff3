"""What a map answers, in words, and whether another map answers the same."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_strata.widgets.layers.results import origin_of
from napari_strata.widgets.maps.asked import EXPLANATION

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

_ASKED = ("target", "layer", "class", "against", "frame", "weights_sha256")
"""What makes a question, under its names in the metadata of a map; the method is no part of it."""


def words_of(explanation: Mapping[str, Any]) -> str:
    """Say what a map answers."""
    (y, x), kind = explanation["position"], explanation["target"]["kind"]
    against = explanation["against"]
    why = {
        "background": "",
        "class": f", rather than {against.get('class')}",
        "layer": f", rather than in layer {against.get('layer')}",
    }.get(against["kind"], ", and not as it was corrected")
    return (
        f"Why {explanation['class']} in the {kind} at y {y:.0f}, x {x:.0f} px, layer {explanation['layer']}{why}?"
    )


def question_of(explanation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is equal in maps that answer the same question of an image and a model."""
    return {name: explanation[name] for name in _ASKED}


def is_of(viewer: "Viewer", map_layer: "Image", image: "Image", model: str) -> bool:
    """Tell whether a map was made of an image by a model, given by its path."""
    origin, path = origin_of(viewer, map_layer)
    return origin is image and path == model


def explanation_of(map_layer: "Image") -> Mapping[str, Any]:
    """Return what a map says of itself."""
    explanation: Mapping[str, Any] = map_layer.metadata[EXPLANATION]
    return explanation
