"""A copy of the labels to learn from, taken when Train is pressed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Points

from napari_strata.annotation.checks import check_labels, check_painted
from napari_strata.annotation.provenance import EMPTY, Provenance, provenance_of_codes, without
from napari_strata.config import ClassTable
from napari_strata.types import NOT_LABELLED, AnyArray, LabelArray
from napari_strata.widgets.layers.atom_points import draw_mask
from napari_strata.widgets.layers.label_birth import birth_of
from napari_strata.widgets.layers.layer_data import full_data


@dataclass(frozen=True, slots=True, eq=False)
class LearnedLabels:
    """Labels of the frames on which there are any.

    Attributes
    ----------
    codes : ndarray of uint8, shape (frame, layer, y, x)
        Mask codes.
    provenance : ndarray of uint8, same shape
        Where each label comes from.
    frames : tuple of int
        Which frames of the image these are.
    depth : int
        Frames of the image.
    without_model : bool
        Whether labels that a network drew, and nobody corrected, were left out.
    """

    codes: LabelArray
    provenance: LabelArray
    frames: tuple[int, ...]
    depth: int
    without_model: bool = False


def copy_learned(
    image: Image, layers: Sequence[Labels | Points], table: ClassTable, *, without_model: bool
) -> LearnedLabels:
    """Copy labels and atoms, one layer per crystal layer.

    Parameters
    ----------
    image : Image
        What is labelled.
    layers : sequence of Labels or Points
        The labels of crystal layers 0, 1, ...
    table : ClassTable
        Their classes.
    without_model : bool
        Leave out labels that a network drew and nobody corrected.

    Raises
    ------
    LabelsError
        If they do not fit the image, or too little is painted.
    """
    shape = full_data(image).shape
    codes, provenance = [], []
    for one in layers:
        checked = check_labels(_codes(one, image), shape, table, name=one.name)
        birth = birth_of(one) if isinstance(one, Labels) else EMPTY
        origin = provenance_of_codes(checked, birth)
        if without_model:
            checked = without(checked, origin, (Provenance.MODEL,))
            origin = np.where(checked == NOT_LABELLED, np.uint8(Provenance.NOT_LABELLED), origin)
        check_painted(checked, table=table, name=one.name)
        codes.append(checked.reshape(-1, *shape[-2:]))
        provenance.append(origin.reshape(-1, *shape[-2:]))
    depth = len(codes[0])
    frames = tuple(frame for frame in range(depth) if any(one[frame].any() for one in codes))
    labelled: Any = slice(None) if len(frames) == depth else list(frames)
    stacked, origins = (np.stack([one[labelled] for one in arrays], axis=1) for arrays in (codes, provenance))
    return LearnedLabels(stacked, origins, frames, depth, without_model)


def _codes(napari_layer: Labels | Points, image: Image) -> AnyArray:
    """Return the mask codes of labels, or those that atoms make."""
    if isinstance(napari_layer, Points):
        return draw_mask(napari_layer, image).reshape(full_data(image).shape)
    return full_data(napari_layer)
