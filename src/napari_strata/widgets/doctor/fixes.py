"""The fixes of the doctor, done to napari layers: one undo step, or on a copy."""

import uuid
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.annotation.doctor.finding import Finding, Fix
from napari_strata.annotation.doctor.fixes import (
    table_with,
    table_without_last,
    transposed,
    unlabelled,
)
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.types import BACKGROUND
from napari_strata.widgets.doctor.examined import Examined
from napari_strata.widgets.doctor.place import layer_at
from napari_strata.widgets.layers.calibration import METADATA
from napari_strata.widgets.layers.label_birth import recode_birth
from napari_strata.widgets.layers.label_layers import set_class_table
from napari_strata.widgets.layers.label_memory import crystal_layer_of, join, label_memory
from napari_strata.widgets.layers.label_step import slices_of, write_step
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.placing import put_on_image

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer


def apply_fix(viewer: "Viewer", finding: Finding, examined: Examined) -> str:
    """Do what mends a finding.

    Parameters
    ----------
    viewer : Viewer
        Where the layers are.
    finding : Finding
        One with a fix.
    examined : Examined
        What was examined, unchanged since.

    Returns
    -------
    str
        What was done, in words.

    Raises
    ------
    LabelsError
        If it is no longer safe.
    """
    place = finding.place
    match finding.fix:
        case Fix.UNLABEL:
            return _unlabel(_labels_of(finding, examined), place.code)
        case Fix.ERASE_SLICE:
            return _erase(examined, place.frame or 0)
        case Fix.ADD_CLASSES:
            return _add_classes(viewer, examined)
        case Fix.REMOVE_CLASS:
            return _remove_class(viewer, examined)
        case Fix.PLACE_ON_IMAGE:
            return put_on_image([_labels_of(finding, examined)], examined.image, viewer.layers)
        case Fix.TRANSPOSE:
            labels = _labels_of(finding, examined)
            return _add_turned(viewer, labels, examined)
        case _:  # whole numbers, too: napari takes no other labels
            raise LabelsError("There is no safe fix for this.", remedy=finding.remedy)


def _labels_of(finding: Finding, examined: Examined) -> "Labels":
    labels: Labels = layer_at(finding.place, examined)
    return labels


def _unlabel(labels: "Labels", code: int | None) -> str:
    changed = write_step(labels, ((place, unlabelled(codes, code)) for place, codes in slices_of(labels)))
    return f"{changed:,} pixels of {labels.name} are not labelled any more. Ctrl+Z on that layer undoes it."


def _erase(examined: Examined, frame: int) -> str:
    for labels in examined.labels:
        place = (frame,) if labels.ndim == 3 else ()
        write_step(labels, [(place, unlabelled(full_data(labels)[place]))])
    names = " and ".join(labels.name for labels in examined.labels)
    return f"Slice {frame} of {names} is not labelled any more. Ctrl+Z on the layer undoes it."


def _add_classes(viewer: "Viewer", examined: Examined) -> str:
    """Add a class for each code without one, in all crystal layers, for these share the class table."""
    table = examined.table
    if table is None:
        raise LabelsError("The labels have no class table.", remedy="Convert numbered objects to classes.")
    codes = {int(code) for one in examined.labels for code in np.unique(full_data(one))}
    longer, lookup = table_with(table, codes)
    for one in examined.labels:
        recode_birth(one, lookup)
        write_step(one, ((place, lookup[own].astype(own.dtype)) for place, own in slices_of(one)))
    set_class_table(examined.labels[0], longer, viewer.layers)
    return f"Added {', '.join(longer.names[len(table.names) :])}. Rename them in the Label dock."


def _remove_class(viewer: "Viewer", examined: Examined) -> str:
    table = examined.table
    assert table is not None, "a class was found to be empty"
    if any(bool((full_data(labels) == BACKGROUND + len(table.classes)).any()) for labels in examined.labels):
        raise LabelsError(f"{table.names[-1]} is painted meanwhile.", remedy="Check again.")
    set_class_table(examined.labels[0], table_without_last(table), viewer.layers)
    return f"The class {table.names[-1]} is off the table; add it again in the Label dock if it is missed."


def _add_turned(viewer: "Viewer", labels: "Labels", examined: Examined) -> str:
    """Add a copy with y and x swapped in place of the labels, which stay, hidden."""
    from napari.layers import Labels

    image, table = examined.image, examined.table
    if table is None:
        raise LabelsError(
            f"{labels.name} has no class table.", remedy="Convert numbered objects to classes first."
        )
    data = transposed(full_data(labels))
    place = placement(image) if data.ndim == image.ndim else {}
    copy = Labels(data, name=f"{labels.name} swapped", opacity=labels.opacity, **place)
    copy.metadata = _memory_of_its_own(labels, image, table)
    mates = [one for one in examined.labels if one is not labels]
    if mates:
        join(copy, mates[0], layer=crystal_layer_of(labels))
        own = _memory_of_its_own(labels, image, table)[METADATA]
        labels.metadata = {**labels.metadata, METADATA: {**labels.metadata[METADATA], **own}}
    set_class_table(copy, table)
    viewer.add_layer(copy)
    labels.visible = False
    return f"Added {copy.name}; {labels.name} is hidden and as it was."


def _memory_of_its_own(labels: "Labels", image: "Image", table: ClassTable) -> dict[str, Any]:
    """Return the metadata of labels that belong to no group."""
    return label_memory(image, table, layer=crystal_layer_of(labels), group=uuid.uuid4().hex)
