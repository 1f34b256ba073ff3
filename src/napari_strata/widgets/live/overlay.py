"""The network's present opinion as layers on the image, changed in place while it trains."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels
from napari.utils.colormaps import Colormap, DirectLabelColormap
from napari.utils.transforms import Affine

from napari_strata.annotation.classes import FIRST_CLASS
from napari_strata.config import ClassTable
from napari_strata.types import BACKGROUND, FloatImage, ImageStack
from napari_strata.widgets.layers.calibration import IMAGE, METADATA
from napari_strata.widgets.layers.colours import HUES
from napari_strata.widgets.layers.layer_data import check_kind, full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.world import from_world
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.viewer import Viewer

LARGEST = 768
"""Longest side of the part of the image that is predicted live [px]."""
SHOWN = (64, 217)
"""Probabilities times 255 between which a colour fades in; an untrained network says 0.5 everywhere."""
OUTLINE = 2
"""Width of the outlines of a live mask [px]."""
_ROLE = "napari_strata_live"


@dataclass(frozen=True, slots=True)
class Window:
    """The part of an image layer that is predicted live.

    Attributes
    ----------
    image : Image
        The image layer.
    frame : int
        The slice that is shown; 0 for a single image.
    y, x : int
        First row and column.
    shape : tuple of int
        Rows and columns.
    """

    image: Image
    frame: int
    y: int
    x: int
    shape: tuple[int, int]

    def copy(self, pixel_size: float | None) -> ImageStack:
        """Copy the pixels, as a stack of one frame."""
        data = full_data(self.image)
        frame = data[self.frame] if self.image.ndim == 3 else data
        height, width = self.shape
        pixels = np.array(frame[self.y : self.y + height, self.x : self.x + width])
        return ImageStack(pixels[None], pixel_size, self.image.name)

    def placement(self) -> dict[str, Any]:
        """Return the arguments that put a layer of this window's shape where the window is."""
        place = placement(self.image)
        inner = Affine(scale=place["scale"], rotate=place["rotate"], shear=place["shear"])
        corner = np.array([self.frame, self.y, self.x][-self.image.ndim :])
        return place | {"translate": place["translate"] + inner.linear_matrix @ corner}


def window_of(image: Image, viewer: "Viewer") -> Window:
    """Return the slice that is shown, cut around the centre of the view where it is large.

    Raises
    ------
    ImageError
        If it is a colour image or has more than three dimensions.
    """
    check_kind(image)
    shape = full_data(image).shape
    point = list(viewer.dims.point)
    point[-2:] = viewer.scene.camera.center[-2:]
    position = np.round(from_world(image, viewer, point)).astype(int)
    size = [min(LARGEST, length) for length in shape[-2:]]
    start = [
        int(np.clip(centre - side // 2, 0, length - side))
        for centre, side, length in zip(position[-2:], size, shape[-2:], strict=True)
    ]
    frame = int(np.clip(position[0], 0, shape[0] - 1)) if image.ndim == 3 else 0
    return Window(image, frame, start[0], start[1], (size[0], size[1]))


def remove_live_layers(viewer: "Viewer") -> None:
    """Remove what an earlier training predicted live."""
    for old in [layer for layer in viewer.layers if layer.metadata.get(_ROLE)]:
        viewer.layers.remove(old)


class LiveOverlay:
    """Layers that show a running training's predictions on a part of the image.

    One Labels layer for a network of one layer; else one coloured Image layer per crystal layer, adding up.
    All are made here, before the first batch, so that no training waits for them.

    Parameters
    ----------
    viewer : Viewer
        Where to show them.
    window : Window
        What is predicted.
    layers : int
        Crystal layers.
    classes : ClassTable
        What the network's outputs mean.
    """

    def __init__(self, viewer: "Viewer", window: Window, *, layers: int, classes: ClassTable) -> None:
        self._viewer = viewer
        self._window = window
        self.layers = [self._labels(classes)] if layers == 1 else [self._image(k) for k in range(layers)]
        active = viewer.layers.selection.active
        for layer in self.layers:
            layer.editable = False
            viewer.add_layer(layer)
        viewer.layers.selection.active = active

    @property
    def is_seen(self) -> bool:
        """Whether any of the layers is there and not hidden."""
        return any(layer.visible for layer in self.layers if layer in self._viewer.layers)

    def update(self, probabilities: FloatImage, seen: tuple[slice, slice] | None = None) -> None:
        """Show other predictions, in place.

        Parameters
        ----------
        probabilities : ndarray of float32, shape (layer, class, y, x)
            As `napari_strata.events.PreviewReady` brings them.
        seen : (slice, slice), optional
            Rows and columns of the window that they are for; by default all.
        """
        for k, layer in enumerate(self.layers):
            if layer not in self._viewer.layers:
                continue
            place = (..., *(seen or (slice(None), slice(None))))
            if isinstance(layer, Labels):
                layer.data[place] = probabilities[k].argmax(axis=0) + BACKGROUND
            else:
                layer.data[place] = 255 * (1 - probabilities[k, 0])
            layer.refresh(thumbnail=False, highlight=False, extent=False)

    def move(self, window: Window) -> None:
        """Lie on another part of the image, or on another slice, empty until it is predicted."""
        if window == self._window or window.image not in self._viewer.layers:
            return
        self._window = window
        for layer in self.layers:
            layer.data[...] = 0
            layer.translate = window.placement()["translate"]

    def hide(self) -> None:
        """Hide the layers; the user can show them again."""
        for layer in self.layers:
            layer.visible = False

    def drop_if_orphaned(self) -> bool:
        """Remove the layers if their image is gone; return whether it is."""
        if self._window.image in self._viewer.layers:
            return False
        for layer in self.layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self.layers = []
        return True

    def _settings(self, what: str) -> dict[str, Any]:
        image = self._window.image
        metadata = {RESULT: True, _ROLE: True, METADATA: {IMAGE: image.unique_id}}
        return {"name": f"{what} - {image.name}", "metadata": metadata, **self._window.placement()}

    def _zeros(self) -> Any:
        return np.zeros(((1,) * (self._window.image.ndim - 2)) + self._window.shape, np.uint8)

    def _labels(self, classes: ClassTable) -> Labels:
        colors: dict[int | None, str] = {i: c.color for i, c in enumerate(classes.classes, start=FIRST_CLASS)}
        colormap = DirectLabelColormap(color_dict={None: "#00000000", 0: "#00000000", **colors})
        labels = Labels(self._zeros(), colormap=colormap, opacity=1, **self._settings("Live prediction"))
        labels.contour = OUTLINE  # filled, it would look like the strokes, which have the same colours
        return labels

    def _image(self, k: int) -> Image:
        return Image(
            self._zeros(),
            colormap=Colormap([f"{HUES[k]}00", HUES[k]], name=f"live {HUES[k]}"),
            contrast_limits=SHOWN,
            blending="translucent_no_depth",
            opacity=0.6,
            **self._settings(f"Layer {k} live prediction"),
        )
