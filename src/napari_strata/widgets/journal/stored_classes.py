"""Classes of stored labels: their codes may mean other classes by now, where classes were exchanged or deleted."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.annotation.classes import restore_table
from napari_strata.config import ClassTable
from napari_strata.types import AnyArray, LabelArray
from napari_strata.widgets.journal.cards import StoredLayer
from napari_strata.widgets.layers.label_birth import recode_birth
from napari_strata.widgets.layers.label_layers import set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, members_of

if TYPE_CHECKING:
    from napari.layers import Labels, Layer, Points


def stored_table(stored: StoredLayer) -> ClassTable | None:
    """Return the class table that labels or points were stored with; None where they had none."""
    classes = stored.card.memory.get("classes")
    return None if classes is None else ClassTable.parse({"classes": classes}, source="The stored labels")


def recode(codes: AnyArray, lookup: LabelArray) -> AnyArray:
    """Return codes after a lookup; the same array where it changes none."""
    changes_any = bool((lookup != np.arange(len(lookup))).any())
    return lookup[codes].astype(codes.dtype, copy=False) if changes_any else codes


def take_group_classes(napari_layer: "Labels | Points", layers: "Iterable[Layer]") -> bool:
    """Give a layer that comes back the class table that its group has by now, which gets the classes it lacks.

    Parameters
    ----------
    napari_layer : Labels or Points
        The layer, before it is added.
    layers : iterable of Layer
        The viewer's layers.

    Returns
    -------
    bool
        Whether its codes became others.
    """
    from napari.layers import Labels

    layers = list(layers)
    mates = [one for one in members_of(napari_layer, layers) if one is not napari_layer]
    if not mates:
        return False
    table, lookup = restore_table(class_table_of(mates[0]), class_table_of(napari_layer))
    codes = recode(napari_layer.data, lookup)
    is_recoded = isinstance(napari_layer, Labels) and codes is not napari_layer.data
    if is_recoded:
        napari_layer.data = codes
        recode_birth(napari_layer, lookup)
    set_class_table(mates[0], table, [*layers, napari_layer])
    return is_recoded
