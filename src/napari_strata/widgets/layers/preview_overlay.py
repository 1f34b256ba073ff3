"""A preview on the image that nobody can take for paint."""

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray

from napari_strata.widgets.layers.calibration import IMAGE, METADATA
from napari_strata.widgets.layers.napari_layers import frame_placement
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

NAME = "Preview (not painted)"
COLOR = "#ffe600"
"""A yellow that neither the class table nor the layers' hues have."""
STRIPE = 3
"""Width of the stripes [px]; stripes, because paint is never striped."""


class PreviewOverlay:
    """Shows a region of one slice in stripes, until it is painted or dropped.

    Parameters
    ----------
    viewer : Viewer
        Where to show it.
    """

    def __init__(self, viewer: "Viewer") -> None:
        self._viewer = viewer
        self._shown: Labels | None = None
        self._on: tuple[Layer, int, tuple[int, ...]] | None = None

    @property
    def layer(self) -> Labels | None:
        """The napari layer, or None while nothing is shown."""
        return self._shown if self._shown in self._viewer.layers else None

    def show(self, on: "Layer", frame: int, region: NDArray[np.bool_]) -> None:
        """Show a region.

        Parameters
        ----------
        on : Layer
            Image or labels, (y, x) or (frame, y, x).
        frame : int
            Slice of it.
        region : ndarray of bool, shape (y, x)
            What would be painted.
        """
        pixels = striped(region)[(None,) * (on.ndim - 2)]
        where = (on, frame, region.shape)
        if self.layer is None or self._on != where:
            self.hide()
            self._add(on, frame, pixels)
            self._on = where
        else:
            self.layer.data[...] = pixels
            self.layer.refresh(thumbnail=False, highlight=False, extent=False)

    def hide(self) -> None:
        """Remove what is shown."""
        if self.layer is not None:
            self._viewer.layers.remove(self.layer)
        self._shown = self._on = None

    def _add(self, on: "Layer", frame: int, pixels: NDArray[np.uint8]) -> None:
        active = self._viewer.layers.selection.active
        colors = {None: "#00000000", 0: "#00000000", 1: f"{COLOR}60", 2: COLOR}
        self._shown = Labels(
            pixels,
            name=NAME,
            colormap=DirectLabelColormap(color_dict=colors),
            opacity=0.8,
            metadata={RESULT: True, METADATA: {IMAGE: on.unique_id}},
            **frame_placement(on, frame),
        )
        self._shown.editable = False
        self._viewer.add_layer(self._shown)
        self._viewer.layers.selection.active = active


def striped(region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return 1 and 2 in diagonal stripes where a region is, and 0 elsewhere."""
    y, x = np.ogrid[: 2 * STRIPE, : 2 * STRIPE]
    repeats = tuple(length // (2 * STRIPE) + 1 for length in region.shape)
    pattern = np.tile((1 + (y + x) // STRIPE % 2).astype(np.uint8), repeats)
    stripes: NDArray[np.uint8] = pattern[: region.shape[0], : region.shape[1]] * region
    return stripes
