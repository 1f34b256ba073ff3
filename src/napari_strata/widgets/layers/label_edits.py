"""Writing what a helper computed onto a Labels layer, as one step that undo takes back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.annotation.classes import FIRST_CLASS
from napari_strata.annotation.tools.edit import Edit
from napari_strata.errors import LabelsError, StrataError
from napari_strata.types import BACKGROUND, NOT_LABELLED
from napari_strata.widgets.layers.label_memory import class_table_of
from napari_strata.widgets.layers.label_step import sliced

if TYPE_CHECKING:
    from napari.layers import Labels


def write_edit(labels: "Labels", edit: Edit, *, first_frame: int) -> Mapping[int, int]:
    """Write an edit; pixels that were painted since it was computed stay as they are now.

    Parameters
    ----------
    labels : Labels
        (y, x) or (frame, y, x).
    edit : Edit
        Indices (frame, y, x).
    first_frame : int
        Slice of the layer that is frame 0 of the edit.

    Returns
    -------
    mapping of int to int
        How many pixels got each code.
    """
    frames, *rest = edit.indices
    indices = (frames + first_frame, *rest)[-labels.ndim :]
    valid = Edit(indices, edit.before, edit.after).still_valid(labels.data)
    if valid.after.size:
        with sliced(labels):
            labels.data_setitem(valid.indices, valid.after)
            # It tells of the paint before the pixels are written; this tells after.
            labels.refresh(highlight=False, extent=False)
    return valid.counts


def check_editable(labels: "Labels") -> None:
    """Check that helpers can write on a Labels layer.

    Raises
    ------
    LabelsError
        If it is a pyramid, has other dimensions, or is locked.
    """
    if labels.multiscale or labels.ndim not in (2, 3):
        raise LabelsError(
            f"{labels.name} is not a single (y, x) or (frame, y, x) array.",
            remedy="Make new labels in the Label dock.",
        )
    if not labels.editable:
        raise LabelsError(f"{labels.name} cannot be edited.", remedy="Choose labels that can, or duplicate them.")


def names_of(labels: "Labels") -> dict[int, str]:
    """Return the name of each code; of labels with too many codes only the two fixed ones."""
    fixed = {NOT_LABELLED: "not labelled", BACKGROUND: "background"}
    try:
        return fixed | dict(enumerate(class_table_of(labels).names, start=FIRST_CLASS))
    except StrataError:
        return fixed


def shown_frame(labels: "Labels", position: np.ndarray) -> int:
    """Return which slice of labels a position in their pixels lies in; 0 for a single image."""
    return int(np.clip(np.rint(position[0]), 0, labels.data.shape[0] - 1)) if labels.ndim == 3 else 0
