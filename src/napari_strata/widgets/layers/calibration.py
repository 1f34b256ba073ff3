"""The pixel size of an image layer: what it is, who says so, and how another one is given to it."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import CalibrationError
from napari_strata.io.calibration import Calibration, CalibrationSource, agree, settle
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.results import ORIGIN
from napari_strata.widgets.layers.sensible_size import check_size
from napari_strata.widgets.layers.stated_size import is_oblong, size_in_file, size_in_layer
from napari_strata.widgets.parts.layer_choice import GREY_OF

if TYPE_CHECKING:
    from collections.abc import Hashable

    from napari.layers import Image, Layer

METADATA = "napari_strata"
"""Key of what this plugin keeps in a napari layer's metadata."""
IMAGE = "image"
"""Key in it: `unique_id` of the image layer that a layer was made for."""
MADE_WITH = "made_with_pixel_size"
"""Key in it: the pixel size of an image that was simulated [Å/px], which its layer states only beside lengths."""
_TYPED = "typed_pixel_size"


@dataclass(frozen=True, slots=True)
class _Sides:
    """The sides (y, x) of a pixel, and the unit of each."""

    scale: tuple[float, float]
    units: tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class _Typed:
    """A pixel size that was typed [Å/px], and what was known of the layer before."""

    value: float
    before: Calibration
    was_oblong: bool
    sides: _Sides


def calibration_of(napari_layer: "Image") -> Calibration:
    """Find the pixel size of an image layer.

    Parameters
    ----------
    napari_layer : Image
        A layer of at least two dimensions.

    Returns
    -------
    Calibration
        From the layer's scale and units where those are a length (Å, nm, µm, pm, ...), else from the header of
        the file that it was opened from; a typed one stays known as typed.
    """
    of_layer = size_in_layer(napari_layer)
    made_with: float | None = napari_layer.metadata.get(METADATA, {}).get(MADE_WITH)
    if of_layer is None and made_with is not None:
        return Calibration(made_with, CalibrationSource.LAYER)
    if of_layer is None:
        of_file = size_in_file(napari_layer.source.path)
        return Calibration(of_file, CalibrationSource.UNKNOWN if of_file is None else CalibrationSource.FILE)
    typed = _typed(napari_layer)
    is_typed = typed is not None and agree(typed.value, of_layer)
    return Calibration(of_layer, CalibrationSource.TYPED if is_typed else CalibrationSource.LAYER)


def doubt_about(napari_layer: "Image") -> str:
    """Say what is doubtful about the pixel size of an image layer; an empty text where nothing is."""
    if is_oblong(napari_layer):
        (y, x), unit = napari_layer.scale[-2:], napari_layer.units[-1]
        return f"Its pixels are not square: {y:g} by {x:g} {unit}. A size typed here is taken for both sides."
    typed = _typed(napari_layer)
    if typed is None or calibration_of(napari_layer).source is not CalibrationSource.TYPED:
        return ""
    if typed.was_oblong:
        return "Its pixels were not square; now they are taken as square."
    says = "the file says" if typed.before.source is CalibrationSource.FILE else "the layer said"
    _, warnings = settle(typed.value, typed.before.value, name=napari_layer.name, says=says)
    return " ".join(warnings)


def set_pixel_size(napari_layer: "Image", value: float, layers: "Iterable[Layer]" = ()) -> None:
    """Calibrate an image layer in y and x; a stack keeps the scale and unit of its leading axis.

    Parameters
    ----------
    napari_layer : Image
        The layer to calibrate.
    value : float
        Pixel size [Å/px].
    layers : iterable of Layer
        The viewer's layers; those that belong to the image stay on its grid, or come back to it.

    Raises
    ------
    CalibrationError
        If no pixel can be of that size, or napari refuses it; then all layers are as they were.
    """
    check_size(value, name=napari_layer.name)
    known, typed = calibration_of(napari_layer), _typed(napari_layer)
    if typed is None or known.source is not CalibrationSource.TYPED:
        typed = _Typed(value, known, is_oblong(napari_layer), _sides_of(napari_layer))
    sides = _Sides((value, value), ("angstrom", "angstrom"))
    _resize(napari_layer, sides, replace(typed, value=value), list(layers))


def forget_pixel_size(napari_layer: "Image", layers: "Iterable[Layer]" = ()) -> None:
    """Take back a pixel size that was typed: the layer says again what it said before.

    Parameters
    ----------
    napari_layer : Image
        The layer.
    layers : iterable of Layer
        The viewer's layers; those that belong to the image stay on its grid, or come back to it.

    Raises
    ------
    CalibrationError
        If its pixel size was not typed.
    """
    typed = _typed(napari_layer)
    if typed is None or calibration_of(napari_layer).source is not CalibrationSource.TYPED:
        raise CalibrationError(
            f"{napari_layer.name}: its pixel size was not typed, so it cannot be taken back.",
            remedy="Type another length of one pixel in Å.",
        )
    _resize(napari_layer, typed.sides, None, list(layers))


def moves_with(napari_layer: "Layer", image: "Image", layers: "list[Layer]") -> bool:
    """Tell whether a layer moves with an image: it is on the same grid, and was made for it or drawn on it.

    The image in colour moves with its grey copy: beside layers in pixels napari takes no units for its world.
    """
    if not np.allclose(napari_layer.scale[-2:], image.scale[-2:]) or napari_layer.units[-2:] != image.units[-2:]:
        return False
    if image.metadata.get(GREY_OF) == napari_layer.unique_id:
        return True
    owner = image_id_of(napari_layer)
    if owner in {one.unique_id for one in layers}:
        return bool(owner == image.unique_id)
    return _is_drawn_on(napari_layer, image)  # the owner was closed, and perhaps opened again


def image_id_of(napari_layer: "Layer") -> "Hashable | None":
    """Return the `unique_id` of the image that a layer was made for; None where nobody noted it."""
    key = napari_layer.metadata.get(ORIGIN, {}).get("key") or napari_layer.metadata.get(METADATA, {})
    found: Hashable | None = key.get(IMAGE)
    return found


def _typed(napari_layer: "Image") -> _Typed | None:
    typed: _Typed | None = napari_layer.metadata.get(METADATA, {}).get(_TYPED)
    return typed


def _is_drawn_on(napari_layer: "Layer", image: "Image") -> bool:
    """Tell whether labels cover exactly an image, or points or shapes lie around a place of it."""
    from napari.layers import Labels, Points, Shapes

    inner, outer = napari_layer.extent.world[:, -2:], image.extent.world[:, -2:]
    if isinstance(napari_layer, Labels):
        return bool(np.allclose(inner, outer))
    middle = inner.mean(axis=0)  # nan where nothing is drawn yet
    return isinstance(napari_layer, Points | Shapes) and bool(((outer[0] <= middle) & (middle <= outer[1])).all())


def _sides_of(napari_layer: "Layer") -> _Sides:
    y, x = map(float, napari_layer.scale[-2:])
    return _Sides((y, x), napari_layer.units[-2:])


def _resize(image: "Image", sides: _Sides, typed: _Typed | None, layers: "list[Layer]") -> None:
    """Give an image, and what lies on it, other sides of a pixel; all of them or none."""
    origin, ratio = image.translate[-2:].copy(), np.array(sides.scale) / image.scale[-2:]
    followers = [layer for layer in layers if layer is not image and moves_with(layer, image, layers)]
    astray = [layer for layer in layers if layer not in followers and _is_astray(layer, image)]
    try:
        with ExitStack() as undo:
            for layer in (image, *followers, *astray):
                undo.callback(_put_back, layer, _sides_of(layer), layer.translate.copy(), _typed(layer))
            for layer in followers:
                _place(layer, sides, origin + (layer.translate[-2:] - origin) * ratio)
            for layer in astray:
                _place(layer, sides, origin)
            _note(image, typed)
            _place(image, sides, origin)
            undo.pop_all()
    except Exception as error:
        raise CalibrationError(
            f"napari cannot show {image.name} with that pixel size beside the other layers; all are as they were.",
            remedy="Close layers whose pixels are much smaller or larger, or check the number.",
        ) from error


def _put_back(napari_layer: "Layer", sides: _Sides, translate: NDArray[np.float64], typed: _Typed | None) -> None:
    _note(napari_layer, typed)
    _place(napari_layer, sides, translate[-2:])


def _note(napari_layer: "Layer", typed: _Typed | None) -> None:
    """Remember that a pixel size was typed, or that none was."""
    ours = {key: value for key, value in napari_layer.metadata.get(METADATA, {}).items() if key != _TYPED}
    if typed is not None:
        ours[_TYPED] = typed
    if ours or METADATA in napari_layer.metadata:
        napari_layer.metadata[METADATA] = ours


def _is_astray(napari_layer: "Layer", image: "Image") -> bool:
    """Tell whether labels were made for an image, have its shape, and yet do not lie on it."""
    from napari.layers import Labels

    is_of_image = isinstance(napari_layer, Labels) and image_id_of(napari_layer) == image.unique_id
    return is_of_image and full_data(napari_layer).shape == full_data(image).shape


def _place(napari_layer: "Layer", sides: _Sides, origin: NDArray[np.float64]) -> None:
    napari_layer.units = (*napari_layer.units[:-2], *sides.units)
    napari_layer.scale = (*napari_layer.scale[:-2], *sides.scale)
    napari_layer.translate = (*napari_layer.translate[:-2], *origin)
