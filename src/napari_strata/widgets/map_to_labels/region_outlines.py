"""Outlines of the regions in which a prediction is wrong or unsure, on the image."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_strata.explain.proposals.wrong_regions import WrongRegion
from napari_strata.widgets.layers.napari_layers import frame_placement
from napari_strata.widgets.layers.results import find_results
from napari_strata.widgets.map_to_labels.compared import Compared

if TYPE_CHECKING:
    from napari.viewer import Viewer

WRONG = "wrong regions"
"""Role of the layer."""
_ALL, _CHOSEN = "#ff9f1c", "#00e5ff"


def outline_regions(
    viewer: "Viewer", compared: Compared, regions: Sequence[WrongRegion], chosen: WrongRegion | None
) -> None:
    """Outline all regions on the image, the chosen one in another colour."""
    image = compared.origin.image
    shape = compared.predicted.shape
    codes = np.zeros((shape[0] + 2, shape[1] + 2), np.uint8)  # a margin: contours are not drawn at the border
    for one in regions:
        top, left, bottom, right = one.box
        codes[top + 1 : bottom + 1, left + 1 : right + 1][one.mask] = 2 if one is chosen else 1
    found = find_results(viewer, WRONG, image)
    data = codes[(None,) * (image.ndim - 2)]
    if found and found[-1].data.shape == data.shape and found[-1].metadata["frame"] == compared.frame:
        found[-1].data = data
        return
    for old in found:
        viewer.layers.remove(old)
    outlines = Labels(
        data,
        name=f"Wrong - {image.name}",
        colormap=DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", 1: _ALL, 2: _CHOSEN}),
        opacity=1.0,
        metadata=compared.origin.tag(WRONG) | {"frame": compared.frame},
        **frame_placement(image, compared.frame, corner=(-1, -1)),
    )
    outlines.contour = 1
    active = viewer.layers.selection.active
    viewer.add_layer(outlines)
    outlines.editable = False
    viewer.layers.selection.active = active
