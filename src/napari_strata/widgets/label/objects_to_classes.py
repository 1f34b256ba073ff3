"""Numbered objects become labels by class: what the Label dock offers for layers that hold objects."""

from typing import TYPE_CHECKING

from napari_strata.errors import LabelsError
from napari_strata.widgets.label_files.imported_layers import add_codes
from napari_strata.widgets.layers.label_memory import image_of
from napari_strata.widgets.layers.numbered_objects import objects_as_codes

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer


def objects_to_classes(viewer: "Viewer", objects: "Labels") -> "Labels":
    """Add labels of mask codes from the classes of numbered objects, which stay as they are, hidden.

    Raises
    ------
    LabelsError
        If their image is closed, or an object has no class.
    """
    image = image_of(objects, viewer.layers)
    if image is None:
        raise LabelsError(
            f"The image of {objects.name} is closed.", remedy="Open it and import the objects again."
        )
    codes, table = objects_as_codes(objects)
    labels = add_codes(viewer, image, codes, table, crystal_layer=None)
    objects.visible = False
    return labels
