"""Marks regions that are to be corrected; what is painted in the labels stays as it is."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_strata.annotation.classes import FIRST_CLASS
from napari_strata.errors import LabelsError
from napari_strata.explain.proposals.wrong_regions import WrongRegion
from napari_strata.explain.runs import to_runs
from napari_strata.types import NOT_LABELLED
from napari_strata.widgets.layers.drawn_pixels import DrawnPixels
from napari_strata.widgets.layers.label_memory import (
    crystal_layer_of,
    forget_undone,
    group_of,
    labels_of,
    note_map,
)
from napari_strata.widgets.layers.label_step import sliced
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.results import find_results
from napari_strata.widgets.live.corrected import Corrected
from napari_strata.widgets.live.training import live_training_of
from napari_strata.widgets.map_to_labels.compared import Compared

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.widgets.live.training import LiveTraining

MARKS = "to correct"
"""Role of the layer of marks."""
_COLOUR = "#ff5cf4"


def mark_to_correct(
    viewer: "Viewer", compared: Compared, region: WrongRegion, map_: dict[str, Any] | None
) -> tuple[str, Labels, DrawnPixels]:
    """Mark a region, note in the labels after which map, and take the brush on them.

    A training that learns from these labels checks the region after every validation from now on.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    compared : Compared
        What was compared.
    region : WrongRegion
        The region.
    map_ : dict or None
        What the map says of itself that showed why; None where nobody asked.

    Returns
    -------
    words : str
        What was done, and what to do now.
    marks : Labels
        The layer of marks.
    drawn : DrawnPixels
        The mark there, which undo takes away.

    Raises
    ------
    LabelsError
        If there are no labels of the image.
    """
    image = compared.origin.image
    live = live_training_of(viewer)
    trains = live.runs and live.image is image
    learned = live.painted if trains else []
    offered = [compared.labels] if compared.labels is not None else [*learned, *labels_of(image, viewer.layers)]
    labels = next((one for one in offered if one in viewer.layers and _can_take(one, compared.layer)), None)
    if labels is None:
        raise LabelsError(
            f"There are no labels of {image.name} to correct in.", remedy="Press 'New labels' in the Label dock."
        )
    number, marks, drawn = _mark(viewer, compared, region, labels)
    place = {"frame": compared.frame, "y_px": region.y, "x_px": region.x, "runs": to_runs(region.mask)}
    words = compared.names
    names = {"predicted": words[region.predicted], "labelled": words.get(region.right, "nothing")}
    note_map(labels, {"kind": "to correct", "number": number, **place, **names, "map": map_}, drawn)
    pinned = _pin(live, compared, region, learns=labels in learned) if trains else ""
    viewer.layers.selection.active = labels
    labels.visible = True
    if labels.selected_label == NOT_LABELLED:
        labels.selected_label = FIRST_CLASS
    labels.mode = "paint"
    after = "Your labels say what is right there, and stay." if region.right else f"Paint it in '{labels.name}'."
    return f"Region {number} is marked to be corrected. {after}{pinned}", marks, drawn


def _can_take(labels: Any, layer: int) -> bool:
    """Tell whether one can paint in labels, and they are of a crystal layer, or of none that is known."""
    is_of_layer = not group_of(labels) or crystal_layer_of(labels) == layer
    return isinstance(labels, Labels) and bool(labels.editable) and is_of_layer


def _mark(
    viewer: "Viewer", compared: Compared, region: WrongRegion, labels: Labels
) -> tuple[int, Labels, DrawnPixels]:
    """Draw a region into the layer of marks as one step for undo; return its number, the layer, and where."""
    origin = compared.origin
    found = find_results(viewer, MARKS, origin.image)
    marks = found[-1] if found else _new_marks(viewer, compared)
    rows, columns = np.nonzero(region.mask)
    indices = (np.full(len(rows), compared.frame), rows + region.y, columns + region.x)[-marks.ndim :]
    already = np.asarray(marks.data)[indices]
    if already.all() and len(np.unique(already)) == 1:
        raise LabelsError("This region is marked already.", remedy="Paint it right, or choose another one.")
    forget_undone(labels, marks)
    number = int(np.max(marks.data)) + 1
    with sliced(marks):
        marks.data_setitem(indices, np.full(len(rows), number, marks.data.dtype))
    marks.refresh()
    return number, marks, DrawnPixels(marks, indices, already)


def _new_marks(viewer: "Viewer", compared: Compared) -> Labels:
    image = compared.origin.image
    marks = Labels(
        np.zeros(full_data(image).shape, np.uint16),
        name=f"To correct - {image.name}",
        colormap=DirectLabelColormap(color_dict={None: _COLOUR, 0: "transparent"}),
        opacity=1.0,
        metadata=compared.origin.tag(MARKS),
        **placement(image),
    )
    marks.contour = 2
    active = viewer.layers.selection.active
    viewer.add_layer(marks)
    viewer.layers.selection.active = active
    return marks


def _pin(live: "LiveTraining", compared: Compared, region: WrongRegion, *, learns: bool) -> str:
    """Have a running training check the region, if it learns from the labels; it knows no others."""
    if not learns:
        return " The training does not learn from these labels, so it does not check the region."
    height, width = region.mask.shape
    live.pin(Corrected(compared.frame, region.y, region.x, height, width, None))
    return " The training checks it after every validation: see Corrections."
