"""Atoms that are clicked beside their image: they are taken away again, and that is said."""

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.world import between
from napari_strata.widgets.parts.notify import show_refused

if TYPE_CHECKING:
    from napari.layers import Image, Points


def take_out(points: "Points", image: "Image | None", event: Any) -> bool:
    """Take away what was just added to a layer of atoms beside its image.

    Parameters
    ----------
    points : Points
        The atoms.
    image : Image or None
        Their image; where it is not open nothing is taken away.
    event : Event
        What napari tells of a change of the points.

    Returns
    -------
    bool
        Whether there were any.
    """
    action = str(getattr(event, "action", "")).rpartition(".")[2].lower()
    if action != "added" or image is None or not len(points.data):
        return False
    added = np.unique(np.asarray(event.data_indices, np.intp) % len(points.data))
    places = between(points, image, points.data[added])
    shape = np.array(full_data(image).shape)
    beside = added[((places < -0.5) | (places >= shape - 0.5)).any(axis=1)]
    if not len(beside):
        return False
    points.remove([int(index) for index in beside])
    show_refused(f"No atom was added there: it is outside of the image {image.name}. Click inside it.")
    return True
