"""Labels layers whose values number objects: what tells them from mask codes, and what they remember."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.annotation.objects import codes_of_objects
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.types import LabelArray
from napari_strata.widgets.layers.layer_data import full_data

if TYPE_CHECKING:
    from napari.layers import Layer

OBJECTS = "napari_strata_objects"
"""Key in the metadata of Labels layers whose values number objects, and are no mask codes."""
_CLASSES, _OUTSIDE = "classes", "outside"
"""Keys below it: the class table of the import, and the mask code of what lies between the objects."""
NUMBER, CLASS = "index", "class"
"""Features of the objects: their values, which napari knows by this name, and the names of their classes."""


def object_memory(table: ClassTable, outside: int) -> dict[str, Any]:
    """Return the metadata of a new layer of numbered objects.

    Parameters
    ----------
    table : ClassTable
        Classes of the import, in their order.
    outside : int
        Mask code of what lies between the objects: background or not labelled.
    """
    return {OBJECTS: {_CLASSES: table.model_dump()["classes"], _OUTSIDE: outside}}


def holds_objects(napari_layer: "Layer | None") -> bool:
    """Tell whether a layer was made to hold numbers of objects."""
    return napari_layer is not None and bool(napari_layer.metadata.get(OBJECTS))


def objects_as_codes(objects: "Layer") -> tuple[LabelArray, ClassTable]:
    """Return the mask codes that numbered objects have by their classes, and what the codes mean.

    Raises
    ------
    LabelsError
        If an object has no class.
    """
    features = objects.features
    if not {NUMBER, CLASS} <= set(features):
        raise LabelsError(
            f"{objects.name} does not say of which class its objects are.",
            remedy=f"Give the layer the features {NUMBER} and {CLASS}, or import the objects again as labels.",
        )
    names = {int(row[NUMBER]): str(row[CLASS]) for row in features.to_dict("records")}
    memory = objects.metadata[OBJECTS]
    table = _table(memory[_CLASSES], names.values())
    codes = codes_of_objects(
        np.asarray(full_data(objects)),
        {number: table.code(name) for number, name in names.items()},
        outside=memory[_OUTSIDE],
        name=objects.name,
    )
    return codes, table


def _table(stored: list[dict[str, str]], names: Iterable[str]) -> ClassTable:
    """Return the classes of the import, and those that the features named since."""
    known = [one["name"] for one in stored]
    fresh = tuple(dict.fromkeys(name for name in names if name not in known))
    added = ClassTable.from_names(fresh).model_dump()["classes"] if fresh else []
    return ClassTable.parse({_CLASSES: [*stored, *added]}, source="The classes of the objects")
