"""From a click, or from what is drawn, to what shall be explained, in the image's own pixels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import TargetError
from napari_strata.types import BACKGROUND
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.numbered_objects import holds_objects
from napari_strata.widgets.layers.world import between

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer, Points, Shapes

    from napari_strata.explain.targets import Target

_ELLIPSE_POINTS = 64


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an image.

    Attributes
    ----------
    frame : int
        Frame of the stack, 0 for a single image.
    y, x : float
        Position [px].
    """

    frame: int
    y: float
    x: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """What shall be explained.

    Attributes
    ----------
    kind : str
        ``atom``, ``pixel``, ``region``, ``label`` or ``slice``.
    place : Place
        The atom, the pixel, or the centre of the region.
    layer : int
        Crystal layer whose decoder is asked.
    mask : ndarray of bool, shape (y, x), or None
        The region.
    """

    kind: str
    place: Place
    layer: int
    mask: NDArray[np.bool_] | None = None

    def as_target(self) -> "Target":
        """Return the target for the job."""
        from napari_strata.explain.targets import AtomTarget, PixelTarget, RegionTarget

        if self.mask is not None:
            kinds: dict[str, Literal["instance", "slice"]] = {"label": "instance", "slice": "slice"}
            return RegionTarget(self.mask, kinds.get(self.kind, "region"))
        if self.kind == "atom":
            return AtomTarget(self.place.y, self.place.x)
        return PixelTarget(round(self.place.y), round(self.place.x))


def place_in(image: "Image", position: NDArray[np.float64]) -> Place:
    """Return where in an image a click was.

    Parameters
    ----------
    image : Image
        (y, x) or (frame, y, x).
    position : ndarray, shape (dimensions,)
        The click in its pixels, the sliders included.

    Raises
    ------
    TargetError
        If the click was beside the image.
    """
    shape = full_data(image).shape
    if ((position < -0.5) | (position >= np.array(shape) - 0.5)).any():
        raise TargetError(f"The click was beside {image.name}.", remedy="Click on the image.")
    return Place(round(position[0]) if len(position) == 3 else 0, float(position[-2]), float(position[-1]))


def nearest_atom(points: "Points", place: Place, *, reach: float, layer: int | None) -> Chosen:
    """Return the atom nearest to a click.

    Parameters
    ----------
    points : Points
        Atoms in pixels of the image, with the feature layer.
    place : Place
        Where the click was.
    reach : float
        Largest distance [px].
    layer : int or None
        Crystal layer in which to look; None looks in all.

    Raises
    ------
    TargetError
        If there is no atom within reach.
    """
    data, layers = np.asarray(points.data), points.features["layer"].to_numpy()
    distance = np.hypot(data[:, -2] - place.y, data[:, -1] - place.x)
    if points.ndim == 3:
        distance = np.where(np.rint(data[:, 0]) == place.frame, distance, np.inf)
    if layer is not None:
        distance = np.where(layers == layer, distance, np.inf)
    if not len(distance) or distance.min() > reach:
        where = "" if layer is None else f" of layer {layer}"
        raise TargetError(
            f"There is no atom{where} close enough to the click.",
            remedy="Click on an atom, or raise the tolerance.",
        )
    index = int(distance.argmin())
    y, x = data[index, -2:]
    return Chosen("atom", Place(place.frame, float(y), float(x)), int(layers[index]))


def drawn_region(napari_layer: "Layer | None", image: "Image", frame: int, layer: int) -> Chosen:
    """Return the region that is selected in a Shapes or a Labels layer.

    Parameters
    ----------
    napari_layer : Layer or None
        Shapes: the selected shapes, or all of them. Labels: the selected label.
    image : Image
        The image to be explained.
    frame, layer : int
        Frame and crystal layer.

    Raises
    ------
    TargetError
        If there is no such region on this frame of the image.
    """
    from napari.layers import Labels, Shapes

    if isinstance(napari_layer, Shapes):
        mask = _of_shapes(napari_layer, image, frame)
    elif isinstance(napari_layer, Labels):
        mask = _of_label(napari_layer, image, frame)
    else:
        raise TargetError(
            "No region is selected.",
            remedy="In the list of layers, select the Shapes or Labels layer that holds the region.",
        )
    if not mask.any():
        raise TargetError(
            f"'{napari_layer.name}' has no region on this frame of {image.name}.",
            remedy="Draw or select one there.",
        )
    return _chosen("label" if isinstance(napari_layer, Labels) else "region", mask, frame, layer)


def clicked_label(labels: "Labels", image: "Image", place: Place, layer: int) -> Chosen:
    """Return the label under a click: a numbered object, or of mask codes the pixels that hang together there.

    Parameters
    ----------
    labels : Labels
        Labels with the shape of the image.
    image : Image
        The image to be explained.
    place : Place
        Where in it the click was.
    layer : int
        Crystal layer.

    Raises
    ------
    TargetError
        If there is no label, or the labels have another shape.
    """
    from skimage.measure import label

    codes = frame_of_labels(labels, image, place.frame)
    at = round(place.y), round(place.x)
    code = int(codes[at])
    if code == BACKGROUND and not holds_objects(labels):
        raise TargetError(
            f"'{labels.name}' has background there, which is no label of its own.",
            remedy="Click on an atom or another class, or choose other labels in the dock.",
        )
    if code == 0:
        raise TargetError(
            f"'{labels.name}' has no label there.", remedy="Click on a label, or choose other labels in the dock."
        )
    mask: NDArray[np.bool_] = codes == code
    if not holds_objects(labels):
        parts = label(mask)
        mask = parts == parts[at]
    return _chosen("label", mask, place.frame, layer)


def whole_slice(image: "Image", frame: int, layer: int) -> Chosen:
    """Return all pixels of a frame."""
    return _chosen("slice", np.ones(full_data(image).shape[-2:], bool), frame, layer)


def frame_of_labels(labels: "Labels", image: "Image", frame: int) -> NDArray[Any]:
    """Return the labels of one frame of an image, shape (y, x).

    Raises
    ------
    TargetError
        If they have another shape than the image.
    """
    data: Any = full_data(labels)
    shape = full_data(image).shape
    if data.shape != shape:
        raise TargetError(
            f"'{labels.name}' has the shape {data.shape}, {image.name} has {shape}.",
            remedy="Choose a Labels layer of the same shape as the image.",
        )
    return np.asarray(data if data.ndim == 2 else data[frame])


def _chosen(kind: str, mask: NDArray[np.bool_], frame: int, layer: int) -> Chosen:
    y, x = np.argwhere(mask).mean(axis=0)
    return Chosen(kind, Place(frame, float(y), float(x)), layer, mask)


def _of_label(labels: "Labels", image: "Image", frame: int) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = frame_of_labels(labels, image, frame) == labels.selected_label
    return mask


def _of_shapes(shapes: "Shapes", image: "Image", frame: int) -> NDArray[np.bool_]:
    from skimage.draw import polygon2mask

    shape = full_data(image).shape
    mask = np.zeros(shape[-2:], bool)
    for index in sorted(shapes.selected_data) or range(shapes.nshapes):
        corners = np.asarray(shapes.data[index], dtype=float)
        if shapes.shape_type[index] == "ellipse":
            corners = _ellipse(corners)
        in_image = between(shapes, image, corners)
        if len(corners) > 2 and (corners.shape[1] == 2 or round(in_image[0, 0]) == frame):
            mask |= polygon2mask(mask.shape, in_image[:, -2:])
    return mask


def _ellipse(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trace the ellipse in a parallelogram of four corners."""
    centre, a, b = corners.mean(axis=0), (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    angle = np.linspace(0, 2 * np.pi, _ELLIPSE_POINTS, endpoint=False)[:, None]
    outline: NDArray[np.float64] = centre + np.cos(angle) * a + np.sin(angle) * b
    return outline
