"""Points that are dragged, without a canvas."""

import numpy as np
from napari.layers import Points
from napari.layers.base import ActionType


def drag(points: Points, selected: set[int], start, end) -> None:
    """Do what napari's mouse does between press and release."""
    points.selected_data = selected
    points._set_drag_start(selected, start)
    told = {"value": points.data, "data_indices": tuple(selected), "vertex_indices": ((),)}
    points.events.data(action=ActionType.CHANGING, **told)
    with points.events.data.blocker():
        points._move(selected, (np.array(start) + end) / 2)
    points._move(selected, end)
    points._drag_start = None
