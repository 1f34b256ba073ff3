"""Puts labels on the pixels of their image, or gives the image the pixel size that only its labels know."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points

from napari_strata.io.calibration import agree
from napari_strata.widgets.layers.calibration import moves_with, set_pixel_size
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.stated_size import is_calibrated, size_in_layer
from napari_strata.widgets.layers.world import between

if TYPE_CHECKING:
    from napari.layers import Image, Layer


def lies_on(one: Any, other: Any) -> bool:
    """Tell whether the pixels of two layers have the same places, to a hundredth of a pixel."""
    if any(not a.is_compatible_with(b) for a, b in zip(one.units, other.units, strict=True)):
        return False
    far = (
        np.vstack([np.zeros(other.ndim), np.diag(full_data(other).shape)])
        if not isinstance(other, Points)
        else 1.0
    )
    return bool(np.allclose(between(one, other, far), far, atol=0.01))


def fits(napari_layer: Any, image: "Layer") -> bool:
    """Tell whether labels have the shape of an image, or points its dimensions."""
    if isinstance(napari_layer, Points) or isinstance(image, Points):
        return bool(napari_layer.ndim == image.ndim)
    return full_data(napari_layer).shape == full_data(image).shape


def knows_better(napari_layer: "Layer", image: "Layer") -> bool:
    """Tell whether labels or points have a pixel size, perhaps a typed one, and their image has none."""
    return fits(napari_layer, image) and is_calibrated(napari_layer) and not is_calibrated(image)


def put_on_image(made_for: "Iterable[Layer]", image: "Image", layers: "Iterable[Layer]") -> str:
    """Have labels and points lie on the pixels of their image.

    They take its place. Only where it has no pixel size and one of them has, it takes theirs.

    Parameters
    ----------
    made_for : iterable of Layer
        The labels and points; those of another shape stay where they are.
    image : Image
        Their image.
    layers : iterable of Layer
        The viewer's layers; those that belong to the image stay on it.

    Returns
    -------
    str
        What was done, in words; empty where they lay on it.
    """
    astray = [one for one in made_for if fits(one, image) and not lies_on(one, image)]
    teacher = next((one for one in astray if knows_better(one, image)), None)
    if teacher is not None:
        take_place(image, teacher, layers)
    for one in astray:
        if not lies_on(one, image):
            place_like(one, image)
    if teacher is not None:
        return f"{image.name} has the pixel size of {teacher.name} now: it had none of its own."
    return f"{_names(astray)} on the pixels of {image.name} now." if astray else ""


def take_place(image: "Image", source: "Layer", layers: "Iterable[Layer]") -> None:
    """Put an image where a layer with pixels like its own is, and note its pixel size as a typed one.

    Parameters
    ----------
    image : Image
        The image.
    source : Layer
        Labels of the same shape, or points of the same dimensions.
    layers : iterable of Layer
        The viewer's layers; those that belong to the image stay on it.
    """
    layers = list(layers)
    on_it = [
        one
        for one in layers
        if one is not image and one.ndim == image.ndim and moves_with(one, image, layers) and lies_on(one, image)
    ]
    size, known = size_in_layer(source), size_in_layer(image)
    if size is not None and (known is None or not agree(size, known)):
        set_pixel_size(image, size, layers)
    for one in (image, *on_it):
        place_like(one, source)


def place_like(napari_layer: "Layer", other: "Layer") -> None:
    """Give a layer the scale, units and position of another one."""
    for name, value in placement(other).items():
        setattr(napari_layer, name, value)


def _names(layers: "list[Layer]") -> str:
    names = ", ".join(one.name for one in layers)
    return f"{names} {'lies' if len(layers) == 1 else 'lie'}"
